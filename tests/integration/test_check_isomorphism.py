"""The isomorphism stage on a real catalogue and store: what it finds, what it keeps, what it leaves alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services.isomorphism_bench import (
    DOUBLED,
    IsomorphismBench,
    alike,
    open_isomorphism_bench,
    scaled,
)

from beamloop.records.isomorphism import Standing, Verdict

pytestmark = [
    pytest.mark.integration,
    # Great Expectations and what it imports warn of each other.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture
def bench(tmp_path: Path, catalog_dsn: str) -> Iterator[IsomorphismBench]:
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
