"""What the catalogue is told of an adopted sweep: the facts that a run of our own would have left."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from beamloop.adopt.foreign_sweeps import ForeignStep, ForeignSweep
from beamloop.dials_cli.crystal_facts import crystal_facts
from beamloop.dials_cli.reflections import summarise_integration, summarise_spots
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.run import IntegrationFact, SpotCounts, StepReport

PAST_FORMS = {"index": "indexed", "refine": "refined", "integrate": "integrated"}
ORIGIN_NAME = "adopted.json"


def report_steps(
    sweep: ForeignSweep, directory: Path, adopted_by: str, scratch: Path
) -> list[tuple[StepReport, tuple[Path, ...]]]:
    """Return a report for each step, with the files that are its artifacts, in the order of the names.

    There is always a step refine: joint refinement and metrology begin from its files. Where no refined pair
    was adopted the next best one stands in, without its pixels.

    Parameters
    ----------
    sweep
        What was read.
    directory
        The folder that is adopted.
    adopted_by
        The person who adopts it.
    scratch
        Where files may be written.

    Raises
    ------
    InvalidInputError
        When a file that DIALS wrote cannot be read, or has no observed centroids.
    """
    reports = [_report(step) for step in sweep.steps]
    if all(report.step != "refine" for report, _ in reports):
        reports.insert(int(sweep.steps[0].step == "index"), _stand_in(sweep))
    first, files = reports[0]
    reports[0] = (replace(first, spots=_spots(sweep)), files)
    last, files = reports[-1]
    ending = replace(
        last,
        outcome=Outcome(OutcomeCode.PROCESSED, _sentence(sweep, last, directory), last.step),
        artifact_names=(*last.artifact_names, ORIGIN_NAME),
    )
    origin = _write_origin(sweep, directory, adopted_by, scratch)
    return [*reports[:-1], (ending, (*files, origin))]


def _report(step: ForeignStep) -> tuple[StepReport, tuple[Path, ...]]:
    kept = step.part.experiments, step.part.reflections
    finding = f"adopted from {step.read.pair.name}"
    if step.part.lookups:
        finding += f"; left out, because DIALS would unpickle it: {', '.join(step.part.lookups)}"
    if step.part.stranger_count:
        finding += f"; left out: {step.part.stranger_count} reflections of lattices that are not in the list"
    return _with_facts(step, step.step, kept, finding)


def _stand_in(sweep: ForeignSweep) -> tuple[StepReport, tuple[Path, ...]]:
    step = sweep.steps[-1]
    kept = step.part.experiments, step.part.centroids
    finding = f"no refined files were adopted: those of the step {step.step} stand in"
    return _with_facts(step, "refine", kept, finding)


def _with_facts(
    step: ForeignStep, name: str, kept: tuple[Path, Path], finding: str
) -> tuple[StepReport, tuple[Path, ...]]:
    now = datetime.now(UTC)
    stem = PAST_FORMS[name]
    report = StepReport(
        step=name,
        started_at=now,
        ended_at=now,
        finding=finding,
        crystals=crystal_facts(*kept),
        integration=_integration(kept[1]) if name == "integrate" else None,
        artifact_names=(f"{stem}.expt", f"{stem}.refl"),
    )
    return report, kept


def _integration(reflections: Path) -> IntegrationFact:
    found = summarise_integration(reflections)
    return IntegrationFact(
        summed_count=found.summed_count,
        profile_fitted_count=found.profile_fitted_count,
        mean_i_over_sigma=found.mean_i_over_sigma,
        d_min_angstrom=found.d_min_angstrom,
        for_merging=found.profile_fitted_count > 0,
    )


def is_for_merging(sweep: ForeignSweep) -> bool:
    """Tell whether a sweep has profile-fitted intensities; sums alone may be fast ones, for the cell."""
    last = sweep.steps[-1]
    if last.step != "integrate":
        return False
    return summarise_integration(last.part.reflections).profile_fitted_count > 0


def _spots(sweep: ForeignSweep) -> SpotCounts | None:
    """Count the spots by image; integrated reflections were mostly predicted, and say nothing of spots."""
    first = sweep.steps[0]
    if first.step == "integrate":
        return None
    counts = summarise_spots(first.part.centroids, sweep.blocks[0][0], sweep.blocks[-1][1])
    return SpotCounts(sum(counts), counts)


def _sentence(sweep: ForeignSweep, last: StepReport, directory: Path) -> str:
    count = len(last.crystals)
    crystals = "1 crystal" if count == 1 else f"{count} crystals"
    use = ""
    if last.step != "integrate":
        use = " No intensities: good for cells and geometry, not for merging."
    elif not is_for_merging(sweep):
        use = " No profile-fitted intensities: not for merging."
    return f"Adopted from {ascii(str(directory))[1:-1]}: {crystals} that DIALS found elsewhere.{use}"


def _write_origin(sweep: ForeignSweep, directory: Path, adopted_by: str, scratch: Path) -> Path:
    """Write down beside the artifacts where they come from."""
    values = {
        "format": 1,
        "directory": str(directory),
        "adopted_by": adopted_by,
        "template": sweep.template,
        "blocks": sweep.blocks,
        "files": [
            {"step": step.step, "path": str(c.source.path), "sha256": c.source.sha256,
             "size_bytes": c.source.size_bytes}
            for step in sweep.steps for c in step.copies
        ],
    }  # fmt: skip
    path = scratch / f"{sweep.content_sha256()[:16]}-{ORIGIN_NAME}"
    path.write_text(json.dumps(values, indent=1, sort_keys=True), "utf-8", "surrogateescape")
    return path
