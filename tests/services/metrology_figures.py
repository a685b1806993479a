"""Made-up metrologies and evidence, as the stage writes it, for tests without DIALS."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from beamloop.records.artifact import StoredObject
from beamloop.records.evidence import Evidence
from beamloop.records.geometry import GeometryModels, NewGeometry
from beamloop.records.identifiers import RunId, SweepId
from beamloop.records.metrology import (
    Metrology,
    MetrologyId,
    MetrologyOptions,
    MetrologyState,
    MetrologySweep,
)

WHOLE = {
    "distance_mm": 250.0,
    "beam_fast_mm": 0.1,
    "beam_slow_mm": -0.2,
    "tilt_fast_mrad": 3.0,
    "tilt_slow_mrad": -1.9,
}


def rmsd(count: int = 84, after_mm: float = 0.02) -> dict[str, Any]:
    """Return a row of RMSDs; none where there is no reflection."""
    if not count:
        return {"count": 0, "rmsd_before_mm": None, "rmsd_whole_mm": None, "rmsd_after_mm": None}
    return {
        "count": count,
        "rmsd_before_mm": (0.2, 0.1),
        "rmsd_whole_mm": (0.03, 0.03),
        "rmsd_after_mm": (after_mm, after_mm),
    }


def panel_row(name: str, *, fixed: bool = False) -> dict[str, Any]:
    """Return a row of the panels' table."""
    return {
        "panel": name,
        "used_count": 0 if fixed else 548,
        "fixed": fixed,
        "covered_fraction": 0.0 if fixed else 0.94,
        "shift_um": [26.4, -22.0, 8.5],
        "rotation_mrad": [-0.62, -0.07, 0.07],
        "shift_from_header_um": [26.4, -22.0, 8.5],
        "half_split_um": None if fixed else [3.4, -1.2],
        "refined": rmsd(0 if fixed else 548),
        "held_out": rmsd(0 if fixed else 84),
    }


def group_row(name: str, *panels: str, fixed: bool = False) -> dict[str, Any]:
    """Return a row of the groups' table."""
    row = panel_row("", fixed=fixed)
    return {"level": 1, "group": name, "panels": list(panels)} | {
        key: value for key, value in row.items() if key not in ("panel", "covered_fraction")
    }


def evidence(
    *panels: dict[str, Any],
    sweep: str = "long_1",
    after_mm: float = 0.02,
    groups: Sequence[dict[str, Any]] = (),
) -> Evidence:
    """Return a candidate's evidence."""
    rows = list(panels) or [panel_row("Panel0"), panel_row("Panel1", fixed=True)]
    levels: list[dict[str, Any]] = [
        {
            "level": level,
            "parts": "panels" if level else "the whole",
            "part_count": len(rows) if level else 1,
            "used_count": 1000,
            "rmsd_mm": (0.02, 0.03),
            "rmsd_phi_deg": 0.2,
            "held_out_rmsd_mm": (0.022, 0.031),
            "fixed_parts": [],
            "fixed_panels": [],
        }
        for level in (0, 1)
    ]
    coefficient = {"coefficient": 0.42, "parameter": "Shift1"}
    details = {
        "format": 1,
        "metrology_id": 3,
        "level": 1,
        "levels": levels,
        "whole": {"header": WHOLE, "before": WHOLE, "after": WHOLE | {"distance_mm": 250.37}},
        "held_out": rmsd(900, after_mm),
        "refined": rmsd(9000),
        "panels": rows,
        "groups": list(groups),
        "shells": [
            {"d_max_angstrom": 40.0, "d_min_angstrom": 4.0, "refined": rmsd(), "held_out": rmsd()},
            {"d_max_angstrom": 4.0, "d_min_angstrom": 2.3, "refined": rmsd(), "held_out": rmsd(0)},
        ],
        "fixed_panels": [row["panel"] for row in rows if row["fixed"]],
        "least_panel_count": 60,
        "correlations": [{"part": rows[0]["panel"], "with_own": coefficient, "with_cell": None}],
        "sweeps": [
            {"sweep": sweep, "collection": "plate3", "run_id": 1, "role": "refined", "why": "it is strong"},
            {"sweep": "xtal2", "collection": "plate3", "run_id": 2, "role": None, "why": "it is weak"},
        ],
    }
    return Evidence(900, (0.2, 0.1), (after_mm, after_mm), 1, 4.6, details=details)


def candidate(name: str = "a") -> NewGeometry:
    """Return a candidate about to enter the catalogue."""
    stored = StoredObject(f"i24/geometry/{name}/models.expt", "c" * 64, 1000)
    models = GeometryModels(250.37, 2, multi_panel=True)
    return NewGeometry("i24", "PILATUS3 6M", models, stored, 250.0, 1, evidence(), "metrology 1", "a test")


def sweep(number: int, *, indexed: int = 1000, distance_mm: float = 250.0) -> MetrologySweep:
    """Return a sweep that is offered."""
    return MetrologySweep(
        RunId(number), SweepId(number), f"xtal{number}", "plate3", "a" * 64, indexed, distance_mm
    )


def metrology(*sweeps: MetrologySweep, detector: str = "PILATUS3 6M") -> Metrology:
    """Return a metrology that waits."""
    return Metrology(
        metrology_id=MetrologyId(3),
        beamline="i24",
        detector=detector,
        distance_mm=250.0,
        start=None,
        sweeps=sweeps or (sweep(1), sweep(2)),
        options=MetrologyOptions(),
        dials_version="3.12.1",
        requested_by="a test",
        asked_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        place="i24/metrology/metrology-3",
        state=MetrologyState.WAITING,
        outcome=None,
        sentence="",
    )
