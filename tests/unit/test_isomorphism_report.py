"""What a report says, without a catalogue: symmetry, sentences, the page."""

from dataclasses import replace
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
from beamloop.records.isomorphism import Candidate, GroupMember, MemberWord, Standing, Verdict, WordKind
from beamloop.storage.local_store import LocalStore

pytestmark = pytest.mark.unit

CELL = (98.3, 98.3, 136.6, 90.0, 90.0, 120.0)
HOSTILE = "<script>alert(1)</script>"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def crystal(
    number: int, name: str, cell: tuple[float, ...], space_group: str = "H 3", used_count: int = 160
) -> Candidate:
    member = GroupMember(RunId(number), 1, SweepId(number), name, f"i24/p/s/run-{number}", space_group, cell)
    return Candidate(
        member, 250.0, 3.0, used_count, with_siblings_cell=False, image_first=1, image_last=12, mtz_key=None
    )


def said(kind: WordKind, number: int) -> MemberWord:
    return MemberWord(1, SweepId(number), "a", None, None, kind, None, None, "anna", NOW, "ice")


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
    excluded = assess(snapshot(crystal(1, "a", CELL), words=(said(WordKind.EXCLUDE, 1),)), ())
    assert judge(alone, ()).verdict is judge(excluded, ()).verdict is Verdict.TOO_FEW
    assert "No crystal" in judge(excluded, ()).sentence
    assert "Excluded by a person: a." in judge(excluded, ()).sentence


LONGER = tuple(1.05 * x for x in CELL[:3]) + CELL[3:]
ALIKE = tuple(crystal(n, f"good{n}", CELL) for n in range(1, 6))


def test_a_cell_of_too_few_reflections_has_no_voice_and_is_named() -> None:
    # H 3 leaves two lengths and three angles of orientation free: 25 reflections.
    weak = replace(crystal(6, "weak", LONGER, used_count=24), with_siblings_cell=True)
    found = assess(snapshot(*ALIKE, weak), ())
    assert [candidate.member.sweep_name for candidate in found.clustered] == [f"good{n}" for n in range(1, 6)]
    assert [len(group.members) for group in found.groups] == [5]
    entry = found.members[-1]
    assert (entry.standing, entry.serial, entry.reason) == (Standing.NOT_JUDGED, None, "too_few_reflections")
    assert entry.sentence == (
        "Its cell rests on 24 reflections; 25 are needed, 5 for each parameter of orientation and cell. "
        "Its lattice was found with the cell of its siblings."
    )
    verdict = judge(found, ())
    assert verdict.verdict is Verdict.ISOMORPHOUS
    assert "All 5 crystals belong together" in verdict.sentence
    assert "Not judged, for too few reflections: weak." in verdict.sentence


def test_a_cell_of_enough_reflections_is_judged_wherever_its_lattice_came_from() -> None:
    rescued = replace(crystal(6, "rescued", LONGER, used_count=25), with_siblings_cell=True)
    entry = assess(snapshot(*ALIKE, rescued), ()).members[-1]
    assert entry.standing is Standing.OUTLIER
    assert "found with the cell of its siblings" in entry.sentence


def test_a_person_may_call_in_what_is_not_judged() -> None:
    weak = crystal(6, "weak", CELL, used_count=8)
    found = assess(snapshot(*ALIKE, weak, words=(said(WordKind.INCLUDE, 6),)), ())
    assert [len(group.members) for group in found.groups] == [6]
    assert "Included by anna: ice." in found.members[-1].sentence


def test_where_nothing_can_be_judged_nothing_is_compared() -> None:
    found = assess(snapshot(*(replace(good, used_count=8) for good in ALIKE)), ())
    assert (found.analysis, found.groups, len(cell_rows(found))) == (None, (), 5)
    verdict = judge(found, ())
    assert verdict.verdict is Verdict.TOO_FEW
    assert "No crystal can be compared" in verdict.sentence
    assert "good1, good2" in verdict.sentence


@pytest.mark.filterwarnings("ignore")  # Great Expectations and what it imports warn of each other
def test_the_page_stands_alone_and_shows_hostile_names_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_files, "write_files", lambda *_: ())
    crystals = [crystal(n, f"{HOSTILE}{n}", CELL) for n in range(1, 5)]
    others = (crystal(5, "other", LONGER), crystal(6, "weak", CELL, used_count=8))
    assessment = assess(snapshot(*crystals, *others), ())
    rows = cell_rows(assessment)
    assert set(rows[0]) == set(COLUMNS)
    # Sockets are closed here: nothing is sent, nothing is asked for.
    validation = validate_cells(rows, expected_of_cells(usual_space_group(rows), 1.0), {})
    failed = {f.expectation: f for f in validation.findings if not f.passed}
    assert list(failed) == ["enough_reflections", "robust_z"]
    # 8 reflections for 5 parameters.
    assert failed["enough_reflections"].statistics["unexpected"] == {"weak crystal 1": 1.6}
    assert failed["enough_reflections"].sweeps == ("weak",)
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
    assert "not judged" in page
    assert "Its cell rests on 8 reflections" in page
