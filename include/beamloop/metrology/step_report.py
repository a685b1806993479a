"""A step's report as a file beside its outputs: what a killed task's successor needs to go on."""

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from beamloop.errors import PermanentError
from beamloop.records.metrology import MetrologyStepReport

REPORT_NAME = "step.json"
_ADAPTER = TypeAdapter(MetrologyStepReport)


def write_step_report(directory: Path, report: MetrologyStepReport) -> None:
    """Write step.json into a step's folder."""
    (directory / REPORT_NAME).write_bytes(_ADAPTER.dump_json(report, indent=1))


def read_step_report(directory: Path) -> MetrologyStepReport:
    """Read step.json from a step's folder.

    Raises
    ------
    PermanentError
        When the file is not what was written.
    """
    path = directory / REPORT_NAME
    try:
        return _ADAPTER.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise PermanentError(
            f"The report of the step in {directory} cannot be read.",
            evidence=str(path),
            try_next="Remove this step's folder; the step is then done again.",
        ) from error
