"""Step integrate: intensities of all predicted reflections."""

from beamloop.dials_cli import programs
from beamloop.dials_cli.crystal_facts import crystal_facts
from beamloop.dials_cli.reflections import summarise_integration
from beamloop.records.outcome import OutcomeCode
from beamloop.records.run import IntegrationFact
from beamloop.sweep.failures import explain
from beamloop.sweep.work import Finding, StepWork, stopped


def perform(work: StepWork) -> Finding:
    """Integrate, by summation or profile fitting as the profile says."""
    result = programs.integrate(
        work.dials,
        work.staging,
        work.input_from("refine", "refined.expt"),
        work.input_from("refine", "refined.refl"),
        options=work.options,
        limits=work.limits,
    )
    if not result.succeeded:
        return explain(work, (result,))
    summary = summarise_integration(work.staging / "integrated.refl")
    count = max(summary.summed_count, summary.profile_fitted_count)
    if count == 0:
        return stopped(work, OutcomeCode.INTEGRATION_FAILED, "No reflection was integrated.", (result,))
    fact = IntegrationFact(
        summed_count=summary.summed_count,
        profile_fitted_count=summary.profile_fitted_count,
        mean_i_over_sigma=summary.mean_i_over_sigma,
        d_min_angstrom=summary.d_min_angstrom,
        for_merging=work.run.parameters.for_merging,
    )
    facts = crystal_facts(work.staging / "integrated.expt", work.output_of("refine", "refined.refl"))
    return Finding(f"{count} reflections integrated", programs=(result,), crystals=facts, integration=fact)
