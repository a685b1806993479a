"""Names of groups that stay from night to night."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamloop.catalog.isomorphism_publishing import KnownGroup, unused_names
from beamloop.isomorphism.identities import CrystalKey, Identity, identify_groups
from beamloop.records.identifiers import GroupId, SweepId

pytestmark = pytest.mark.unit


def keys(*sweeps: int) -> frozenset[CrystalKey]:
    return frozenset((SweepId(sweep), 1) for sweep in sweeps)


def known(**members: tuple[int, ...]) -> list[KnownGroup]:
    """Return groups by name, numbered in order from 1."""
    return [
        KnownGroup(GroupId(n), name, keys(*members[name]), in_newest_report=True)
        for n, name in enumerate(members, start=1)
    ]


def names(groups: list[frozenset[CrystalKey]], before: list[KnownGroup]) -> list[str]:
    return [identity.name for identity in identify_groups(groups, before)]


def test_the_first_groups_are_named_in_their_order() -> None:
    assert names([keys(1, 2), keys(3)], []) == ["A", "B"]
    assert identify_groups([keys(1)], [])[0] == Identity("A", None)


def test_a_group_that_grows_or_loses_members_keeps_its_name_and_number() -> None:
    before = known(A=(1, 2, 3), B=(4, 5))
    assert identify_groups([keys(4, 5, 6, 7, 8), keys(1, 2)], before) == [
        Identity("B", GroupId(2)),
        Identity("A", GroupId(1)),
    ]


def test_of_a_group_that_splits_the_larger_part_keeps_the_name_and_the_other_gets_a_new_one() -> None:
    assert names([keys(4, 5), keys(1, 2, 3), keys(9)], known(A=(1, 2, 3, 4, 5), B=(9,))) == ["C", "A", "B"]


def test_groups_that_merge_take_the_name_of_the_one_that_gives_more() -> None:
    assert names([keys(1, 2, 3, 4, 5)], known(A=(1, 2), B=(3, 4, 5))) == ["B"]


def test_of_equal_overlaps_the_older_name_wins() -> None:
    assert names([keys(1, 2, 3, 4)], known(A=(1, 2), B=(3, 4))) == ["A"]


def test_a_group_that_comes_back_has_its_old_name_and_no_new_one_gets_it() -> None:
    gone = replace(known(A=(), B=(3, 4))[1], in_newest_report=False)
    before = [*known(A=(1, 2)), gone]
    assert names([keys(1, 2), keys(7)], before) == ["A", "C"]
    assert names([keys(1, 2), keys(3)], before) == ["A", "B"]


def test_the_newest_reports_groups_come_before_larger_ones_of_long_ago() -> None:
    gone = replace(known(A=(), B=(1, 2, 3, 4, 5))[1], in_newest_report=False)
    assert names([keys(1, 2, 3, 4, 5)], [*known(A=(1, 2)), gone]) == ["A"]


def test_names_go_on_after_z() -> None:
    made = list(itertools.islice(unused_names(frozenset({"B"})), 52))
    assert made[:2] == ["A", "C"]
    assert made[24:27] == ["Z", "AA", "AB"]


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=12),
    st.lists(st.integers(0, 4), min_size=12, max_size=12),
)
def test_every_group_gets_one_name_of_its_own_whatever_the_nights_were(
    now: list[int], then: list[int]
) -> None:
    def split(labels: list[int]) -> list[frozenset[CrystalKey]]:
        return [keys(*(i for i, x in enumerate(labels) if x == label)) for label in dict.fromkeys(labels)]

    before = [
        KnownGroup(GroupId(n), "ABCDE"[n], group, in_newest_report=n % 2 == 0)
        for n, group in enumerate(split(then))
    ]
    identities = identify_groups(split(now), before)
    assert len({identity.name for identity in identities}) == len(split(now))
    by_name = {group.name: group for group in before}
    for identity, group in zip(identities, split(now), strict=True):
        if identity.group_id is not None:
            assert by_name[identity.name].last_members & group
