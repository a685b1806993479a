"""From a program that did not succeed to an outcome, where its end or its log tells."""

from collections.abc import Mapping

from beamloop.dials_cli.failures import FailureCause, explain_failure
from beamloop.errors import DiskFullError, TransientError
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.program import ProgramEnd, ProgramLimits, ProgramResult

Meanings = Mapping[FailureCause, OutcomeCode]

WHEN_KILLED = (
    "Nothing: the step is tried again by itself. Where it happens again, see the machine's kernel log: short "
    "of memory, it ends programs."
)

# What a cause means, where the step does not say otherwise. What is not here is nobody's outcome: the
# program crashed.
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


def outcome_of_end(result: ProgramResult, limits: ProgramLimits, step: str) -> Outcome | None:
    """Say how a program was ended by its limits; None where it ended by itself.

    Raises
    ------
    TransientError
        When it was ended from outside.
    """
    program = result.program
    if result.end is ProgramEnd.TIMED_OUT:
        words = f"{program} was ended after {result.wall_s:.0f} s, the limit of this beamline."
        return Outcome(OutcomeCode.TIMED_OUT, words, step)
    if result.end is ProgramEnd.OUT_OF_MEMORY:
        limit_gb = limits.memory_bytes / 1024**3
        words = f"{program} was ended when it needed more than {limit_gb:.1f} GB, the limit of this beamline."
        return Outcome(OutcomeCode.OUT_OF_MEMORY, words, step)
    if result.end is ProgramEnd.CANCELLED:
        raise TransientError(
            f"{program} was ended from outside.", evidence=str(result.log_path), try_next=WHEN_KILLED
        )
    return None


def outcome_of_failure(result: ProgramResult, limits: ProgramLimits, step: str) -> Outcome:
    """Say why a program failed, by its end, or else by its last words.

    Raises
    ------
    TransientError
        When it was ended from outside, or the disk is full.
    """
    return outcome_of_end(result, limits, step) or outcome_of_log(result, step)


def outcome_of_log(result: ProgramResult, step: str, meanings: Meanings = MEANINGS) -> Outcome:
    """Say why a program failed, by its last words.

    Parameters
    ----------
    result
        A program that ended by itself and failed.
    step
        The step that started it.
    meanings
        What a cause means in this step, over :data:`MEANINGS`.

    Raises
    ------
    DiskFullError
        When the disk has no room: the data are not at fault.
    TransientError
        When the program was ended from outside.
    """
    cause, quote = explain_failure(result)
    if cause is FailureCause.DISK_FULL:
        raise DiskFullError(
            f"The disk of {result.log_path.parent} is full.",
            evidence=str(result.log_path),
            try_next="Make room; the step is tried again by itself, or clear its task in Airflow.",
        )
    if cause is FailureCause.KILLED:
        raise TransientError(
            f"{result.program} was {quote}.", evidence=str(result.log_path), try_next=WHEN_KILLED
        )
    code = {**MEANINGS, **meanings}.get(cause, OutcomeCode.PROGRAM_CRASHED)
    said = f"{result.program} says: {quote}" if quote else f"{result.program} ended with {result.exit_code}."
    if code is OutcomeCode.PROGRAM_CRASHED and result.missing_outputs:
        said += f" It left out {', '.join(result.missing_outputs)}."
    return Outcome(code, said, step)
