"""Groups keep their identity from night to night: by those who belonged to them before."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from beamloop.catalog.isomorphism_publishing import KnownGroup, unused_names
from beamloop.records.identifiers import GroupId, SweepId
from beamloop.unit_cells.groups import match_groups

CrystalKey = tuple[SweepId, int]  # (12, 1): sweep and crystal number; a sweep processed again keeps it


@dataclass(frozen=True, slots=True)
class Identity:
    """The name of a group, and its number where it had one before."""

    name: str  # "A"
    group_id: GroupId | None


def identify_groups(groups: Sequence[Set[CrystalKey]], known: Sequence[KnownGroup]) -> list[Identity]:
    """Give each group the identity of a known one, so that as many crystals as possible stay where they were.

    The groups of the newest report come first. What is then left over may go on as one that was seen
    earlier: a group that comes back, because a person included its sweeps again, has its old name. A group
    that shares no crystal with any gets a new name.

    Parameters
    ----------
    groups
        The groups of now, no crystal in two of them.
    known
        The identities given so far, the oldest first.

    Returns
    -------
    list of Identity
        In the order of `groups`.
    """
    found: dict[int, Identity] = {}
    for wanted in (True, False):
        previous = [group for group in known if group.in_newest_report is wanted]
        left = [at for at in range(len(groups)) if at not in found]
        matches = match_groups([group.last_members for group in previous], [groups[at] for at in left])
        for now, before in matches.items():
            found[left[now]] = Identity(previous[before].name, previous[before].group_id)
    names = unused_names({group.name for group in known})
    return [found.get(at) or Identity(next(names), None) for at in range(len(groups))]
