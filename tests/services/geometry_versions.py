"""Versions of a simulated detector with evidence as a metrology writes it, without DIALS."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
from tests.services.geometry_files import experiment_list

from beamloop.catalog.connection import Catalog
from beamloop.geometry.candidates import add_candidate, store_models
from beamloop.geometry.models import describe_models
from beamloop.geometry.panels import panel_moves, panels_of
from beamloop.metrology.tables import FORMAT, whole_table
from beamloop.records.evidence import Evidence, PanelEvidence
from beamloop.records.geometry import GeometryId, NewGeometry
from beamloop.simulate.geometry import header_geometry, true_geometry
from beamloop.simulate.plan import DetectorPlan
from beamloop.simulate.presets import PRESETS
from beamloop.storage.contract import ArtifactStore

PLAN = replace(
    PRESETS["tiny2"](1).detector, distance_mm=250.0, distance_offset_mm=0.4, beam_offset_px=(1.6, -1.5),
    module_shift_rms_um=30.0,
)  # fmt: skip
HELD_OUT_ON_A_PANEL = 200


def add_version(
    catalog: Catalog,
    store: ArtifactStore,
    seed: int,
    *,
    plan: DetectorPlan = PLAN,
    beamline: str = "i24",
    detector: str = "PILATUS3 6M, S/N 60-0119",
    with_evidence: bool = True,
) -> GeometryId:
    """Add a candidate: the detector as the simulator's truth of this seed has it.

    Parameters
    ----------
    catalog, store
        Where to.
    seed
        Of the modules' shifts; another one is another detector.
    plan
        How large it is, and how far off.
    beamline, detector
        Whose.
    with_evidence
        Give figures on held-out data, better on each panel.
    """
    header, models = experiment_list(header_geometry(plan)), experiment_list(true_geometry(plan, seed))
    new = NewGeometry(
        beamline=beamline,
        detector=detector,
        models=describe_models(models),
        stored=store_models(store, beamline, models),
        header_distance_mm=plan.distance_mm,
        hierarchy_level=1,
        evidence=evidence_of(header, models, seed) if with_evidence else None,
        origin=f"a test, seed {seed}",
        made_by="refine_metrology",
    )
    return add_candidate(catalog, new)


def evidence_of(header: dict[str, Any], models: dict[str, Any], seed: int) -> Evidence:
    """Return figures that pass the gate, with the tables of a metrology."""
    moves = panel_moves(panels_of(header), panels_of(models))
    names = [panel["name"] for panel in models["detector"][0]["panels"]]
    before = 0.05 + 0.04 * np.random.default_rng(seed).random((len(names), 2))
    after = 0.6 * before
    panels = tuple(
        PanelEvidence(
            name, HELD_OUT_ON_A_PANEL, (before[at, 0], before[at, 1]), (after[at, 0], after[at, 1]),
            (float(moves.shift_um[at, 0]), float(moves.shift_um[at, 1])),
        )
        for at, name in enumerate(names)
    )  # fmt: skip
    count = HELD_OUT_ON_A_PANEL * len(names)
    whole = {"count": count, "rmsd_before_mm": [0.071, 0.069], "rmsd_whole_mm": [0.055, 0.054],
             "rmsd_after_mm": [0.042, 0.041]}  # fmt: skip
    details = {
        "format": FORMAT,
        "levels": [{"level": 1, "used_count": 4 * count, "rmsd_mm": [0.040, 0.039], "rmsd_phi_deg": 0.1,
                    "held_out_rmsd_mm": [0.042, 0.041], "fixed_panels": []}],
        "whole": whole_table(header, header, models),
        "held_out": whole,
        "panels": [
            {
                "panel": panel.name,
                "used_count": 320,
                "fixed": False,
                "covered_fraction": 0.9,
                "shift_um": moves.shift_um[at].tolist(),
                "rotation_mrad": moves.rotation_mrad[at].tolist(),
                "shift_from_header_um": moves.shift_um[at].tolist(),
                "half_split_um": [3.1, -2.2],
                "held_out": {
                    "count": panel.held_out_count,
                    "rmsd_before_mm": panel.held_out_rmsd_before_mm,
                    "rmsd_whole_mm": panel.held_out_rmsd_before_mm,
                    "rmsd_after_mm": panel.held_out_rmsd_after_mm,
                },
            }
            for at, panel in enumerate(panels)
        ],
        "groups": [
            {
                "level": 1,
                "group": "quadrant 1",
                "panels": names,
                "used_count": 320 * len(names),
                "fixed": False,
                "shift_um": [12.0, -7.5, 0.0],
                "rotation_mrad": [0.0, 0.0, 0.2],
                "half_split_um": [1.1, -0.2],
                "held_out": whole,
            }
        ],
        "shells": [{"d_max_angstrom": 50.0, "d_min_angstrom": 4.0, "held_out": whole, "refined": whole}],
        "sweeps": [{"sweep": "xtal1", "collection": "plate1", "run_id": 1, "role": "refined",
                    "why": "the most spots"}],
    }  # fmt: skip
    plain = json.loads(json.dumps(details))
    return Evidence(count, (0.071, 0.069), (0.042, 0.041), len(names), 6.6, panels, plain)
