"""Groups of a report: as the tree suggests, with their identities, and where a person put crystals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from beamloop.catalog.isomorphism_publishing import KnownGroup
from beamloop.isomorphism.identities import Identity, identify_groups
from beamloop.isomorphism.standing_words import SpokenCrystal
from beamloop.records.isomorphism import ReportGroup, WordKind
from beamloop.unit_cells.cell_arrays import Floats
from beamloop.unit_cells.variation import linear_cell_variation


@dataclass(frozen=True, slots=True)
class NamedGroup:
    """A group, and who belongs to it by serial number."""

    group: ReportGroup
    serials: tuple[int, ...]  # (1, 2, 4): ascending


def make_groups(
    crystals: Sequence[SpokenCrystal],
    cells: Floats,
    suggested: Sequence[Sequence[int]],
    known: Sequence[KnownGroup],
) -> tuple[NamedGroup, ...]:
    """Name the suggested groups, and put where they belong the crystals that a person put somewhere.

    Parameters
    ----------
    crystals
        By serial number.
    cells
        Their common cells, shape (n, 6).
    suggested
        Serial numbers; each in one group.
    known
        The groups that the collection ever had.

    Returns
    -------
    tuple of NamedGroup
        The largest first, of equals the older.
    """
    placed = {
        serial: crystal.word
        for serial, crystal in enumerate(crystals, start=1)
        if crystal.word and crystal.word.kind is WordKind.REGROUP
    }
    left = [part for part in ([n for n in group if n not in placed] for group in suggested) if part]
    keys = [crystal.key for crystal in crystals]
    identities = identify_groups([frozenset(keys[n - 1] for n in part) for part in left], known)
    found: dict[Identity, list[int]] = dict(zip(identities, left, strict=True))
    for serial, word in placed.items():
        found.setdefault(Identity(word.group_name or "", word.group_id), []).append(serial)
    made = [_group(crystals, cells, identity, sorted(part)) for identity, part in found.items()]
    return tuple(sorted(made, key=lambda one: (-len(one.serials), len(one.group.name), one.group.name)))


def _group(
    crystals: Sequence[SpokenCrystal], cells: Floats, identity: Identity, serials: Sequence[int]
) -> NamedGroup:
    variation = linear_cell_variation(cells[np.asarray(serials) - 1])
    members = [crystals[serial - 1].candidate.member for serial in serials]
    group = ReportGroup(
        name=identity.name,
        group_id=identity.group_id,
        lcv_percent=variation.lcv_percent,
        alcv_angstrom=variation.alcv_angstrom,
        members=tuple((member.run_id, member.crystal_number) for member in members),
    )
    return NamedGroup(group, tuple(serials))
