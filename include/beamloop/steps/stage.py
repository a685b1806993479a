"""What is a stage's own when a step is done exactly once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from beamloop.catalog.connection import Connection
from beamloop.records.artifact import StoredObject
from beamloop.records.outcome import Outcome
from beamloop.steps.report_file import Report, ReportFile

Number = TypeVar("Number")  # RunId, JointId, ...


@dataclass(frozen=True, slots=True)
class StepOrder(Generic[Number]):
    """The steps of a stage, one after the other, and where the catalogue has the files of each."""

    names: tuple[str, ...]  # ("refine", "integrate", "report")
    artifacts_of: Callable[[Connection, Number, str], Mapping[str, StoredObject]]
    whose: str  # "this group": whose task a person clears in Airflow

    def before(self, step: str) -> tuple[str, ...]:
        """Return the steps that are done before this one."""
        return self.names[: self.names.index(step)]


@dataclass(frozen=True, slots=True)
class Stage(Generic[Number, Report]):
    """What one stage does in its own way; each function of the catalogue is called inside a transaction."""

    kind: str  # "Joint refinement": with a number it names a piece of work
    reports: ReportFile[Report]
    # Everything that a step found, and where the files named in its report are in the store; a second record
    # changes nothing.
    record: Callable[[Connection, Number, Report, Sequence[StoredObject]], object]
    note_trouble: Callable[[Connection, Number, str], None]  # the words of an error that may pass
    fail: Callable[[Connection, Number, Outcome], None]  # the work has ended, this is why
    order: StepOrder[Number] | None = None  # None: there is one step
    lock: str = ""  # "joint": one lock for all steps, where they share fetched inputs; "": each step its own


@dataclass(frozen=True, slots=True)
class Step(Generic[Number]):
    """One step of one piece of work."""

    number: Number  # JointId(3)
    place: str  # "i24/plate3-1f0c9a/joint/joint-3": below the run root, and in the store
    name: str  # "refine"
