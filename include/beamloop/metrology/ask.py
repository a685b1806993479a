"""Ask for the metrology of detectors: of those with new data; the same work once."""

import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from beamloop.beamlines.geometry_rules import GeometryRules
from beamloop.catalog.connection import Connection
from beamloop.catalog.metrology_requests import OfferedSweep, all_known, offered_sweeps, put_metrology
from beamloop.errors import InvalidInputError
from beamloop.records.geometry import GeometryId
from beamloop.records.identifiers import CollectionId
from beamloop.records.metrology import MetrologyId, MetrologyOptions

log = logging.getLogger(__name__)

# A detector that moves is calibrated with what it did lately; older data say where it was.
DAYS = 7
# Refined distances of narrow wedges at one setting scatter by 0.7 % (polyhedra); settings differ by more.
LARGEST_STEP = 0.02

OptionsOf = Callable[[str], MetrologyOptions]
Group = tuple[str, GeometryId | None, Sequence[OfferedSweep]]


def options_for(rules: GeometryRules) -> MetrologyOptions:
    """Return how a beamline's detector is calibrated, by the part `geometry` of its file."""
    return MetrologyOptions(
        gate=rules.gate(),
        takes_beam=rules.beam == "geometry",
        takes_goniometer=rules.goniometer == "geometry",
    )


def default_options(_: str) -> MetrologyOptions:
    """Return what holds for a beamline without a file of its own."""
    return options_for(GeometryRules())


def ask_for_metrology(
    connection: Connection,
    dials_version: str,
    *,
    requested_by: str,
    beamline: str | None = None,
    collection_id: CollectionId | None = None,
    options_of: OptionsOf = default_options,
    again: bool = False,
) -> list[MetrologyId]:
    """Ask for every detector, at each of its distances, that has new data.

    Sweeps that one geometry serves, at one distance, go together. Of the last week, where no collection is
    named; then a week in which no sweep is new is left alone.

    Parameters
    ----------
    connection
        Inside a transaction.
    dials_version
        E.g. "3.12.1".
    requested_by
        A person, or "refine_metrology".
    beamline, collection_id
        Only its detector; only the sweeps of this collection, whenever they were collected.
    options_of
        Returns how a beamline's detector is refined.
    again
        Ask for work that is known too.

    Returns
    -------
    list of MetrologyId
        The new ones.

    Raises
    ------
    InvalidInputError
        When the options of the named beamline are not known; another one is left out with a word in the log.
    """
    offered = offered_sweeps(connection, beamline=beamline, collection_id=collection_id, days=DAYS)
    asked = []
    for name, serving, group in group_sweeps(offered):
        try:
            sweeps, options = [one.sweep for one in group], options_of(name)
        except InvalidInputError as error:
            if beamline is not None:
                raise
            # One beamline's bad file stops no other's calibration.
            log.error("The detector of %s is not calibrated: %s", name, error)
            continue
        if collection_id is None and not again and all_known(connection, sweeps, options, dials_version):
            continue
        asked.append(
            put_metrology(
                connection,
                name,
                serving,
                sweeps,
                options,
                dials_version,
                requested_by=requested_by,
                again=again,
            )
        )
    return [metrology_id for metrology_id in asked if metrology_id is not None]


def group_sweeps(offered: Sequence[OfferedSweep]) -> Iterator[Group]:
    """Yield the sweeps of one beamline that one geometry serves at one distance."""

    def served(one: OfferedSweep) -> tuple[str, int]:
        return one.beamline, one.serving or 0

    for _, found in groupby(sorted(offered, key=served), key=served):
        by_distance = sorted(found, key=lambda one: one.sweep.distance_mm)
        group = by_distance[:1]
        for one in by_distance[1:]:
            if one.sweep.distance_mm > (1 + LARGEST_STEP) * group[-1].sweep.distance_mm:
                yield group[0].beamline, group[0].serving, group
                group = []
            group.append(one)
        yield group[0].beamline, group[0].serving, group
