"""From a program that did not succeed to the outcome of its run."""

from collections.abc import Mapping

from beamloop.dials_cli.failures import FailureCause, explain_failure
from beamloop.errors import DiskFullError, TransientError
from beamloop.image_files.faults import NOT_THERE
from beamloop.records.outcome import OutcomeCode
from beamloop.records.program import ProgramEnd, ProgramResult
from beamloop.sweep.verify_images import faults_of, words_for
from beamloop.sweep.work import Finding, StepWork, stopped

Meanings = Mapping[FailureCause, OutcomeCode]

# What a cause means for the run, where the step does not say otherwise. What is not here is nobody's
# outcome: the program crashed.
MEANINGS: Meanings = {
    FailureCause.NO_SPOTS: OutcomeCode.NO_SPOTS,
    FailureCause.NO_SUITABLE_LATTICE: OutcomeCode.NO_LATTICE,
    FailureCause.WRONG_SYMMETRY: OutcomeCode.WRONG_SYMMETRY,
    FailureCause.TOO_FEW_REFLECTIONS: OutcomeCode.TOO_FEW_REFLECTIONS,
    FailureCause.REFINEMENT_DIVERGED: OutcomeCode.REFINEMENT_FAILED,
    FailureCause.NOTHING_LEFT: OutcomeCode.INTEGRATION_FAILED,
    FailureCause.MISSING_IMAGE: OutcomeCode.MISSING_IMAGES,
    FailureCause.UNREADABLE_IMAGE: OutcomeCode.UNREADABLE_IMAGES,
    FailureCause.OUT_OF_MEMORY: OutcomeCode.OUT_OF_MEMORY,
}


def explain(work: StepWork, results: tuple[ProgramResult, ...], meanings: Meanings = MEANINGS) -> Finding:
    """Say why the last of a step's programs failed.

    Parameters
    ----------
    work
        The step.
    results
        The programs it started; the last one failed.
    meanings
        What a cause means in this step, over :data:`MEANINGS`.

    Raises
    ------
    DiskFullError
        When the disk has no room: the data are not at fault.
    TransientError
        When the program was ended from outside.
    """
    result = results[-1]
    program = result.argv[0]
    if result.end is ProgramEnd.TIMED_OUT:
        words = f"{program} was ended after {result.wall_s:.0f} s, the limit of this beamline."
        return stopped(work, OutcomeCode.TIMED_OUT, words, results)
    if result.end is ProgramEnd.OUT_OF_MEMORY:
        limit_gb = work.limits.memory_bytes / 1024**3
        words = f"{program} was ended when it needed more than {limit_gb:.1f} GB, the limit of this beamline."
        return stopped(work, OutcomeCode.OUT_OF_MEMORY, words, results)
    if result.end is ProgramEnd.CANCELLED:
        raise TransientError(f"{program} was ended from outside.", evidence=str(result.log_path))
    images = work.run.images
    faults = faults_of(images.paths(), images.directory)
    if faults:
        gone = set(faults) == {NOT_THERE}
        code = OutcomeCode.MISSING_IMAGES if gone else OutcomeCode.UNREADABLE_IMAGES
        return stopped(
            work, code, f"When {program} failed, of {work.image_count} images {words_for(faults)}", results
        )
    return _by_log(work, results, {**MEANINGS, **meanings})


def _by_log(work: StepWork, results: tuple[ProgramResult, ...], meanings: Meanings) -> Finding:
    result = results[-1]
    cause, quote = explain_failure(result)
    if cause is FailureCause.DISK_FULL:
        raise DiskFullError(
            f"The disk of {work.staging} is full.",
            evidence=str(result.log_path),
            try_next="Make room, then run the step again.",
        )
    if cause is FailureCause.KILLED:
        raise TransientError(f"{result.argv[0]} was {quote}.", evidence=str(result.log_path))
    code = meanings.get(cause, OutcomeCode.PROGRAM_CRASHED)
    said = f"{result.argv[0]} says: {quote}" if quote else f"{result.argv[0]} ended with {result.exit_code}."
    if code is OutcomeCode.PROGRAM_CRASHED and result.missing_outputs:
        said += f" It left out {', '.join(result.missing_outputs)}."
    return stopped(work, code, said, results)
