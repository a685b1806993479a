"""Step refine: all crystals of the group on one beam and one detector, and what that changed."""

import shutil
from collections.abc import Sequence

from beamloop.joint.compare import common_cells, compare_members, group_figures, stayed_members
from beamloop.joint.correlate import correlate, furthest_off
from beamloop.joint.crystals import Crystal, crystal_figures, read_pair
from beamloop.joint.divide import divide
from beamloop.joint.gate import why_worse
from beamloop.joint.gather import Gathered, gather
from beamloop.joint.refine_divided import refine_divided
from beamloop.joint.refine_together import Refined
from beamloop.joint.setup import shared_models, strangers
from beamloop.joint.work import JointFinding, JointWork, failed
from beamloop.records.joint import Comparison, CrystalKey
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.program import ProgramResult

FEWEST = 2  # one crystal has nothing to share


def perform(work: JointWork) -> JointFinding:
    """Refine the group; write refined.expt and refined.refl."""
    gathered = gather(work)
    if gathered.failed:
        return failed(work, gathered.programs)
    left = dict(gathered.left)
    if gathered.crystals:
        left |= strangers(gathered.crystals)
    taking_part = [crystal for crystal in gathered.crystals if crystal.key not in left]
    if len(taking_part) < FEWEST:
        return _too_few(work, left, gathered.programs)
    return _refine(work, gathered, taking_part, left)


def _refine(
    work: JointWork, gathered: Gathered, crystals: Sequence[Crystal], left: dict[CrystalKey, str]
) -> JointFinding:
    division = divide(crystals, work.joint.options.crystals_at_once)
    shared = shared_models(crystals)
    refined = refine_divided(work, division, shared)
    started = (*gathered.programs, *refined.programs)
    left |= refined.left
    if refined.files is None:
        return failed(work, started)
    if len(refined.crystals) < FEWEST:
        return _too_few(work, left, started)
    for path, suffix in zip(refined.files, ("expt", "refl"), strict=True):
        shutil.copyfile(path, work.staging / f"refined.{suffix}")
    notes = _notes(gathered, crystals, shared, 1 + len(division.parts))
    comparison = _compare(work, gathered.crystals, refined, left, notes, 1 + len(division.parts))
    cells, _, _ = common_cells(comparison.members)
    started += tuple(correlate(work, refined, furthest_off(cells)))
    return JointFinding(_words(comparison), started, comparison=comparison)


def _compare(
    work: JointWork,
    crystals: Sequence[Crystal],
    refined: Refined,
    left: dict[CrystalKey, str],
    notes: tuple[str, ...],
    parts: int,
) -> Comparison:
    found = read_pair(work.staging / "refined.expt", work.staging / "refined.refl")
    after = {
        crystal.key: crystal_figures(*figures)
        for crystal, figures in zip(refined.crystals, found, strict=True)
    }
    members = compare_members(work.joint, crystals, after, left)
    cells_before, cells_after, setting = common_cells(members)
    stayed = stayed_members(members)
    group_before = group_figures(cells_before, [old for _, old, _ in stayed])
    group_after = group_figures(cells_after, [new for _, _, new in stayed])
    worse = why_worse(group_before, group_after, members, work.joint.options)
    return Comparison(members, group_before, group_after, setting, worse, notes, parts)


def _notes(
    gathered: Gathered, crystals: Sequence[Crystal], shared: Sequence[str], parts: int
) -> tuple[str, ...]:
    notes = []
    if gathered.refined_alone:
        notes.append(
            f"{gathered.refined_alone} sweeps had been refined in another way: before is each of them "
            "refined alone with the options of the joint refinement."
        )
    groups = sorted({crystal.space_group for crystal in crystals})
    if len(groups) > 1:
        notes.append(
            f"The members disagree in symmetry: {', '.join(groups)}. Process those of the wrong one again, "
            "`beamloop reprocess COLLECTION SWEEP --space-group ...`."
        )
    if "goniometer" not in shared:
        notes.append("The fixed rotation (kappa) is not the same for all: each keeps its own goniometer.")
    if parts > 1:
        notes.append(
            f"Divided into {parts} refinements: the crystals with most reflections gave beam and detector, "
            "the others were refined on these."
        )
    return tuple(notes)


def _too_few(work: JointWork, left: dict[CrystalKey, str], started: Sequence[ProgramResult]) -> JointFinding:
    names = work.joint.member_names()
    named = "; ".join(f"{names[key]}: {why}" for key, why in left.items())
    sentence = "Fewer than two crystals can be refined together."
    if named:
        sentence += f" Left out: {named}."
    outcome = Outcome(OutcomeCode.TOO_FEW_REFLECTIONS, sentence, work.step)
    return JointFinding(sentence, tuple(started), outcome)


def _words(comparison: Comparison) -> str:
    before, after = comparison.before, comparison.after
    stayed = sum(1 for member in comparison.members if member.after)
    words = f"{stayed} crystals: LCV {before.lcv_percent:.2f} % -> {after.lcv_percent:.2f} %"
    gone = [member.name for member in comparison.members if not member.after]
    return f"{words}; left: {', '.join(gone)}" if gone else words
