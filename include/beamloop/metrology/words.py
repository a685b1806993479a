"""A metrology in plain words: what came of it, and what a person may do next."""

from collections.abc import Sequence
from math import hypot
from typing import Any

from beamloop.records.evidence import Evidence
from beamloop.records.geometry import GeometryId


def what_came(geometry_id: GeometryId, evidence: Evidence, faults: Sequence[str]) -> str:
    """Say in some sentences what a candidate is worth.

    Parameters
    ----------
    geometry_id
        The candidate.
    evidence
        On held-out data.
    faults
        In what it falls short of the gate.
    """
    before, after = (
        1e3 * hypot(*pair_mm)
        for pair_mm in (evidence.held_out_rmsd_before_mm, evidence.held_out_rmsd_after_mm)
    )
    words = (
        f"Geometry {geometry_id}: {evidence.held_out_count} held-out reflections lie {after:.0f} um "
        f"from where it predicts them, {before:.0f} um as they were imported"
    )
    if evidence.half_split_um is not None:
        words += f"; two halves of the data agree to {evidence.half_split_um:.1f} um on the panels"
    words += "."
    if faults:
        words += f" It falls short of the gate: {' '.join(faults)}"
    return words


def next_thing(geometry_id: GeometryId, faults: Sequence[str]) -> str:
    """Say what a person may do."""
    if faults:
        return (
            "Collect a long sweep that covers every panel, at this distance, and calibrate again; or refuse "
            f"it: `beamloop geometry reject {geometry_id} --why ...`."
        )
    return (
        f"Look at the maps below, then `beamloop geometry promote {geometry_id} --why ...`: imports of data "
        "from now on take it."
    )


def whole_changes(whole: Any) -> list[tuple[str, ...]]:
    """Return what moved of the whole detector: name, header, as imported, refined."""
    rows = (
        ("distance (mm)", "distance_mm", 3),
        ("beam from the detector's middle, fast (mm)", "beam_fast_mm", 3),
        ("beam from the detector's middle, slow (mm)", "beam_slow_mm", 3),
        ("tilt about fast (mrad)", "tilt_fast_mrad", 2),
        ("tilt about slow (mrad)", "tilt_slow_mrad", 2),
    )
    return [
        (name, *(f"{whole[moment][key]:z.{digits}f}" for moment in ("header", "before", "after")))
        for name, key, digits in rows
    ]
