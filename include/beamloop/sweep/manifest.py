"""The manifest of a run: from it the run can be repeated with plain DIALS commands."""

import json
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from beamloop.dials_cli.environment import FIXED
from beamloop.records.parameters import STEPS
from beamloop.records.run import Run, StepReport
from beamloop.steps.report_file import REPORT_NAME
from beamloop.sweep.work import REPORTS

MANIFEST_NAME = "manifest.json"
FORMAT = 1


def write_manifest(run: Run, run_directory: Path, staging: Path, last: StepReport) -> None:
    """Write manifest.json into the folder of the step with which the run ends.

    Parameters
    ----------
    run
        The run.
    run_directory
        Where the folders of the earlier steps are.
    staging
        The last step's folder.
    last
        The last step's report.
    """
    earlier = [run_directory / step for step in STEPS[: STEPS.index(last.step)]]
    reports = [REPORTS.read(place) for place in earlier if (place / REPORT_NAME).exists()]
    values = {
        "format": FORMAT,
        "run": run.run_id,
        "sweep": run.sweep_name,
        "images": _images(run),
        "parameters": run.parameters.as_json(),
        "versions": {"beamloop": _own_version(), "dials": run.dials_version},
        "geometry": _geometry(run),
        "environment": FIXED,
        "steps": [_step(report) for report in (*reports, last)],
    }
    (staging / MANIFEST_NAME).write_text(json.dumps(values, indent=1, sort_keys=True), "utf-8")


@cache
def _own_version() -> str:
    """Return Beamloop's version, which is looked for in the files of every installed package."""
    return version("beamloop")


def _geometry(run: Run) -> dict[str, Any] | None:
    use = run.geometry
    if use is None:
        return None
    return {
        "geometry": use.geometry_id,
        "models_key": use.models.key,
        "models_sha256": use.models.sha256,
        "header_distance_mm": use.header_distance_mm,
        "multi_panel": use.multi_panel,
        "takes_beam": use.takes_beam,
        "takes_goniometer": use.takes_goniometer,
    }


def _images(run: Run) -> dict[str, Any]:
    images = run.images
    return {
        "directory": str(images.directory),
        "template": images.template,
        "first": images.first,
        "last": images.last,
        "missing": list(images.missing),
        "data_files": list(images.data_files),
        "content_sha256": run.content_sha256,
    }


def _step(report: StepReport) -> dict[str, Any]:
    def iso(at: datetime) -> str:
        return at.isoformat(timespec="milliseconds")

    return {
        "step": report.step,
        "started_at": iso(report.started_at),
        "ended_at": iso(report.ended_at),
        "finding": report.finding,
        "commands": [
            {
                "argv": list(program.argv),
                "folder": program.log_path.parent.name.removeprefix(".staging-"),
                "exit_code": program.exit_code,
                "cpu_s": round(program.cpu_s, 3),
                "peak_memory_bytes": program.peak_memory_bytes,
            }
            for program in report.programs
        ],
    }
