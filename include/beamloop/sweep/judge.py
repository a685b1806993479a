"""Accept what a rung of the ladder has found, or say why not."""

from dataclasses import replace
from pathlib import Path

from beamloop.dials_cli.close_spots import count_close
from beamloop.dials_cli.crystal_facts import crystal_facts
from beamloop.dials_cli.experiments import read_experiments
from beamloop.dials_cli.reflection_table import read_reflections
from beamloop.records.outcome import OutcomeCode
from beamloop.records.program import ProgramResult
from beamloop.records.run import CrystalFact
from beamloop.records.sample import Sample
from beamloop.sweep.acceptance import CLOSE_TOLERANCE, Lattice, why_not
from beamloop.sweep.work import Finding, StepWork, stopped


def judge(
    work: StepWork,
    folder: Path,
    result: ProgramResult,
    failure: OutcomeCode,
    sample: Sample,
    start_chance: float = 1.0,
) -> Finding:
    """Accept a lattice that is certainly none of chance.

    Parameters
    ----------
    work
        The step.
    folder
        Where indexed.expt and indexed.refl are.
    result
        The program that wrote them.
    failure
        What a refusal means.
    sample
        Whose cell the lattice is measured against, where it is known.
    start_chance
        Probability, 0 to 1, that an orientation begun with fits as well by chance; 1: it was searched for.
    """
    experiments, reflections = folder / "indexed.expt", folder / "indexed.refl"
    facts = crystal_facts(experiments, reflections)
    # The blocks of a sweep with missing images share one crystal: one fact each.
    whole = replace(facts[0], indexed_count=indexed_count(facts))
    spot_count = read_reflections(reflections).row_count
    found = read_experiments(experiments).experiments
    close_count = count_close(reflections, found, CLOSE_TOLERANCE)
    lattice = Lattice(whole, spot_count, found[0].wavelength_angstrom, close_count, start_chance)
    refusal = why_not(lattice, sample.unit_cell)
    if refusal:
        return replace(stopped(work, failure, refusal, (result,)), crystals=facts)
    text = f"{whole.indexed_count} of {spot_count} spots indexed, {whole.space_group}"
    return Finding(text, programs=(result,), crystals=facts)


def indexed_count(facts: tuple[CrystalFact, ...]) -> int:
    """Count the spots that all blocks' crystals index."""
    return sum(fact.indexed_count for fact in facts)
