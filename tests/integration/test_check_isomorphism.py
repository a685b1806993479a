"""The isomorphism stage on a real catalogue and store: what it finds, what it keeps, what it leaves alone."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.services.isomorphism_bench import (
    DOUBLED,
    IsomorphismBench,
    alike,
    leave_out_pictures,
    open_isomorphism_bench,
    scaled,
)

from beamloop.catalog.isomorphism import artifacts_of_report, findings_of_report
from beamloop.catalog.isomorphism_words import say_limit
from beamloop.isomorphism import check
from beamloop.isomorphism.check import check_collection
from beamloop.records.isomorphism import Standing, Verdict

pytestmark = [
    pytest.mark.integration,
    # Great Expectations and what it imports warn of each other.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture
def bench(
    tmp_path: Path, catalog_dsn: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[IsomorphismBench]:
    """Provide an empty catalogue; without pictures, except in the test of the files."""
    if "files" not in request.node.name:
        leave_out_pictures(monkeypatch)
    opened = open_isomorphism_bench(tmp_path, catalog_dsn)
    yield opened
    opened.services.catalog.close()


def test_crystals_that_are_alike_are_one_group(bench: IsomorphismBench) -> None:
    bench.process(alike(6))
    result = bench.check()
    assert (result.verdict, result.is_new) == (Verdict.ISOMORPHOUS, True)
    assert bench.groups() == {"A": [f"xtal{n}" for n in range(1, 7)]}
    header = bench.header()
    assert header.members == header.everything
    assert header.members is not None
    assert 0 < header.members.lcv_percent < 0.06  # the cells differ by 0.05 %


def test_outliers_are_set_aside_with_their_reason_and_do_not_spoil_the_rest(bench: IsomorphismBench) -> None:
    bench.process(alike(8) | {"odd": DOUBLED, "other": scaled(1.05)})
    assert bench.check().verdict is Verdict.NOT_ISOMORPHOUS
    members = bench.members()
    assert (members["odd"].standing, members["odd"].reason) == (Standing.OUTLIER, "doubled_axis")
    assert (members["other"].standing, members["other"].reason) == (Standing.OUTLIER, "other_form")
    # Another form is a group of its own; what has to be indexed again is in none.
    assert bench.groups() == {"A": [f"xtal{n}" for n in range(1, 9)], "B": ["other"]}
    header = bench.header()
    assert header.members is not None
    assert header.everything is not None
    assert header.members.lcv_percent < 0.06
    assert header.everything.lcv_percent > 50  # the doubled axis


def test_nothing_changed_is_nothing_done(bench: IsomorphismBench) -> None:
    bench.process(alike(4))
    first = bench.check()
    written = sorted((p, p.lstat().st_mtime_ns) for p in bench.services.run_root.parent.rglob("report-*/*"))
    second = bench.check()
    assert second.report_id == first.report_id
    assert (first.is_new, second.is_new) == (True, False)
    assert (
        sorted((p, p.lstat().st_mtime_ns) for p in bench.services.run_root.parent.rglob("report-*/*"))
        == written
    )


def test_no_processed_sweep_is_told_and_not_reported(bench: IsomorphismBench) -> None:
    bench.plate.ask("xtal1")
    result = bench.check()
    assert (result.report_id, result.verdict) == (None, Verdict.TOO_FEW)
    assert "No sweep" in result.sentence


def test_one_crystal_is_too_few_for_a_tree_and_is_kept_as_a_group(bench: IsomorphismBench) -> None:
    bench.process(alike(1))
    assert bench.check().verdict is Verdict.TOO_FEW
    assert bench.groups() == {"A": ["xtal1"]}


def test_identical_cells_have_no_variation(bench: IsomorphismBench) -> None:
    bench.process({"xtal1": scaled(1), "xtal2": scaled(1), "xtal3": scaled(1)})
    assert bench.check().verdict is Verdict.ISOMORPHOUS
    members = bench.header().members
    assert members is not None
    assert (members.lcv_percent, members.alcv_angstrom) == (0, 0)


def test_a_check_that_is_killed_anywhere_is_made_good_by_the_next_one_with_the_same_files(
    bench: IsomorphismBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def dying(real: Callable[..., Any], after: int) -> Callable[..., Any]:
        calls = itertools.count()

        def call(*args: Any) -> Any:
            if next(calls) >= after:
                raise Killed
            return real(*args)

        return call

    bench.process(alike(3) | {"other": scaled(1.05)})
    for name, after in (("put_step_file", 4), ("publish_report", 0)):
        with monkeypatch.context() as patch:
            patch.setattr(check, name, dying(getattr(check, name), after))
            with pytest.raises(Killed):
                bench.check()
        assert bench.snapshots() == ()  # nobody sees anything of it
    assert bench.check().is_new
    report_id = bench.header().report_id
    with bench.services.catalog.transaction() as connection:
        files = artifacts_of_report(connection, report_id)
    assert {name.rpartition("/")[2] for name in files} >= {"report.html", "tree.svg", "validation.json"}
    # The killed ones' files were found and had the same bytes: none was put beside another.
    assert all(stored.key.endswith(f"/{name}") for name, stored in files.items())
    stored_keys = {stored.key for stored in bench.services.store.list("")}
    assert stored_keys == {stored.key for stored in files.values()}
    assert not list(bench.services.run_root.rglob(".staging-*"))


def test_a_sweep_of_too_few_reflections_is_named_and_in_no_group(bench: IsomorphismBench) -> None:
    bench.process(alike(4))
    bench.plate.ask("weak", "unmarked")
    bench.end_processed("weak", [scaled(1)], used_count=8)
    bench.end_processed("unmarked", [scaled(1)], used_count=None)  # its 181 indexed ones count then
    assert bench.check().verdict is Verdict.ISOMORPHOUS
    assert bench.groups() == {"A": ["unmarked", "xtal1", "xtal2", "xtal3", "xtal4"]}
    weak = bench.members()["weak"]
    assert (weak.standing, weak.serial, weak.common_cell) == (Standing.NOT_JUDGED, None, None)
    assert "rests on 8 reflections; 25 are needed" in weak.sentence


def test_a_beamlines_limit_holds_until_a_person_sets_another(bench: IsomorphismBench, tmp_path: Path) -> None:
    # LCV 0.3 %: one group by the usual limit of 1 %.
    bench.process(
        {"short": scaled(1), "long": scaled(1.003), "short_too": scaled(1), "long_too": scaled(1.003)}
    )
    file = tmp_path / "i24.yaml"
    file.write_text("beamline: i24\nroots: [x]\nlcv_limit_percent: 0.2\n")

    def groups() -> list[list[str]]:
        check_collection(bench.services, bench.collection_id, tmp_path)
        return sorted(bench.groups().values())

    assert groups() == [["long", "long_too"], ["short", "short_too"]]
    file.write_text("beamline: i24\nroots: [x]\nlcv_limit_percent: 0.5\n")
    assert groups() == [["long", "long_too", "short", "short_too"]]
    with bench.services.catalog.transaction() as connection:
        say_limit(connection, bench.collection_id, 0.1, said_by="anna", why="try")
    assert groups() == [["long", "long_too"], ["short", "short_too"]]


def test_findings_carry_figures_and_point_to_the_sweeps(bench: IsomorphismBench) -> None:
    bench.process(alike(5) | {"odd": DOUBLED})
    bench.plate.ask("tilted")
    bench.end_processed("tilted", [(98.3, 98.3, 136.6, 90.0, 90.0, 120.0)], "P 1")
    report_id = bench.check().report_id
    assert report_id is not None
    with bench.services.catalog.transaction() as connection:
        findings = {f.expectation: f for f in findings_of_report(connection, report_id)}
    assert {name for name, finding in findings.items() if not finding.passed} == {
        "robust_z",
        "one_space_group",
    }
    assert findings["robust_z"].sweeps == ("odd",)
    unexpected = findings["robust_z"].statistics["unexpected"]
    assert isinstance(unexpected, dict)
    assert unexpected["odd crystal 1"] > 100
    assert findings["one_space_group"].sweeps == ("tilted",)
    assert findings["one_space_group"].statistics["unexpected_count"] == 1


def test_a_cell_that_breaks_its_space_group_is_a_fault_with_its_sweep(bench: IsomorphismBench) -> None:
    bench.process(alike(3) | {"skew": (98.3, 98.3, 136.6, 90.0, 90.0, 118.0)})
    result = bench.check()
    assert result.verdict is Verdict.IMPLAUSIBLE
    assert "skew" in result.sentence


def test_a_new_sweep_joins_its_group_and_a_sweep_processed_again_stays_in_it(bench: IsomorphismBench) -> None:
    bench.process(alike(3) | {"other": scaled(1.05)})
    bench.check()
    before = {group.name: group.group_id for group in bench.snapshots()}
    bench.process({"another": scaled(1.0501)})
    bench.process({"xtal1": scaled(1.0001)}, again=True)
    bench.check()
    assert bench.groups() == {"A": ["xtal1", "xtal2", "xtal3"], "B": ["another", "other"]}
    assert {group.name: group.group_id for group in bench.snapshots()} == before
