"""Step import: from image headers to imported.expt."""

from collections.abc import Sequence
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.experiments import read_experiments
from beamloop.dials_cli.paths import is_plain_path
from beamloop.image_files.faults import NOT_THERE
from beamloop.records.outcome import OutcomeCode
from beamloop.sweep.failures import explain
from beamloop.sweep.verify_images import faults_of, words_for
from beamloop.sweep.work import Finding, StepWork, stopped

LINKS = "images"


def perform(work: StepWork) -> Finding:
    """Check the image files and import them."""
    finding = _refuse_bad_images(work)
    if finding is not None:
        return finding
    template = _plain_template(work)
    result = programs.import_images(
        work.dials, work.staging, template, options=work.options, limits=work.limits
    )
    if not result.succeeded:
        return explain(work, (result,))
    experiments = read_experiments(work.staging / "imported.expt").experiments
    first = experiments[0]
    if first.scan is None or first.scan.image_count != work.image_count:
        imported = first.scan.image_count if first.scan else 0
        words = f"DIALS imported {imported} of {work.image_count} images as one sweep."
        return stopped(work, OutcomeCode.UNREADABLE_IMAGES, words, (result,))
    return Finding(
        f"{work.image_count} images of {first.scan.width_deg:g} deg, "
        f"{first.detector.distance_mm:.1f} mm, {first.wavelength_angstrom:.4f} A",
        programs=(result,),
    )


def _refuse_bad_images(work: StepWork) -> Finding | None:
    images = work.run.images
    if images.missing:
        numbers = ", ".join(map(str, images.missing[:10]))
        return stopped(
            work,
            OutcomeCode.MISSING_IMAGES,
            f"Of images {images.first} to {images.last}, {len(images.missing)} are missing: {numbers}.",
        )
    faults = faults_of(images.paths(), images.directory)
    if not faults:
        return None
    gone = set(faults) == {NOT_THERE}
    code = OutcomeCode.MISSING_IMAGES if gone else OutcomeCode.UNREADABLE_IMAGES
    return stopped(work, code, f"Of {work.image_count} images, {words_for(faults)}")


def _plain_template(work: StepWork) -> Path:
    """Return a template that DIALS can parse: the images' own, or one of links with plain names.

    The links stand in the run's folder, not in the step's: imported.expt holds their paths, and the
    step's folder is about to be renamed.
    """
    images = work.run.images
    own = images.directory / images.template
    if is_plain_path(images.directory / images.path(images.first).name):
        return own
    links = work.run_directory / LINKS
    _make_links(links, images.paths(), [f"image_{number:06d}{images.suffix}" for number in images.numbers])
    return links / f"image_######{images.suffix}"


def _make_links(folder: Path, targets: Sequence[Path], names: Sequence[str]) -> None:
    folder.mkdir(exist_ok=True)
    for target, name in zip(targets, names, strict=True):
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(target)
