"""Step find_spots: from images to strong spots."""

import shutil
from dataclasses import replace
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.reflections import summarise_spots
from beamloop.records.outcome import OutcomeCode
from beamloop.records.program import ProgramResult
from beamloop.records.run import SpotCounts
from beamloop.sweep.failures import explain
from beamloop.sweep.few_spots import WEAK_SPOT_OPTIONS
from beamloop.sweep.work import Finding, StepWork, stopped

# A lattice and a detector position have about nine free parameters (six of the cell, three of the
# orientation) against two observed coordinates a spot; with fewer spots than this any lattice fits.
FEWEST_SPOTS = 10
STRONG = "strong.refl"


def perform(work: StepWork) -> Finding:
    """Find spots; where they are too few, weaker ones too; still too few end the run."""
    finding = _find(work, work.staging, Path(), ())
    if finding.outcome is None or finding.outcome.code is not OutcomeCode.TOO_FEW_SPOTS:
        return finding
    folder = work.staging / "weak_spots"
    folder.mkdir()
    second = _find(work, folder, Path(".."), WEAK_SPOT_OPTIONS)
    programs_run = finding.programs + second.programs
    if second.outcome:
        return replace(finding, programs=programs_run)
    shutil.copyfile(folder / STRONG, work.staging / STRONG)
    return replace(second, text=f"{second.text}, weak ones too", programs=programs_run)


def _find(work: StepWork, folder: Path, up: Path, options: tuple[str, ...]) -> Finding:
    """Find spots in a folder, from which the step's own is `up`."""
    result = programs.find_spots(
        work.dials,
        folder,
        up / work.input_from("import", "imported.expt"),
        options=(*work.options, *options),
        limits=work.limits,
    )
    strong = folder / STRONG
    # With no spots at all dials.find_spots ends with 0 and writes nothing, or an empty table.
    if result.exit_code == 0 and not strong.exists():
        return _none(work, result)
    if not result.succeeded:
        return explain(work, (result,))
    images = work.run.images
    per_image = summarise_spots(strong, images.first, images.last)
    counts = SpotCounts(sum(per_image), tuple(per_image))
    if counts.spot_count == 0:
        return _none(work, result)
    text = f"{counts.spot_count} spots on {work.image_count} images"
    if counts.spot_count < FEWEST_SPOTS:
        sentence = f"Only {text}; a lattice needs at least {FEWEST_SPOTS}."
        return replace(stopped(work, OutcomeCode.TOO_FEW_SPOTS, sentence, (result,)), spots=counts)
    return Finding(text, programs=(result,), spots=counts)


def _none(work: StepWork, result: ProgramResult) -> Finding:
    images = work.run.images
    counts = SpotCounts(0, (0,) * (images.last - images.first + 1))
    sentence = f"No spots on {work.image_count} images."
    finding = stopped(work, OutcomeCode.NO_SPOTS, sentence, (result,))
    return replace(finding, spots=counts)
