"""Step integrate: intensities of all predicted reflections."""

from collections.abc import Sequence

from beamloop.dials_cli.crystal_facts import crystal_facts
from beamloop.dials_cli.reflections import summarise_integration
from beamloop.records.outcome import OutcomeCode
from beamloop.records.program import ProgramResult
from beamloop.records.run import CrystalFact, IntegrationFact
from beamloop.sweep.failures import explain
from beamloop.sweep.integrate_blocks import integrate_singly
from beamloop.sweep.integrate_pair import WIDE_WORDS, integrate_pair, wants_spots
from beamloop.sweep.work import Finding, StepWork, stopped


def perform(work: StepWork) -> Finding:
    """Integrate, by summation or profile fitting as the profile says."""
    expt, refl = (work.input_from("refine", f"refined.{suffix}") for suffix in ("expt", "refl"))
    integrated = integrate_pair(work, work.staging, expt, refl)
    if integrated.succeeded:
        facts = crystal_facts(work.staging / "integrated.expt", work.output_of("refine", "refined.refl"))
        return _finding(work, integrated.results, facts, (WIDE_WORDS,) if integrated.widened else ())
    if work.run.images.missing and wants_spots(integrated.results[-1]):
        blocks = integrate_singly(work)
        results = (*integrated.results, *blocks.results)
        if blocks.facts:
            return _finding(work, results, blocks.facts, blocks.words)
        return explain(work, results)
    return explain(work, integrated.results)


def _finding(
    work: StepWork, results: tuple[ProgramResult, ...], facts: tuple[CrystalFact, ...], notes: Sequence[str]
) -> Finding:
    summary = summarise_integration(work.staging / "integrated.refl")
    count = max(summary.summed_count, summary.profile_fitted_count)
    if count == 0:
        return stopped(work, OutcomeCode.INTEGRATION_FAILED, "No reflection was integrated.", results)
    fact = IntegrationFact(
        summed_count=summary.summed_count,
        profile_fitted_count=summary.profile_fitted_count,
        mean_i_over_sigma=summary.mean_i_over_sigma,
        d_min_angstrom=summary.d_min_angstrom,
        for_merging=work.run.parameters.for_merging,
    )
    text = "; ".join([f"{count} reflections integrated", *notes])
    return Finding(text, programs=results, crystals=facts, integration=fact)
