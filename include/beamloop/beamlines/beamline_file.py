"""Read and check the YAML file of a beamline."""

from dataclasses import replace
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from beamloop.beamlines.geometry_rules import GeometryRules
from beamloop.beamlines.notifications import Notifications
from beamloop.beamlines.profiles import make_parameters
from beamloop.beamlines.samples import parse_sample
from beamloop.errors import InvalidInputError
from beamloop.records.identifiers import SAFE_NAME
from beamloop.records.images import IMAGE_PATTERNS, data_file_pattern_fault
from beamloop.records.isomorphism import LIMIT_PERCENT
from beamloop.records.parameters import Parameters
from beamloop.records.program import INDEX_TIME_S, ProgramLimits


def _checked_pattern(pattern: str) -> str:
    fault = data_file_pattern_fault(pattern)
    if fault:
        raise ValueError(fault)
    return pattern


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Part):
    """What one DIALS program may use."""

    program_time_s: float = Field(default=3600, gt=0)
    program_memory_gb: float = Field(default=8, gt=0)
    index_time_s: float = Field(default=INDEX_TIME_S, gt=0)


class SampleRule(_Part):
    """What is known of the samples whose folder's name fits a pattern."""

    match: str
    space_group: str | None = None
    unit_cell: str | None = None


class Beamline(_Part):
    """One beamline's file."""

    beamline: Annotated[str, StringConstraints(pattern=f"^{SAFE_NAME.pattern}$")]
    roots: list[Path] = Field(min_length=1)
    patterns: list[Annotated[str, StringConstraints(min_length=1), AfterValidator(_checked_pattern)]] = Field(
        default=list(IMAGE_PATTERNS), min_length=1
    )
    quiet_s: float = Field(default=60, ge=0)
    images_per_sweep: int | None = Field(default=None, ge=1)
    first_image_s: float | None = Field(default=None, gt=0)
    last_image_s: float | None = Field(default=3600, gt=0)
    gaps: Literal["process", "wait", "quarantine"] = "process"
    gap_wait_s: float = Field(default=600, gt=0)
    profile: str = "cells"
    settings: list[str] = []
    limits: Limits = Limits()
    samples: list[SampleRule] = []
    notifications: Notifications | None = None
    geometry: GeometryRules = GeometryRules()
    lcv_limit_percent: float = Field(default=LIMIT_PERCENT, gt=0, le=100)
    keep_runs_days: float | None = Field(default=14, ge=1)

    def parameters_for(self, collection_name: str) -> Parameters:
        """Return the parameter set for a collection, by the first sample rule that fits its name."""
        rule = next((rule for rule in self.samples if fnmatchcase(collection_name, rule.match)), None)
        parameters = make_parameters(
            self.profile,
            settings=self.settings,
            sample=parse_sample(rule.space_group, rule.unit_cell) if rule else parse_sample(None, None),
            limits=program_limits(self.limits),
        )
        return replace(parameters, refuse_gaps=self.gaps == "quarantine")


def program_limits(limits: Limits) -> ProgramLimits:
    """Turn a file's limits into those of a program: seconds, and bytes of 1024**3 a gigabyte."""
    memory_bytes = int(limits.program_memory_gb * 1024**3)
    return ProgramLimits(limits.program_time_s, memory_bytes, limits.index_time_s)


def read_beamline(path: Path) -> Beamline:
    """Read one beamline's file.

    Parameters
    ----------
    path
        A YAML file. Relative roots in it begin at its own folder.

    Returns
    -------
    Beamline
        With absolute roots.

    Raises
    ------
    InvalidInputError
        Names file, field and remedy.
    """
    try:
        state = path.stat()
        beamline = _checked(path, (state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _invalid(path, " ".join(str(error).split())) from error
    except ValidationError as error:
        raise _invalid(path, "; ".join(map(_field_fault, error.errors()))) from error
    except InvalidInputError as error:
        raise _invalid(path, f"{error.what} {error.try_next}") from error
    roots = [(path.resolve().parent / root).resolve() for root in beamline.roots]
    return beamline.model_copy(update={"roots": roots})


# Programs that read the files every second read each state of one once: reading a file takes 1 ms.
@lru_cache(maxsize=64)
def _checked(path: Path, _state: tuple[int, ...]) -> Beamline:
    """Read a file whose state is known, with roots as they are written."""
    beamline = Beamline.model_validate(yaml.safe_load(path.read_text("utf-8")))
    for rule in beamline.samples:
        parse_sample(rule.space_group, rule.unit_cell)
    beamline.parameters_for("")
    return beamline


def _field_fault(fault: ErrorDetails) -> str:
    """Name a field and what it must be."""
    field = ".".join(map(str, fault["loc"])) or "the file"
    if fault["type"] == "extra_forbidden":
        known = f"; there are {', '.join(Beamline.model_fields)}" if len(fault["loc"]) == 1 else ""
        return f"{field}: there is no such field{known}"
    return f"{field}: {fault['msg'].removeprefix('Value error, ')}"


def _invalid(path: Path, fault: str) -> InvalidInputError:
    return InvalidInputError(
        f"The beamline file {path.name} cannot be used: {fault}",
        evidence=str(path),
        try_next="Correct the file; docs/operations.md describes each field.",
    )


def read_beamlines(directory: Path) -> tuple[list[Beamline], list[InvalidInputError]]:
    """Read every beamline's file of a folder; a bad one never stops the others.

    Returns
    -------
    tuple
        The good ones in order of file name, and the faults of the others.
    """
    good: list[Beamline] = []
    faults: list[InvalidInputError] = []
    for path in sorted(directory.glob("*.yaml")):
        try:
            good.append(read_beamline(path))
        except InvalidInputError as error:
            faults.append(error)
    return good, faults
