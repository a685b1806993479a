"""Beamloop's three kinds of bad news in Airflow's terms.

An outcome skips the rest of its sweep, a transient error is retried, a permanent one fails at once.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from beamloop.errors import PermanentError
from beamloop.records.isomorphism import Verdict
from beamloop.records.joint import Joint, JointState
from beamloop.records.metrology import Metrology, MetrologyState
from beamloop.records.outcome import Outcome, OutcomeCode

P = ParamSpec("P")
R = TypeVar("R")

FAILURES = (OutcomeCode.PROGRAM_CRASHED, OutcomeCode.ARTIFACT_DAMAGED)


def fail_when_permanent(function: Callable[P, R]) -> Callable[P, R]:
    """Let a task fail without retries on a permanent error.

    Raises
    ------
    AirflowFailException
        In its place, with its words.
    """

    @wraps(function)
    def translated(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except PermanentError as error:
            raise AirflowFailException(str(error)) from error

    return translated


def show_outcome(outcome: Outcome | None) -> None:
    """End a sweep in Airflow's grid as its run ended: skipped by an outcome, failed by a crash.

    Raises
    ------
    AirflowSkipException, AirflowFailException
        Unless it was processed, or goes on.
    """
    if outcome is None or outcome.code is OutcomeCode.PROCESSED:
        return
    words = f"{outcome.code.value}: {outcome.sentence} {outcome.try_next}"
    if outcome.code in FAILURES:
        raise AirflowFailException(words)
    raise AirflowSkipException(words)


def show_verdict(verdict: Verdict, sentence: str, try_next: str) -> None:
    """End a check in Airflow's grid as its report does: skipped where crystals differ, failed by a fault.

    Raises
    ------
    AirflowSkipException, AirflowFailException
        Unless the crystals belong together.
    """
    if verdict is Verdict.ISOMORPHOUS:
        return
    words = f"{verdict.value}: {sentence} {try_next}"
    if verdict is Verdict.IMPLAUSIBLE:
        raise AirflowFailException(words)
    raise AirflowSkipException(words)


def show_joint(joint: Joint) -> None:
    """End a group in Airflow's grid as its joint refinement ended: a result that is kept only is skipped.

    Raises
    ------
    AirflowSkipException, AirflowFailException
        When it is kept, or has failed.
    """
    show_outcome(joint.outcome)
    if joint.state is JointState.KEPT:
        raise AirflowSkipException(joint.sentence)


def show_metrology(metrology: Metrology) -> None:
    """End a detector in Airflow's grid as its metrology ended: one that gave no candidate is skipped.

    Raises
    ------
    AirflowSkipException, AirflowFailException
        When it gave none, or has failed.
    """
    show_outcome(metrology.outcome)
    if metrology.state is MetrologyState.KEPT:
        raise AirflowSkipException(metrology.sentence)
