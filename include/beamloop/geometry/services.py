"""A person's word that a detector was serviced: its drift is charted anew from then on."""

from datetime import datetime

from beamloop.catalog.connection import Catalog
from beamloop.catalog.drift import KnownDetector, detector_services, detectors_named, note_service
from beamloop.catalog.events import note_event
from beamloop.errors import InvalidInputError

NAMED_AT_MOST = 5


def say_serviced(
    catalog: Catalog,
    part: str,
    beamline: str | None,
    *,
    at: datetime,
    by: str,
    why: str,
    took_place: bool = True,
) -> KnownDetector:
    """Keep that a detector was serviced at a time, or that it was not after all.

    Parameters
    ----------
    catalog
        The catalogue.
    part
        Its name, or a part of it that no other detector's has.
    beamline
        Whose; None: any.
    at
        Time of the first data that may be different, with its zone.
    by, why
        Who says so, and what was done.
    took_place
        False takes the word about this very time back.

    Returns
    -------
    KnownDetector
        The one that is meant.

    Raises
    ------
    InvalidInputError
        When no detector or several are so called, when it is not said why, or when there is no such word to
        take back.
    """
    if not why.strip():
        raise InvalidInputError("It is not said why.", try_next="Say what was done with --why.")
    with catalog.transaction() as connection:
        detector = _the_one(detectors_named(connection, beamline, part), part)
        known = [
            one.serviced_at
            for one in detector_services(connection, detector.beamline)
            if one.detector == detector.identifier
        ]
        if not took_place and at not in known:
            raise InvalidInputError(
                f"Nobody has said that {detector.identifier!a} was serviced at {at:%Y-%m-%d %H:%M:%S %Z}.",
                try_next="`beamloop geometry drift` names the times; give one of them as it stands there.",
            )
        note_service(connection, detector, at, said_by=by, why=why.strip(), took_place=took_place)
        said = "serviced" if took_place else "not serviced after all"
        words = (
            f"{detector.beamline}, {detector.identifier}: {said} at {at:%Y-%m-%d %H:%M:%S} UTC: {why.strip()}"
        )
        note_event(connection, by, "serviced", None, words)
    return detector


def _the_one(found: list[KnownDetector], part: str) -> KnownDetector:
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{one.identifier!a} of {one.beamline}" for one in found[:NAMED_AT_MOST]) or "none"
    raise InvalidInputError(
        f"One detector is meant by {part!a}, and so are called: {names}.",
        try_next="Give more of its name, or --beamline; `beamloop geometry drift` names the detectors.",
    )
