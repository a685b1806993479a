"""A step's report as a file beside its outputs: what a killed task's successor needs to go on."""

from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from beamloop.errors import PermanentError
from beamloop.records.step import WorkReport

REPORT_NAME = "step.json"
Report = TypeVar("Report", bound=WorkReport)


class ReportFile(Generic[Report]):
    """The reports of one stage.

    Parameters
    ----------
    kind
        The class of its reports.
    """

    def __init__(self, kind: type[Report]) -> None:
        self._adapter = TypeAdapter(kind)

    def write_last(self, folder: Path, report: Report) -> None:
        """Write step.json after all other files of a step's folder: it names them, and itself."""
        names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        whole = replace(report, artifact_names=tuple(sorted(names | {REPORT_NAME})))
        (folder / REPORT_NAME).write_bytes(self._adapter.dump_json(whole, indent=1))

    def read(self, folder: Path) -> Report:
        """Read step.json from a step's folder.

        Raises
        ------
        PermanentError
            When the file is not what was written.
        """
        path = folder / REPORT_NAME
        try:
            return self._adapter.validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise PermanentError(
                f"The report of the step in {folder} cannot be read.",
                evidence=str(path),
                try_next="Remove this folder, then clear the step's task in Airflow: it is done again.",
            ) from error
