"""A person's word on the groups: said by commands, kept for ever, respected and shown by the next report."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services.isomorphism_bench import (
    DOUBLED,
    IsomorphismBench,
    alike,
    leave_out_pictures,
    open_isomorphism_bench,
    scaled,
)
from tests.services.shell_calls import call, point_at

from beamloop.cli.demo_groups import wait_for_groups
from beamloop.errors import InvalidInputError, NotFoundError
from beamloop.records.isomorphism import Standing, Verdict

pytestmark = [
    pytest.mark.integration,
    # Great Expectations and what it imports warn of each other.
    pytest.mark.filterwarnings("ignore"),
]

WHY = ("--why", "ice rings")


@pytest.fixture
def bench(tmp_path: Path, catalog_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[IsomorphismBench]:
    """Provide four crystals that are alike, one 2 % larger, and the commands that know them."""
    point_at(monkeypatch, catalog_dsn, tmp_path)
    leave_out_pictures(monkeypatch)
    opened = open_isomorphism_bench(tmp_path, catalog_dsn)
    opened.process(alike(4) | {"other": scaled(1.02)})
    yield opened
    opened.services.catalog.close()


def test_an_excluded_sweep_leaves_the_groups_and_comes_back_under_its_old_name(
    bench: IsomorphismBench,
) -> None:
    bench.check()
    before = bench.snapshots()
    assert bench.groups() == {"A": ["xtal1", "xtal2", "xtal3", "xtal4"], "B": ["other"]}
    assert "other is excluded." in call("exclude", "plate3", "other", *WHY)
    assert bench.check().verdict is Verdict.ISOMORPHOUS
    assert bench.groups() == {"A": ["xtal1", "xtal2", "xtal3", "xtal4"]}
    assert bench.members()["other"].standing is Standing.EXCLUDED
    shown = call("groups", "plate3")
    assert "other: Excluded by " in shown
    assert "exclude other: ice rings" in shown
    call("include", "plate3", "other", "--as-suggested", "--why", "they were on another image")
    assert "a new report is due" in call("groups", "plate3")
    assert bench.check().verdict is Verdict.NOT_ISOMORPHOUS
    assert [(group.name, group.group_id) for group in bench.snapshots()] == [
        (group.name, group.group_id) for group in before
    ]


def test_an_outlier_that_a_person_includes_is_a_member_with_its_reason_still_shown(
    bench: IsomorphismBench,
) -> None:
    bench.process({"odd": DOUBLED})
    call("include", "plate3", "odd", "--why", "it is the superlattice")
    bench.check()
    odd = bench.members()["odd"]
    assert (odd.standing, odd.reason) == (Standing.MEMBER, "doubled_axis")
    assert "superlattice" in odd.sentence
    assert ["odd"] in bench.groups().values()  # in the tree, but within the limit of nobody
    header = bench.header()
    assert header.members is not None
    assert header.members.lcv_percent > 50


def test_a_regrouped_sweep_belongs_where_it_was_put(bench: IsomorphismBench) -> None:
    bench.check()
    call("regroup", "plate3", "other", "--to", "a", *WHY)
    assert "xtal4 is put into group C." in call("regroup", "plate3", "xtal4", "--to", "new", *WHY)
    bench.check()
    assert bench.groups() == {"A": ["other", "xtal1", "xtal2", "xtal3"], "C": ["xtal4"]}
    assert bench.members()["other"].standing is Standing.MEMBER
    document = json.loads(call("groups", "plate3", "--json"))
    assert {word["kind"] for word in document["words"]} == {"regroup"}
    assert document["is_current"]
    assert set(document["files"]) >= {"report.html", "report.json", "validation.json"}


def test_the_limit_decides_how_far_a_group_reaches(bench: IsomorphismBench) -> None:
    call("limit", "plate3", "10", "--why", "a first look")
    bench.check()
    assert list(bench.groups()) == ["A", "B"]  # an outlier is one by its robust z, whatever the limit
    call("include", "plate3", "other", *WHY)
    bench.check()
    assert list(map(len, bench.groups().values())) == [5]
    shown = call("show", "plate3")
    assert "limit of LCV: 10 %" in shown
    members = bench.header().members
    assert members is not None
    assert members.lcv_percent == pytest.approx(2, abs=0.06)  # 2 % and the 0.05 % of the others


def test_one_crystal_of_a_sweep_can_be_left_out(bench: IsomorphismBench) -> None:
    bench.plate.ask("two")
    bench.end_processed("two", [scaled(1), scaled(1.0002)])
    call("exclude", "plate3", "two", "--crystal", "2", *WHY)
    bench.check()
    assert bench.groups()["A"].count("two") == 1
    with pytest.raises(NotFoundError, match="no crystal 3"):
        call("exclude", "plate3", "two", "--crystal", "3", *WHY)


def test_what_does_not_exist_is_named_and_nothing_is_kept_of_the_call(bench: IsomorphismBench) -> None:
    with pytest.raises(NotFoundError, match="no collection 'plate9'"):
        call("exclude", "plate9", "xtal1", *WHY)
    with pytest.raises(NotFoundError, match="no sweep 'xtal9'"):
        call("exclude", "plate3", "xtal1", "xtal9", *WHY)
    with pytest.raises(NotFoundError, match="no group 'Q'"):
        call("regroup", "plate3", "xtal1", "--to", "Q", *WHY)
    with pytest.raises(InvalidInputError, match="No reason"):
        call("exclude", "plate3", "xtal1", "--why", "  ")
    with pytest.raises(InvalidInputError, match="cannot be the limit"):
        call("limit", "plate3", "0", *WHY)
    with pytest.raises(NotFoundError, match="no report on plate3 yet"):
        call("groups", "plate3")
    assert "excluded" not in call("show", "plate3")


def test_the_demo_waits_for_a_report_on_all_that_is_processed(bench: IsomorphismBench) -> None:
    folder = str(bench.plate.directory)
    assert wait_for_groups(bench.services.catalog, folder, patience_s=0) is None
    bench.check()
    account = wait_for_groups(bench.services.catalog, folder)
    assert account is not None
    assert account.is_current
    bench.process({"late": scaled(1)})
    late = wait_for_groups(bench.services.catalog, folder, patience_s=0)
    assert late is not None
    assert not late.is_current
