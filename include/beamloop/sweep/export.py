"""Step export: integrated reflections as an MTZ file."""

from beamloop.dials_cli import programs
from beamloop.sweep.export_blocks import export_blocks
from beamloop.sweep.failures import explain
from beamloop.sweep.work import Finding, StepWork, processed


def perform(work: StepWork) -> Finding:
    """Write integrated.mtz, or one file a block; with it the run has ended well."""
    if work.run.images.missing:
        return export_blocks(work)
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
    return processed(work, "integrated.mtz", "Images to MTZ.", (result,))
