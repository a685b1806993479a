# ruff: noqa: SLF001 - Airflow has no public way to what is changed here
"""Let Airflow's scheduler ask in one statement whether there is anything to schedule.

A pass of Airflow 3.3.2 over nothing is nineteen statements in six transactions. What they look for begins
with a run that is queued or at work, a DAG whose time has come, or an event of an asset.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.exc import DBAPIError

from seldom_looks import Looks, seldom

# A whole pass is made as often as this all the same. Connections that are to be tested, and callbacks of
# deadlines, of which Beamloop has none, are looked for as often, at rest and at work.
WHOLE_PASS_AFTER_S = 15.0


class Passes:
    """Decides which passes are whole.

    Parameters
    ----------
    something_waits
        Asks the database, in a session.
    clock_s
        Seconds that never go back.
    """

    def __init__(
        self, something_waits: Callable[[Any], bool], clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._something_waits = something_waits
        self._clock_s = clock_s
        self._whole_at_s = -WHOLE_PASS_AFTER_S

    def begin(self, session: Any, *, is_at_work: bool) -> bool:
        """Begin a pass; tell whether it is to be a whole one.

        Parameters
        ----------
        session
            Where to ask.
        is_at_work
            Whether tasks are: then a run is too, and nothing needs to be asked.
        """
        now_s = self._clock_s()
        is_due = now_s - self._whole_at_s >= WHOLE_PASS_AFTER_S
        is_whole = is_at_work or is_due or self._is_needed(session)
        if is_whole:
            self._whole_at_s = now_s
        return is_whole

    def _is_needed(self, session: Any) -> bool:
        try:
            return self._something_waits(session)
        except DBAPIError:
            # Airflow's own pass tries again and again while the database is away.
            session.rollback()
            return True


def something_waits(session: Any) -> bool:
    """Tell whether any DAG run is to be made, begun or gone on with."""
    from airflow._shared.timezones import timezone
    from airflow.models.asset import AssetDagRunQueue, AssetPartitionDagRun
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun

    is_due = DagModel.next_dagrun_create_after <= timezone.utcnow()
    # Each state by itself: Airflow's tables have an index of each.
    waiting = (
        select(DagRun.id).where(DagRun.state == "queued"),
        select(DagRun.id).where(DagRun.state == "running"),
        select(DagModel.dag_id).where(is_due, ~DagModel.is_paused, ~DagModel.is_stale),
        select(AssetDagRunQueue.asset_id),
        select(AssetPartitionDagRun.id).where(AssetPartitionDagRun.created_dag_run_id.is_(None)),
    )
    return bool(session.scalar(select(or_(*(rows.exists() for rows in waiting)))))


def ask_before_passes() -> None:
    """Let the scheduler make whole passes only where something waits, or the last one is long ago."""
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

    passes = Passes(something_waits)
    schedule = SchedulerJobRunner._do_scheduling

    @wraps(schedule)
    def do_scheduling(self: Any, session: Any) -> int:
        is_at_work = any(executor.slots_occupied for executor in self.executors)
        return schedule(self, session) if passes.begin(session, is_at_work=is_at_work) else 0

    SchedulerJobRunner._do_scheduling = do_scheduling  # type: ignore[method-assign]
    for name in ("_enqueue_executor_callbacks", "_enqueue_connection_tests"):
        looks = Looks(WHOLE_PASS_AFTER_S)
        setattr(SchedulerJobRunner, name, seldom(looks, getattr(SchedulerJobRunner, name)))
