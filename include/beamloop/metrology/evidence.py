"""Step evidence: what the refined geometry does to data that it has not seen; then it becomes a candidate."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot
from pathlib import Path
from typing import Any

from beamloop.dials_cli.correlations import correlate_parameters, read_correlations
from beamloop.dials_cli.geometry_comparison import GeometryComparison
from beamloop.dials_cli.paths import relative_to
from beamloop.geometry.candidates import store_models
from beamloop.geometry.hierarchy import panel_names, parts_at
from beamloop.geometry.models import beam_path_mm, describe_models, read_models
from beamloop.metrology.half_split import HalfSplit, split_in_halves
from beamloop.metrology.held_out import (
    Account,
    Geometries,
    Judged,
    judge,
    refined_pair,
    write_geometries,
)
from beamloop.metrology.levels import Level
from beamloop.metrology.part_tables import Comparison, group_table, panel_table
from beamloop.metrology.refine import level_options
from beamloop.metrology.tables import (
    FORMAT,
    correlation_table,
    level_row,
    rmsd_row,
    shell_table,
    whole_table,
)
from beamloop.metrology.work import MetrologyFinding, MetrologyWork, failed, kept
from beamloop.records.evidence import Evidence, PanelEvidence
from beamloop.records.geometry import NewGeometry
from beamloop.records.identifiers import RunId
from beamloop.records.metrology import Choice, MetrologySweep
from beamloop.records.program import ProgramResult

EVIDENCE = "evidence.json"
CORRELATIONS = "correlations.json"
# Values of the Jacobian that are held at once: 8 bytes each.
LARGEST_JACOBIAN = 50_000_000
PARAMETERS_OF_PANEL = 6
VALUES_PER_REFLECTION = 3
NONE_MM = (0.0, 0.0)  # of a panel without held-out reflections


def perform(work: MetrologyWork) -> MetrologyFinding:
    """Judge every level on held-out data; the best of them is the candidate."""
    geometries, account = write_geometries(work), Account()
    judged = judge(work, geometries, account)
    left = [Choice(run_id, None, why) for run_id, why in account.left.items()]
    if judged is None:
        if account.failed:
            return replace(failed(work, account.programs), choices=tuple(left))
        return kept("No candidate: nothing is left that was held out.", account.programs, left)
    level = best_level(judged.held_out, geometries.levels)
    split = split_in_halves(work, geometries.levels[0], level, account.programs) if level.level else None
    evidence = _evidence(Findings(work, geometries, judged, account, level, split))
    (work.staging / EVIDENCE).write_text(json.dumps(evidence.as_json(), indent=1), "utf-8")
    before, after = evidence.held_out_rmsd_before_mm, evidence.held_out_rmsd_after_mm
    text = (
        f"{evidence.held_out_count} held-out reflections: RMSD {hypot(*before):.4f} mm before, "
        f"{hypot(*after):.4f} mm with level {level.level}"
    )
    new = _candidate(work, geometries, level, evidence)
    return MetrologyFinding(text, tuple(account.programs), geometry=new, choices=tuple(left))


def best_level(held_out: GeometryComparison, levels: Sequence[Level]) -> Level:
    """Return the level whose geometry fits held-out data best; the deeper one of two that fit alike.

    A level that follows noise fits what it was refined against better, and held-out data worse.
    """

    def misfit_mm(level: Level) -> float:
        return hypot(*(held_out.rmsd_mm(1 + level.level) or (0.0, 0.0)))

    return min(reversed(levels), key=misfit_mm)


@dataclass(frozen=True, slots=True)
class Findings:
    """All that the evidence is written from."""

    work: MetrologyWork
    geometries: Geometries
    judged: Judged
    account: Account
    level: Level  # the candidate's
    split: HalfSplit | None


def _evidence(found: Findings) -> Evidence:
    level, options = found.level, found.work.metrology.options
    whole = rmsd_row(found.judged.held_out, level.level)
    names = panel_names(found.geometries.header)
    covered = [
        name
        for name, used in zip(names, level.panel_counts, strict=True)
        if used >= options.least_panel_count and name not in level.fixed_panels
    ]
    details = _details(found)
    return Evidence(
        held_out_count=whole["count"],
        held_out_rmsd_before_mm=whole["rmsd_before_mm"],
        held_out_rmsd_after_mm=whole["rmsd_after_mm"],
        covered_panel_count=len(covered),
        half_split_um=found.split.rms_um if found.split else None,
        panels=tuple(map(_panel, details["panels"])) if len(names) > 1 else (),
        details=details,
    )


def _panel(row: dict[str, Any]) -> PanelEvidence:
    held_out = row["held_out"]
    along_fast, along_slow, _ = row["shift_um"]
    return PanelEvidence(
        name=row["panel"],
        held_out_count=held_out["count"],
        held_out_rmsd_before_mm=held_out["rmsd_before_mm"] or NONE_MM,
        held_out_rmsd_after_mm=held_out["rmsd_after_mm"] or NONE_MM,
        shift_um=(along_fast, along_slow),
    )


def _details(found: Findings) -> dict[str, Any]:
    work, geometries, judged, level = found.work, found.geometries, found.judged, found.level
    models = read_models(refined_pair(work, level)[0])
    comparison = Comparison(
        geometries.start, geometries.header, models, level, judged.refined, judged.held_out, found.split
    )
    return {
        "format": FORMAT,
        "metrology_id": work.metrology.metrology_id,
        "level": level.level,
        "levels": [level_row(one, models, judged.held_out) for one in geometries.levels],
        "whole": whole_table(geometries.header, geometries.start, models),
        "held_out": rmsd_row(judged.held_out, level.level),
        "refined": rmsd_row(judged.refined, level.level),
        "panels": panel_table(comparison),
        "groups": group_table(comparison, geometries.levels),
        "shells": shell_table(judged.refined, judged.held_out, level.level),
        "fixed_panels": list(level.fixed_panels),
        "least_panel_count": work.metrology.options.least_panel_count,
        "correlations": _correlations(work, level, found.account.programs),
        "sweeps": [_sweep_row(sweep, found.account.left) for sweep in work.metrology.sweeps],
    }


def _sweep_row(sweep: MetrologySweep, left: Mapping[RunId, str]) -> dict[str, Any]:
    return {
        "sweep": sweep.name,
        "collection": sweep.collection,
        "run_id": sweep.run_id,
        "role": sweep.role.value if sweep.role and sweep.run_id not in left else None,
        "why": left.get(sweep.run_id, sweep.why),
    }


def _correlations(
    work: MetrologyWork, level: Level, started: list[ProgramResult]
) -> list[dict[str, Any]] | None:
    """Return how distances correlate; None where the Jacobian is too large for it, or its program failed."""
    panels = len(level.panel_counts)
    if PARAMETERS_OF_PANEL * panels * VALUES_PER_REFLECTION * level.used_count > LARGEST_JACOBIAN:
        return None
    experiments, reflections = refined_pair(work, level)
    result = correlate_parameters(
        work.services.dials,
        work.staging,
        relative_to(work.staging, experiments),
        relative_to(work.staging, reflections),
        position=0,
        output=CORRELATIONS,
        options=level_options(work, level.level, several=False),
        limits=work.limits,
    )
    started.append(result)
    if not result.succeeded:
        return None
    found = read_correlations(work.staging / CORRELATIONS)
    return correlation_table(found, [part.name for part in parts_at(read_models(experiments), level.level)])


def _candidate(work: MetrologyWork, geometries: Geometries, level: Level, evidence: Evidence) -> NewGeometry:
    """Return the candidate: the models as they were refined, and what data made it."""
    metrology, options = work.metrology, work.metrology.options
    models = read_models(refined_pair(work, level)[0])
    left = {row["run_id"] for row in evidence.details["sweeps"] if row["role"] is None}
    return NewGeometry(
        beamline=metrology.beamline,
        detector=metrology.detector,
        models=describe_models(models),
        stored=store_models(work.services.store, metrology.beamline, models),
        header_distance_mm=beam_path_mm(geometries.header),
        hierarchy_level=level.level,
        evidence=evidence,
        origin=f"metrology {metrology.metrology_id}, {Path(metrology.place).name}",
        made_by=metrology.requested_by,
        takes_beam=options.takes_beam,
        takes_goniometer=options.takes_goniometer,
        sources={s.run_id: s.role for s in metrology.sweeps if s.role and s.run_id not in left},
    )
