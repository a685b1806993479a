"""Made-up crystals and figures for tests of the joint stage."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from beamloop.dials_cli.detector import DetectorSummary
from beamloop.dials_cli.experiments import ExperimentSummary
from beamloop.dials_cli.goniometer import GoniometerSummary
from beamloop.joint.compare import common_cells, group_figures, stayed_members
from beamloop.joint.crystals import Crystal
from beamloop.joint.gate import why_worse
from beamloop.records.identifiers import CollectionId, GroupId, ReportId, RunId, SweepId
from beamloop.records.isomorphism import GroupMember
from beamloop.records.joint import (
    Comparison,
    CrystalFigures,
    Joint,
    JointId,
    JointOptions,
    JointState,
    MemberFigures,
)

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
DETECTOR = DetectorSummary(1, (0.172, 0.172), 0, 250.0, 84.6, 89.9, 492.0, 523.0)
GONIOMETER = GoniometerSummary((1.0, 0.0, 0.0), IDENTITY, IDENTITY)
MODEL = ExperimentSummary("", "", 0.978, DETECTOR, None, None, None, GONIOMETER)


def figures(a_angstrom: float = 98.3, *, used: int = 100, rmsd_mm: float = 0.05) -> CrystalFigures:
    """Return a hexagonal crystal's figures."""
    cell = (a_angstrom, a_angstrom, 136.6 * a_angstrom / 98.3, 90.0, 90.0, 120.0)
    return CrystalFigures(cell, (0.02, 0.02, 0.05, 0, 0, 0), used, rmsd_mm, rmsd_mm, 0.1, 250.0)


def crystal(number: int, *, used: int = 100, model: ExperimentSummary = MODEL) -> Crystal:
    """Return a crystal of a run of its own."""
    files = (Path(f"{number}.expt"), Path(f"{number}.refl"))
    return Crystal(RunId(number), 1, f"xtal{number}", "H 3", files, model, figures(used=used))


def with_detector(**changes: float | int | tuple[float, float]) -> ExperimentSummary:
    """Return models whose detector differs."""
    return replace(MODEL, detector=replace(DETECTOR, **changes))  # type: ignore[arg-type]


def member(
    number: int, before: CrystalFigures | None, after: CrystalFigures | None, left: str = ""
) -> MemberFigures:
    """Return a crystal before and after."""
    return MemberFigures(RunId(number), 1, f"xtal{number}", "H 3", before, after, left)


def comparison(*members: MemberFigures, notes: tuple[str, ...] = ()) -> Comparison:
    """Return what a joint refinement of these changed, judged with the usual options."""
    before, after, setting = common_cells(members)
    stayed = stayed_members(members)
    group_before = group_figures(before, [old for _, old, _ in stayed])
    group_after = group_figures(after, [new for _, _, new in stayed])
    worse = why_worse(group_before, group_after, members, JointOptions())
    return Comparison(members, group_before, group_after, setting, worse, notes)


def joint(*numbers: int) -> Joint:
    """Return a joint refinement of crystals of runs of these numbers."""
    return Joint(
        joint_id=JointId(3),
        group_id=GroupId(4),
        group_name="A",
        report_id=ReportId(31),
        collection_id=CollectionId(5),
        collection_name="plate3",
        members=tuple(
            GroupMember(RunId(n), 1, SweepId(n), f"xtal{n}", "", "H 3", figures().cell) for n in numbers
        ),
        options=JointOptions(),
        dials_version="3.12.1",
        requested_by="anna",
        asked_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        place="i24/plate3/joint/joint-3",
        state=JointState.WAITING,
        outcome=None,
        sentence="",
    )
