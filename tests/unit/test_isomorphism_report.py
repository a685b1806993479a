"""What a report says, without a catalogue: symmetry, sentences, the page."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from beamloop.catalog.isomorphism_snapshot import ReservedReport, Snapshot
from beamloop.errors import InvalidInputError
from beamloop.isomorphism import report_files
from beamloop.isomorphism.assessment import assess
from beamloop.isomorphism.cell_rows import cell_rows, usual_space_group
from beamloop.isomorphism.expectations import COLUMNS, expected_of_cells
from beamloop.isomorphism.lattice_symmetry import space_group_type, symmetry_misfit
from beamloop.isomorphism.validation import validate_cells
from beamloop.isomorphism.verdict import judge
from beamloop.records.identifiers import CollectionId, ReportId, RunId, SweepId
from beamloop.records.isomorphism import Candidate, GroupMember, MemberWord, Verdict, WordKind
from beamloop.storage.local_store import LocalStore

pytestmark = pytest.mark.unit

CELL = (98.3, 98.3, 136.6, 90.0, 90.0, 120.0)
HOSTILE = "<script>alert(1)</script>"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def crystal(number: int, name: str, cell: tuple[float, ...], space_group: str = "H 3") -> Candidate:
    member = GroupMember(RunId(number), 1, SweepId(number), name, f"i24/p/s/run-{number}", space_group, cell)
    return Candidate(member, 250.0, 3.0, 1, 12, None)


def snapshot(*crystals: Candidate, words: tuple[MemberWord, ...] = ()) -> Snapshot:
    return Snapshot(CollectionId(1), HOSTILE, "i24/p", crystals, words, 1.0, None)


@pytest.mark.parametrize(
    ("cell", "space_group"),
    [
        (CELL, "H 3"),
        ((52.0, 61.0, 70.0, 90.0, 101.0, 90.0), "P 1 21 1"),
        ((105.0, 105.0, 105.0, 90.0, 90.0, 90.0), "I 2 3"),
        # The same lattice on primitive axes, as DIALS writes it.
        ((90.9327, 90.9327, 90.9327, 109.4712206, 109.4712206, 109.4712206), "I 2 2 3 (y+z,x+z,x+y)"),
    ],
)
def test_a_cell_that_has_its_symmetry_fits_it(cell: tuple[float, ...], space_group: str) -> None:
    assert symmetry_misfit(cell, space_group) == pytest.approx((0, 0), abs=1e-6)  # digits of the cell


def test_a_cell_that_breaks_its_symmetry_does_so_by_about_what_it_is_off() -> None:
    length_percent, angle_deg = symmetry_misfit((100.0, 101.0, 140.0, 90.0, 90.0, 90.0), "P 4")
    # a and b become their quadratic mean: half of 1 % each, to second order.
    assert length_percent == pytest.approx(0.5, abs=0.01)
    assert angle_deg == pytest.approx(0, abs=1e-6)
    assert symmetry_misfit((100.0, 100.0, 140.0, 90.0, 90.4, 90.0), "P 4")[1] == pytest.approx(0.4, abs=1e-6)


def test_settings_of_one_space_group_count_as_one() -> None:
    assert space_group_type("I 2") == space_group_type("C 2")
    assert space_group_type("R 3:R") == space_group_type("H 3") == "H 3"
    assert space_group_type("I 2 2 3 (y+z,x+z,x+y)") == space_group_type("I 2 3")
    assert space_group_type("P 4") != space_group_type("P 41")


def test_a_space_group_that_does_not_exist_is_told_with_its_sweep() -> None:
    with pytest.raises(InvalidInputError, match="Sweep 'b', run 2: There is no space group 'Q 7'"):
        assess(snapshot(crystal(1, "a", CELL), crystal(2, "b", CELL, "Q 7")), ())


def test_one_crystal_and_none_are_too_few() -> None:
    alone = assess(snapshot(crystal(1, "a", CELL)), ())
    word = MemberWord(1, SweepId(1), "a", None, None, WordKind.EXCLUDE, None, None, "anna", NOW, "ice")
    excluded = assess(snapshot(crystal(1, "a", CELL), words=(word,)), ())
    assert judge(alone, ()).verdict is judge(excluded, ()).verdict is Verdict.TOO_FEW
    assert "No crystal" in judge(excluded, ()).sentence
    assert "Excluded by a person: a." in judge(excluded, ()).sentence


@pytest.mark.filterwarnings("ignore")  # Great Expectations and what it imports warn of each other
def test_the_page_stands_alone_and_shows_hostile_names_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_files, "write_files", lambda *_: ())
    longer = tuple(1.05 * x for x in CELL[:3]) + CELL[3:]
    crystals = [crystal(n, f"{HOSTILE}{n}", CELL) for n in range(1, 5)]
    assessment = assess(snapshot(*crystals, crystal(5, "other", longer)), ())
    rows = cell_rows(assessment)
    assert set(rows[0]) == set(COLUMNS)
    # Sockets are closed here: nothing is sent, nothing is asked for.
    validation = validate_cells(rows, expected_of_cells(usual_space_group(rows), 1.0), {})
    assert [f.expectation for f in validation.findings if not f.passed] == ["robust_z"]
    report_files.write_report_files(
        tmp_path,
        assessment,
        judge(assessment, validation.findings),
        validation,
        ReservedReport(ReportId(1), NOW, False),
        LocalStore(tmp_path / "store"),
    )
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page
    assert "5.0 % longer" in page
