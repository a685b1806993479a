"""Step refine: crystal, detector and beam against the indexed spots."""

from beamloop.dials_cli import programs
from beamloop.dials_cli.crystal_facts import crystal_facts
from beamloop.sweep.failures import explain
from beamloop.sweep.few_spots import refinement_options
from beamloop.sweep.refine_blocks import refine_blocks
from beamloop.sweep.work import Finding, StepWork


def perform(work: StepWork) -> Finding:
    """Refine, with the profile's outlier rejection."""
    if work.run.images.missing:
        return refine_blocks(work)
    result = programs.refine(
        work.dials,
        work.staging,
        work.input_from("index", "indexed.expt"),
        work.input_from("index", "indexed.refl"),
        options=(*refinement_options(_indexed_count(work)), *work.options),
        limits=work.limits,
    )
    if not result.succeeded:
        return explain(work, (result,))
    facts = crystal_facts(work.staging / "refined.expt", work.staging / "refined.refl")
    first = facts[0]
    text = "refined"
    if first.rmsd_x_px is not None and first.rmsd_y_px is not None:
        text = f"RMSD {first.rmsd_x_px:.2f} {first.rmsd_y_px:.2f} px"
    return Finding(text, programs=(result,), crystals=facts)


def _indexed_count(work: StepWork) -> int:
    expt, refl = (work.output_of("index", f"indexed.{suffix}") for suffix in ("expt", "refl"))
    return sum(fact.indexed_count for fact in crystal_facts(expt, refl))
