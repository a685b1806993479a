"""What a step leaves, of whichever stage."""

from dataclasses import dataclass
from datetime import datetime

from beamloop.records.outcome import Outcome
from beamloop.records.program import ProgramResult


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkReport:
    """What programs did, how the work ended if it ended with them, and the files that are kept."""

    outcome: Outcome | None = None  # how a run has ended; of other work: why it failed
    programs: tuple[ProgramResult, ...] = ()
    artifact_names: tuple[str, ...] = ()  # ("indexed.expt", "dials.index.log")

    @property
    def cpu_s(self) -> float:
        """CPU time of all programs."""
        return sum(program.cpu_s for program in self.programs)

    @property
    def peak_memory_bytes(self) -> int:
        """The largest resident set of a program."""
        return max((program.peak_memory_bytes for program in self.programs), default=0)


@dataclass(frozen=True, slots=True)
class TimedReport(WorkReport):
    """The report of one step of several."""

    step: str  # "index"
    started_at: datetime  # UTC
    ended_at: datetime  # UTC
    finding: str  # "181 of 214 spots indexed, P 1"
