"""Which keys are allowed: the same ones in every store."""

import re

from beamloop.errors import InvalidInputError
from beamloop.records.identifiers import SAFE_NAME

# S3 and Swift allow 1024 bytes; Swift names each part of a multipart upload "key/upload id/part number",
# about 70 characters more.
LONGEST_KEY = 900

SHA256 = re.compile(r"[0-9a-f]{64}")


def key_components(key: str) -> list[str]:
    """Split a key and check it.

    Parameters
    ----------
    key
        Hostile input, e.g. "i24/plate3/xtal2_1/run-17/index/indexed.expt".

    Returns
    -------
    list of str
        Its components; each is a safe name, so none is empty, ".", ".." or hidden.

    Raises
    ------
    InvalidInputError
        Names the component at fault.
    """
    components = key.split("/")
    for component in components:
        if not SAFE_NAME.fullmatch(component):
            raise _refused(key, f"{component!r} is not a safe name")
    if len(key) > LONGEST_KEY:
        raise _refused(key, f"it has {len(key)} characters, {LONGEST_KEY} are allowed")
    return components


def prefix_components(prefix: str) -> list[str]:
    """Split the beginning of a key and check it.

    Parameters
    ----------
    prefix
        "" for everything, "i24/plate3/" for one folder, "i24/pla" for part of a name.

    Returns
    -------
    list of str
        The components that are complete, e.g. ["i24"] for "i24/pla".

    Raises
    ------
    InvalidInputError
        When no key can start like this.
    """
    folders, _, rest = prefix.rpartition("/")
    if rest and not SAFE_NAME.fullmatch(rest):
        raise _refused(prefix, f"{rest!r} is not a safe name")
    return key_components(folders) if folders or prefix.startswith("/") else []


def _refused(key: str, fault: str) -> InvalidInputError:
    return InvalidInputError(
        f"{key[:200]!r} cannot be a key of the artifact store: {fault}.",
        try_next="Build keys from beamloop.records.identifiers.safe_name, joined by '/'.",
    )
