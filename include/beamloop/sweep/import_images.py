"""Step import: from image headers to imported.expt."""

from collections.abc import Sequence

from beamloop.dials_cli import programs
from beamloop.dials_cli.experiments import read_experiments
from beamloop.dials_cli.plain_images import plain_images
from beamloop.records.images import MasterImages, SweepImages
from beamloop.records.outcome import OutcomeCode
from beamloop.records.program import ProgramResult
from beamloop.sweep.block_words import describe_gap, ranges
from beamloop.sweep.detector_place import IMPORTED, for_headers, place_detector
from beamloop.sweep.failures import explain
from beamloop.sweep.import_master import LINKS, describe_lack, import_master, refuse_bad_master
from beamloop.sweep.verify_images import code_for, faults_of, words_for
from beamloop.sweep.work import Finding, StepWork, stopped


def perform(work: StepWork) -> Finding:
    """Check the image files and import them."""
    images = work.run.images
    finding = _refuse_bad_images(work, images)
    if finding is not None:
        return finding
    header = for_headers(work)
    results = tuple(_import(header, images))
    if not results[-1].succeeded:
        return explain(work, results)
    experiments = read_experiments(header.staging / IMPORTED).experiments
    imported = [(scan.first_image, scan.last_image) for e in experiments if (scan := e.scan)]
    if imported != images.blocks():
        words = f"DIALS imported images {ranges(imported)} where there are {ranges(images.blocks())}."
        return stopped(work, OutcomeCode.UNREADABLE_IMAGES, words, results)
    first = experiments[0]
    width_deg = first.scan.width_deg if first.scan else 0.0
    text = (
        f"{work.image_count} images of {width_deg:g} deg, "
        f"{first.detector.distance_mm:.1f} mm, {first.wavelength_angstrom:.4f} A"
    )
    if images.missing:
        text += f", {describe_gap(images)}"
    if isinstance(images, MasterImages):
        text += describe_lack(images)
    found = Finding(text, programs=results)
    return place_detector(work, header, found, lambda again: _import(again, images))


def _import(work: StepWork, images: SweepImages) -> Sequence[ProgramResult]:
    if isinstance(images, MasterImages):
        return import_master(work, images)
    # In the run's folder, not in the step's, which is about to be renamed.
    named = plain_images(images, work.run_directory / LINKS)
    reference = work.reference_from(work.staging)
    return [
        programs.import_images(
            work.dials,
            work.staging,
            named,
            reference_geometry=reference,
            options=work.options,
            limits=work.limits,
        )
    ]


def _refuse_bad_images(work: StepWork, images: SweepImages) -> Finding | None:
    if images.missing and work.run.parameters.refuse_gaps:
        words = f"This beamline keeps sweeps with gaps aside: {describe_gap(images)}."
        return stopped(work, OutcomeCode.MISSING_IMAGES, words)
    if isinstance(images, MasterImages):
        return refuse_bad_master(work, images)
    faults = faults_of(images.paths(), images.directory)
    if not faults:
        return None
    return stopped(work, code_for(faults), f"Of {work.image_count} images, {words_for(faults)}")
