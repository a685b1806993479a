"""Errors of the operating system in words."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from beamloop.errors import DiskFullError, InvalidInputError, StoreUnavailableError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.EOPNOTSUPP,
}


@contextmanager
def os_faults(doing: str, *, remedy: str) -> Iterator[None]:
    """Translate an `OSError` of the block.

    Parameters
    ----------
    doing
        What was being done, on what: "writing /srv/artifacts".
    remedy
        What a person does when the system refuses for good.

    Raises
    ------
    DiskFullError
        When the file system or the user's quota is full.
    InvalidInputError
        When a permission is missing or a path cannot be used.
    StoreUnavailableError
        For every other fault: an I/O error, a network file system that is away.
    """
    try:
        yield
    except OSError as error:
        what = f"{doing[0].upper()}{doing[1:]} failed: {error.strerror}."
        if error.errno in _FULL:
            raise DiskFullError(what, try_next="Make room there, then try again.") from error
        if error.errno in _REFUSED:
            raise InvalidInputError(what, try_next=remedy) from error
        raise StoreUnavailableError(what, try_next="Check the disk or the network file system.") from error
