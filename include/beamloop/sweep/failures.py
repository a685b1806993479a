"""From a program that did not succeed to the outcome of its run."""

from beamloop.dials_cli.program_outcomes import MEANINGS, Meanings, outcome_of_end, outcome_of_log
from beamloop.records.outcome import Outcome
from beamloop.records.program import ProgramResult
from beamloop.sweep.verify_images import code_for, faults_in, words_for
from beamloop.sweep.work import Finding, StepWork


def explain(work: StepWork, results: tuple[ProgramResult, ...], meanings: Meanings = MEANINGS) -> Finding:
    """Say why the last of a step's programs failed.

    Parameters
    ----------
    work
        The step.
    results
        The programs it started; the last one failed.
    meanings
        What a cause means in this step.

    Raises
    ------
    DiskFullError
        When the disk has no room: the data are not at fault.
    TransientError
        When the program was ended from outside.
    """
    result = results[-1]
    outcome = (
        outcome_of_end(result, work.limits, work.step)
        or _outcome_of_images(work, result.argv[0])
        or outcome_of_log(result, work.step, meanings)
    )
    return Finding(outcome.sentence, outcome, programs=results)


def _outcome_of_images(work: StepWork, program: str) -> Outcome | None:
    """Blame the images where some are faulty: their faults explain whatever a program says."""
    images = work.run.images
    faults = faults_in(images)
    if not faults:
        return None
    words = f"When {program} failed, of {len(images.paths())} files {words_for(faults)}"
    return Outcome(code_for(faults), words, work.step)
