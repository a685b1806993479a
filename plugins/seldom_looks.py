# ruff: noqa: SLF001 - Airflow has no public way to what is changed here
"""Spare Airflow's scheduler what a pass at work repeats without a reason: looks for new DAG runs.

Airflow 3.3.2 looks in each pass, one for each task that ends, whether a DAG's time has come or an asset has
an event (four statements), and which of the queued runs may begin (two, one of them over all runs). The first
is done once a second; the second where a run is queued, which is asked in each pass, so none begins later.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from sqlalchemy import select

# As often as this at most while tasks are at work; with fewer passes than that nothing changes.
LOOK_AFTER_S = 1.0


class Looks:
    """Knows when the last look was.

    Parameters
    ----------
    after_s
        Between two looks, at least.
    clock_s
        Seconds that never go back.
    """

    def __init__(self, after_s: float, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._after_s = after_s
        self._clock_s = clock_s
        self._looked_at_s = -after_s

    def begin(self) -> bool:
        """Tell whether to look now; the look is noted then."""
        now_s = self._clock_s()
        is_due = now_s - self._looked_at_s >= self._after_s
        if is_due:
            self._looked_at_s = now_s
        return is_due

    def left_s(self, longest_s: float) -> float:
        """Return how long to wait for the next pass: a look follows the last one within `longest_s`."""
        since_s = self._clock_s() - self._looked_at_s
        # At rest there is no look, but a question in each pass.
        return longest_s - since_s if since_s < self._after_s else longest_s


def seldom(looks: Looks, method: Any) -> Any:
    """Return a method that does nothing but when it is time to look."""

    @wraps(method)
    def called(*things: Any, **named: Any) -> None:
        if looks.begin():
            method(*things, **named)

    return called


def look_seldom_for_new_runs() -> Looks:
    """Let the scheduler make DAG runs once a second, and begin them where one is queued."""
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
    from airflow.utils.retries import retry_db_transaction

    looks = Looks(LOOK_AFTER_S)
    create = seldom(looks, SchedulerJobRunner._create_dagruns_for_dags)
    begin = SchedulerJobRunner._start_queued_dagruns
    # The first statement of a pass is repeated while the database is away, as Airflow's was.
    asks = retry_db_transaction(is_queued)

    @wraps(begin)
    def start_queued(self: Any, session: Any) -> None:
        if asks(session):
            begin(self, session)

    SchedulerJobRunner._create_dagruns_for_dags = create  # type: ignore[method-assign]
    SchedulerJobRunner._start_queued_dagruns = start_queued  # type: ignore[method-assign]
    return looks


def is_queued(session: Any) -> bool:
    """Tell whether any DAG run waits to begin."""
    from airflow.models.dagrun import DagRun

    return session.scalar(select(DagRun.id).where(DagRun.state == "queued").limit(1)) is not None
