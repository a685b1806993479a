"""What a person means by the words of a call: a collection, sweeps, a time, themselves."""

import getpass
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from beamloop.catalog.connection import Catalog
from beamloop.catalog.results import CollectionPlace, find_places
from beamloop.catalog.selection import SelectedSweep
from beamloop.cli.plain_text import plain
from beamloop.errors import InvalidInputError, NotFoundError
from beamloop.records.plain_text import is_utf8

AGO = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([mhd])")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def find_collection(catalog: Catalog, text: str, beamline: str | None = None) -> list[CollectionPlace]:
    """Return the collections with this folder or name, the newest first; none where there is none."""
    if not is_utf8(text):
        return []
    with catalog.transaction() as connection:
        found = find_places(connection, text) or find_places(connection, str(Path(text).resolve()))
    return [place for place in found if beamline in (None, place.beamline)]


def choose_collection(catalog: Catalog, text: str, beamline: str | None = None) -> CollectionPlace:
    """Return the one collection with this folder or name.

    Raises
    ------
    NotFoundError
        When there is none.
    InvalidInputError
        When there are several; names them.
    """
    found = find_collection(catalog, text, beamline)
    if not found:
        raise NotFoundError(
            f"There is no collection {text!a}{f' of beamline {beamline!a}' if beamline else ''}.",
            try_next="`beamloop show` lists the newest ones.",
        )
    if len(found) > 1:
        places = ", ".join(f"{place.beamline}: {plain(str(place.directory))}" for place in found)
        raise InvalidInputError(
            f"There are {len(found)} collections {text!a} ({places}).",
            try_next="Give the folder instead of the name, or --beamline.",
        )
    return found[0]


def choose_by_name(sweeps: Sequence[SelectedSweep], patterns: Sequence[str]) -> list[SelectedSweep]:
    """Return the sweeps whose name is or fits one of the patterns, all where there is no pattern.

    Raises
    ------
    NotFoundError
        When a pattern fits none: it is a slip of the pen.
    """
    for pattern in patterns:
        if not any(_fits(sweep.sweep, pattern) for sweep in sweeps):
            names = ", ".join(plain(sweep.sweep) for sweep in sweeps[:10]) or "none"
            raise NotFoundError(
                f"No sweep with a run is called {pattern!a} among those asked for.",
                try_next=f"There are: {names}{', ...' if len(sweeps) > 10 else ''}",
            )
    return [s for s in sweeps if not patterns or any(_fits(s.sweep, pattern) for pattern in patterns)]


def _fits(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)


def parse_since(text: str, now: datetime) -> datetime:
    """Return the time that a person means by "12h", "90m", "2d" or an ISO 8601 time.

    Parameters
    ----------
    text
        A time without an offset is UTC, as all times that Beamloop prints first.
    now
        The present time, with its time zone.

    Raises
    ------
    InvalidInputError
        When it is neither, or lies out of the calendar.
    """
    ago = AGO.fullmatch(text.strip().lower())
    try:
        if ago:
            return now - timedelta(**{UNITS[ago[2]]: float(ago[1])})
        time = datetime.fromisoformat(text.strip())
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInputError(
            f"{text!a} is no time.", try_next="Write 12h, 90m, 2d, or a time such as 2026-11-20T18:00 (UTC)."
        ) from error


def person() -> str:
    """Return who gives this command, as the operating system says."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
