"""One start of one DIALS program: what is asked for, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

# The whole ladder takes a narrow wedge 40 CPU s, and a busy machine three times as long; the rest is for
# larger sweeps. A night's plate of 73 hopeless wedges on four cores then takes an hour and a half at most.
INDEX_TIME_S = 300.0


class ProgramEnd(StrEnum):
    """Why a program is no longer running."""

    EXITED = "exited"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class ProgramLimits:
    """What one program may use before it is ended, and all that look for one lattice together."""

    time_s: float = 3600.0  # wall-clock time
    memory_bytes: int = 8 * 1024**3  # resident memory of the whole process group
    index_time_s: float = INDEX_TIME_S  # wall-clock time after which no further rung of the ladder begins


@dataclass(frozen=True, slots=True)
class ProgramRequest:
    """A program to start. `argv` goes to the kernel as it is; no shell sees it."""

    argv: tuple[str, ...]  # ("dials.find_spots", "imported.expt", "nproc=1")
    working_directory: Path
    log_name: str  # "find_spots.out": standard output and error, in the working directory
    expected_outputs: tuple[str, ...] = ()  # ("strong.refl",)
    environment: Mapping[str, str] = field(default_factory=dict)  # beside the allow-list
    limits: ProgramLimits = ProgramLimits()


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """What came of a request. Success is an exit code of 0 and all expected outputs, both."""

    argv: tuple[str, ...]
    end: ProgramEnd
    exit_code: int  # as the shell counts: 128 + signal number for a killed program
    wall_s: float
    cpu_s: float  # user and system, of the whole process tree
    peak_memory_bytes: int  # largest resident set
    started_at: datetime  # UTC
    log_path: Path
    missing_outputs: tuple[str, ...]

    @property
    def program(self) -> str:
        """How people call it: "dials.refine", or "refine_blocked" for a script under the DIALS Python."""
        script = next((word for word in self.argv[1:3] if word.endswith(".py")), None)
        return Path(script).stem if script else Path(self.argv[0]).name

    @property
    def succeeded(self) -> bool:
        """Whether the program ended by itself, with 0, and left every expected output."""
        return self.end is ProgramEnd.EXITED and self.exit_code == 0 and not self.missing_outputs
