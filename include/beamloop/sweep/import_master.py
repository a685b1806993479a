"""Step import where a sweep is a master file with data files."""

from collections.abc import Sequence
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.hdf5_reading import unreadable_files
from beamloop.dials_cli.join_imported import join_imported
from beamloop.dials_cli.paths import is_plain_path
from beamloop.image_files.faults import STILL_WRITTEN
from beamloop.image_files.master import MasterContent, read_master
from beamloop.records.images import MasterImages
from beamloop.records.outcome import OutcomeCode
from beamloop.records.program import ProgramResult
from beamloop.sweep.block_words import describe_gap
from beamloop.sweep.verify_images import NAMED_AT_MOST, by_fault, code_for, words_for
from beamloop.sweep.work import Finding, StepWork, stopped

LINKS = "images"
LINK = "master.h5"
IMPORTED = "imported.expt"


def refuse_bad_master(work: StepWork, images: MasterImages) -> Finding | None:
    """End the run where files are faulty, no image is there, or DIALS cannot read them; else return None."""
    content = read_master(images.directory, images.master)
    faults = {name: fault for name, fault in content.faults.items() if _matters(fault, content)}
    if faults:
        words = f"Of {len(content.files)} files, {words_for(by_fault(faults))}"
        return stopped(work, code_for(faults.values()), words)
    gone = set(images.numbers) - set(content.numbers)
    if gone or not images.numbers:
        count = f"{len(gone)} of {len(images.numbers)} images have gone" if gone else "No image is there"
        return stopped(work, OutcomeCode.MISSING_IMAGES, f"{count}{_absent_words(content)}.")
    if images.missing and not content.in_one_data_set:
        words = f"{describe_gap(images)}{_absent_words(content)}. DIALS would count on over the gap"
        return stopped(work, OutcomeCode.MISSING_IMAGES, f"{words}: the angles behind it would be wrong.")
    there = [images.directory / name for name, status in content.files.items() if status]
    unreadable = unreadable_files(work.dials, work.staging, there, work.limits)
    if unreadable:
        named = "; ".join(f"{path.name!r}: {fault}" for path, fault in unreadable.items())
        words = f"DIALS's HDF5 cannot read {len(unreadable)} of {len(there)} files. {named}."
        return stopped(work, OutcomeCode.UNREADABLE_IMAGES, words)
    return None


def _matters(fault: str, content: MasterContent) -> bool:
    """Tell what hinders from a file whose writer has died with it open, though all images are in it."""
    return not (fault == STILL_WRITTEN and _is_complete(content))


def _is_complete(content: MasterContent) -> bool:
    return content.frame_count is not None and len(content.numbers) >= content.frame_count


def _absent_words(content: MasterContent) -> str:
    absent = content.absent_data_files
    named = ", ".join(map(repr, absent[:NAMED_AT_MOST])) + (", ..." if len(absent) > NAMED_AT_MOST else "")
    return f"; not there: {named}" if absent else ""


def describe_lack(images: MasterImages) -> str:
    """Say which data files are not there and how many images the master announces; "" where all are there."""
    content = read_master(images.directory, images.master)
    if content.frame_count is None or _is_complete(content):
        return ""
    return f"; the master announces {content.frame_count}{_absent_words(content)}"


def import_master(work: StepWork, images: MasterImages) -> Sequence[ProgramResult]:
    """Import the images that are there, each block by itself where some are missing.

    What is not there must not come to DIALS: through a virtual data set it is an image without a count.
    """
    blocks = images.blocks()
    if len(blocks) == 1:
        return [_import(work, images, work.staging, blocks[0])]
    results, parts = [], []
    for number, block in enumerate(blocks, start=1):
        folder = work.staging / f"block-{number}"
        folder.mkdir()
        parts.append(folder / IMPORTED)
        results.append(_import(work, images, folder, block))
        if not results[-1].succeeded:
            return results
    join_imported(parts, work.staging / IMPORTED)
    return results


def _import(work: StepWork, images: MasterImages, folder: Path, block: tuple[int, int]) -> ProgramResult:
    return programs.import_images(
        work.dials,
        folder,
        [_plain_master(work, images)],
        image_range=block,
        reference_geometry=work.reference_from(folder),
        options=work.options,
        limits=work.limits,
    )


def _plain_master(work: StepWork, images: MasterImages) -> Path:
    """Return the master, or a link to it where DIALS cannot parse its path.

    HDF5 looks for data files beside the link first and then where it leads. The link is in the run's folder,
    not in the step's: imported.expt holds its path, and the step's folder is about to be renamed.
    """
    if is_plain_path(images.master_path):
        return images.master_path
    link = work.run_directory / LINKS / LINK
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(images.master_path)
    return link
