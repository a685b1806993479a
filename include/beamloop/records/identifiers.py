"""Identifiers, and names that are safe as a path component and as part of an object key."""

import hashlib
import re
from typing import NewType

CollectionId = NewType("CollectionId", int)
SweepId = NewType("SweepId", int)
RequestId = NewType("RequestId", int)
RunId = NewType("RunId", int)
ReportId = NewType("ReportId", int)
GroupId = NewType("GroupId", int)

SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,79}")
LONGEST_STEM = 64
ARRIVED = "arrived"


def safe_name(name: str) -> str:
    """Turn any text into a path component without surprises, different for different texts.

    Parameters
    ----------
    name
        Hostile input: may hold slashes, quotes, newlines or non-ASCII characters, e.g. "plate 3/$(x)".

    Returns
    -------
    str
        `name` itself where it is plain ASCII, else its plain characters and the first ten hexadecimal
        digits of its SHA-256, e.g. "plate_3_x-1f0c9a7b2e".
    """
    if SAFE_NAME.fullmatch(name) and ".." not in name:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:10]
    stem = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:LONGEST_STEM]
    return f"{stem}-{digest}" if stem else f"x-{digest}"


def natural_order(name: str) -> list[tuple[int, str]]:
    """Return a sorting key that puts "xtal2" before "xtal10"."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def request_name(place: str, digest: str, *, arrived: bool) -> str:
    """Name the DAG run that a request for processing is.

    Parameters
    ----------
    place
        Of the collection in the store, e.g. "plate3-1f0c9a".
    digest
        Of the work, in hexadecimal digits.
    arrived
        Whether the sweeps have just been found at the beamline, which :func:`has_arrived` tells again.

    Returns
    -------
    str
        "plate3-1f0c9a.4be1c2f09a33" or "plate3-1f0c9a.arrived.4be1c2f09a33".
    """
    return f"{place}.{ARRIVED}.{digest}" if arrived else f"{place}.{digest}"


def has_arrived(dag_run_id: str) -> bool:
    """Tell whether a DAG run processes sweeps that had just been found at the beamline."""
    # A collection's own name never stands alone between dots: its place ends with a digest of its folder.
    return dag_run_id.split(".")[-2:-1] == [ARRIVED]
