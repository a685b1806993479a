"""What killed writers leave in a local store: hidden files that belong to no object."""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from beamloop.errors import ArtifactMissingError
from beamloop.records.identifiers import SAFE_NAME
from beamloop.records.leftover import Leftover
from beamloop.storage.local_tree import opened_folder

# Names of `beamloop.storage.files.temporary_file` and of the probe: random, so nobody writes them again.
TEMPORARY = re.compile(r"\.beamloop-[0-9a-f]{16}\.(part|link)")
# Data of an object: ".SHA256.NAME", in stores from before ".NAME.SHA256". They belong to it when the link
# NAME leads to them.
DATA = re.compile(
    rf"\.[0-9a-f]{{64}}\.(?P<name>{SAFE_NAME.pattern})|\.(?P<old>{SAFE_NAME.pattern})\.[0-9a-f]{{64}}"
)


def local_leftovers(root: Path, before: datetime, *, remove: bool) -> Iterator[Leftover]:
    """Find, and remove, what killed writers left.

    Links are neither followed nor, unless they are a probe's, touched. Data without a link are taken only
    from a folder in which nothing has happened since `before`: a writer that is just about to make the link
    has changed its folder a moment ago.

    Parameters
    ----------
    root
        The store's directory.
    before
        What has changed at this time or later may be of a writer at work.
    remove
        False only finds.

    Raises
    ------
    OSError
        When the file system refuses.
    StoreUnavailableError
        When the root is not there.
    """
    yield from _in_folder(root, (), before.timestamp(), remove=remove)


def _in_folder(root: Path, folders: Sequence[str], before_s: float, *, remove: bool) -> Iterator[Leftover]:
    subfolders: list[str] = []
    # Somebody may have removed the folder since it was met.
    with suppress(ArtifactMissingError), opened_folder(root, folders, "", create=False) as folder:
        quiet = _changed_s(os.fstat(folder)) < before_s
        for name in sorted(os.listdir(folder)):
            with suppress(FileNotFoundError):
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode) and SAFE_NAME.fullmatch(name):
                    subfolders.append(name)
                elif _changed_s(status) < before_s and _is_leftover(folder, name, status, quiet=quiet):
                    if remove:
                        os.unlink(name, dir_fd=folder)
                    since = datetime.fromtimestamp(_changed_s(status), UTC)
                    yield Leftover("/".join((*folders, name)), status.st_size, since)
    for name in subfolders:
        yield from _in_folder(root, (*folders, name), before_s, remove=remove)


def _changed_s(status: os.stat_result) -> float:
    # The later of both: a copied file keeps the time of its content, but not that of its arrival.
    return max(status.st_mtime, status.st_ctime)


def _is_leftover(folder: int, name: str, status: os.stat_result, *, quiet: bool) -> bool:
    if temporary := TEMPORARY.fullmatch(name):
        is_kind = stat.S_ISLNK if temporary[1] == "link" else stat.S_ISREG
        return is_kind(status.st_mode)
    data = DATA.fullmatch(name)
    if not data or not quiet or not stat.S_ISREG(status.st_mode):
        return False
    return not _leads_to(folder, data["name"] or data["old"], name)


def _leads_to(folder: int, link: str, name: str) -> bool:
    """Tell whether the link of a data file's object leads to it."""
    try:
        return os.readlink(link, dir_fd=folder) == name
    except FileNotFoundError:
        return False
    except OSError:
        # Something else stands there: a person's doing, to be looked at by a person.
        return True
