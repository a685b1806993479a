"""What the step import does before DIALS where a sweep is a master file with data files."""

from pathlib import Path

from beamloop.dials_cli.hdf5_reading import unreadable_files
from beamloop.dials_cli.paths import is_plain_path
from beamloop.image_files.faults import STILL_WRITTEN
from beamloop.image_files.master import MasterContent, read_master
from beamloop.records.images import MasterImages
from beamloop.records.outcome import OutcomeCode
from beamloop.sweep.block_words import describe_gap
from beamloop.sweep.verify_images import by_fault, code_for, words_for
from beamloop.sweep.work import Finding, StepWork, stopped

LINK = "master.h5"


def refuse_bad_master(work: StepWork, images: MasterImages) -> Finding | None:
    """End the run where files are missing, faulty, or not to be read by DIALS; None where all is well.

    A gap is not processed in blocks: DIALS has one scan for a master file.
    """
    content = read_master(images.directory, images.master)
    faults = {name: fault for name, fault in content.faults.items() if _matters(fault, content)}
    if faults:
        words = f"Of {len(content.files)} files, {words_for(by_fault(faults))}"
        return stopped(work, code_for(faults.values()), words)
    absent = sorted(set(images.numbers) - set(content.numbers))
    if images.missing:
        return stopped(work, OutcomeCode.MISSING_IMAGES, f"{describe_gap(images)} in the data files.")
    if absent:
        words = f"Image {absent[0]} and {len(absent) - 1} more have gone from the data files."
        return stopped(work, OutcomeCode.MISSING_IMAGES, words)
    unreadable = unreadable_files(work.dials, work.staging, images.paths(), work.limits)
    if unreadable:
        named = "; ".join(f"{path.name!r}: {fault}" for path, fault in unreadable.items())
        words = f"DIALS's HDF5 cannot read {len(unreadable)} of {len(images.paths())} files. {named}."
        return stopped(work, OutcomeCode.UNREADABLE_IMAGES, words)
    return None


def _matters(fault: str, content: MasterContent) -> bool:
    """Tell what hinders from a file whose writer has died with it open, though all images are in it."""
    complete = content.frame_count is not None and len(content.numbers) >= content.frame_count
    return not (complete and fault == STILL_WRITTEN)


def plain_master(work: StepWork, images: MasterImages) -> Path:
    """Return the master, or a link to it where DIALS cannot parse its path.

    HDF5 looks for data files beside the link first and then where it leads. The link is in the run's folder,
    not in the step's: imported.expt holds its path, and the step's folder is about to be renamed.
    """
    if is_plain_path(images.master_path):
        return images.master_path
    link = work.run_directory / LINK
    link.unlink(missing_ok=True)
    link.symlink_to(images.master_path)
    return link
