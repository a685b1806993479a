"""Turn the master files of a folder into sweeps."""

from pathlib import Path

from beamloop.image_files.master import read_master
from beamloop.records.collection import FoundSweep
from beamloop.records.images import MasterImages, content_sha256
from beamloop.records.watched import SeenSweep


def find_master(directory: Path, master: str, before: SeenSweep | None) -> FoundSweep:
    """Read a master file, unless it and its files are as they were.

    Parameters
    ----------
    directory
        The folder.
    master
        The file's name.
    before
        What the last look saw of it; None for one seen the first time.

    Raises
    ------
    OSError
        When the master has gone in between.
    """
    if before and isinstance(before.images, MasterImages):
        images = before.images
        if images.content_sha256() == before.content_sha256:
            return FoundSweep(images, before.content_sha256, before.expected_count)
    content = read_master(directory, master)
    last = max(content.numbers, default=1)
    missing = tuple(sorted(set(range(1, last + 1)) - set(content.numbers)))
    data_files = tuple(name for name in content.files if name != master)
    images = MasterImages(directory, master, data_files, last, missing)
    return FoundSweep(images, content_sha256(content.files.items()), content.frame_count)
