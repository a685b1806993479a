"""What a geometry must show before it may serve."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from beamloop.beamlines.beamline_file import read_beamline
from beamloop.errors import InvalidInputError
from beamloop.geometry.gate import faults
from beamloop.records.artifact import StoredObject
from beamloop.records.evidence import Evidence, PanelEvidence
from beamloop.records.geometry import GeometryGate, GeometryId, GeometryState, GeometryUse, GeometryVersion

pytestmark = pytest.mark.unit

PANEL = PanelEvidence("panel", 80, (0.061, 0.058), (0.042, 0.040), (22.0, -31.0))
PANELS = tuple(replace(PANEL, name=f"panel {number}") for number in range(60))
GOOD = Evidence(1892, (0.061, 0.058), (0.042, 0.040), 57, 6.6, PANELS)
VERSION = GeometryVersion(
    use=GeometryUse(GeometryId(4), StoredObject("k", "a" * 64, 1), 250.0, multi_panel=True),
    beamline="i24",
    detector="PILATUS3 6M",
    state=GeometryState.CANDIDATE,
    valid_from=None,
    valid_until=None,
    distance_mm=250.4,
    hierarchy_level=1,
    panel_count=60,
    evidence=GOOD,
    origin="a test",
    made_by="a test",
    made_at=datetime(2026, 1, 2, tzinfo=UTC),
)


def swap(**change: Any) -> tuple[PanelEvidence, ...]:
    """Change the evidence of the first two panels."""
    return (*(replace(panel, **change) for panel in PANELS[:2]), *PANELS[2:])


def test_a_good_geometry_may_serve() -> None:
    assert faults(VERSION, GeometryGate()) == []


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (None, "no evidence on held-out data"),
        (replace(GOOD, held_out_count=499), "499 held-out reflections are too few"),
        (replace(GOOD, held_out_rmsd_after_mm=(0.042, 0.059)), "worse along y"),
        (replace(GOOD, held_out_rmsd_after_mm=(0.062, 0.040)), "worse along x"),
        (replace(GOOD, half_split_um=12.1), "12.1 um apart"),
        (replace(GOOD, half_split_um=None), "not said how well two halves"),
        (replace(GOOD, covered_panel_count=29), "29 of 60 panels"),
        (replace(GOOD, panels=PANELS[:59]), "said of 59 of 60 panels"),
        # Two panels that were given each other's corrections, in data that got better as a whole.
        (
            replace(GOOD, panels=swap(held_out_rmsd_after_mm=(0.075, 0.071))),
            r"worse on 2 of 60 panels (panel 0, panel 1), up to 1.23 times",
        ),
        # Two panels exchanged: their reflections find no prediction, and no RMSD tells. 212 x 0.172 mm apart.
        (
            replace(GOOD, panels=swap(held_out_count=0, shift_um=(0.0, 36464.0))),
            "2 of 60 panels (panel 0, panel 1) moved by up to 36464 um",
        ),
    ],
)
def test_a_geometry_that_falls_short_is_refused_with_the_reason(
    evidence: Evidence | None, words: str
) -> None:
    found = faults(replace(VERSION, evidence=evidence), GeometryGate())
    assert len(found) == 1
    assert words in found[0]


def test_a_panel_with_few_held_out_reflections_is_not_judged_by_them() -> None:
    """Of 20 reflections an RMSD is known to 16 %: two such panels of 60 would be worse by chance."""
    few = replace(GOOD, panels=swap(held_out_count=20, held_out_rmsd_after_mm=(0.075, 0.071)))
    assert faults(replace(VERSION, evidence=few), GeometryGate()) == []


def test_a_wrong_distance_is_refused_and_an_unknown_one_is_not() -> None:
    far = replace(VERSION, distance_mm=256.0)
    assert "2.4% off" in faults(far, GeometryGate())[0]
    assert faults(replace(far, use=replace(far.use, header_distance_mm=None)), GeometryGate()) == []


def test_a_detector_of_one_panel_needs_no_halves() -> None:
    single = replace(
        VERSION, panel_count=1, evidence=replace(GOOD, covered_panel_count=1, half_split_um=None, panels=())
    )
    assert faults(single, GeometryGate()) == []


def test_panels_that_did_not_move_against_each_other_need_no_halves() -> None:
    whole = replace(VERSION, hierarchy_level=0, evidence=replace(GOOD, half_split_um=None))
    assert faults(whole, GeometryGate()) == []


def test_a_beamline_sets_its_own_gate(tmp_path: Path) -> None:
    path = tmp_path / "i24.yaml"
    path.write_text(
        "beamline: i24\nroots: [.]\ngeometry: {least_held_out_count: 2000, goniometer: geometry}\n"
    )
    rules = read_beamline(path).geometry
    assert rules.goniometer == "geometry"
    assert rules.beam == "header"
    assert "2000 are needed" in faults(VERSION, rules.gate())[0]


def test_a_gate_that_lets_worse_geometries_pass_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "i24.yaml"
    path.write_text("beamline: i24\nroots: [.]\ngeometry: {largest_held_out_ratio: 1.2}\n")
    with pytest.raises(InvalidInputError, match=r"geometry\.largest_held_out_ratio"):
        read_beamline(path)


def test_evidence_comes_back_as_it_was_written() -> None:
    assert Evidence.from_json(json.loads(json.dumps(GOOD.as_json()))) == GOOD


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"held_out_count": -1}, "held_out_count"),
        ({"held_out_count": float("nan")}, "held_out_count"),
        ({"held_out_rmsd_after_mm": [0.1]}, "two numbers"),
        ({"covered_panel_count": True}, "covered_panel_count"),
        ({"half_split_um": "6"}, "half_split_um"),
        ({"panels": 60}, "panels must be a list"),
        ({"panels": [{"name": "1"}]}, "a panel needs name, held_out_count"),
        ({"panels": [asdict(PANEL) | {"shift_um": [1.0, float("inf")]}]}, "shift_um"),
        ({"half_spilt_um": 6.0}, "no figure half_spilt_um"),
    ],
)
def test_evidence_that_is_no_evidence_is_refused_by_name(change: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        Evidence.from_json(GOOD.as_json() | change)
