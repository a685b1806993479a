"""Step export: integrated reflections as an MTZ file."""

from beamloop.dials_cli import programs
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.sweep.failures import explain
from beamloop.sweep.work import Finding, StepWork


def perform(work: StepWork) -> Finding:
    """Write integrated.mtz; with it the run has ended well."""
    result = programs.export(
        work.dials,
        work.staging,
        work.input_from("integrate", "integrated.expt"),
        work.input_from("integrate", "integrated.refl"),
        options=work.options,
        limits=work.limits,
    )
    if not result.succeeded:
        return explain(work, (result,))
    words = "Images to MTZ."
    if not work.run.parameters.for_merging:
        words += " Fast summation: good for cells and geometry, not for merging."
    return Finding("integrated.mtz", Outcome(OutcomeCode.PROCESSED, words, work.step), programs=(result,))
