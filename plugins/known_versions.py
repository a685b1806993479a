# ruff: noqa: SLF001 - Airflow has no public way to what is changed here
"""Spare Airflow's scheduler the question which version of a DAG is the newest, twice for each look at a run.

A DAG has a new version when one of its files was changed and read again, within half a minute; Airflow 3.3.2
asks to take the DAG of that version, and to make what of it a run does not have yet.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from sqlalchemy import select

# A new version is seen so much later.
AGAIN_AFTER_S = 1.0


class Versions:
    """Knows the newest version of each DAG, and of which runs have tasks of it.

    Parameters
    ----------
    clock_s
        Seconds that never go back.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._newest: dict[str, tuple[Any, float]] = {}
        self._of_runs: dict[Any, Any] = {}

    def newest(self, dag_id: str, session: Any) -> Any:
        """Return the id of a DAG's newest version, asked for at most a second ago; None where it has none."""
        from airflow.models.dag_version import DagVersion

        known, read_at_s = self._newest.get(dag_id, (None, 0.0))
        now_s = self._clock_s()
        if known is None or now_s - read_at_s >= AGAIN_AFTER_S:
            ids = select(DagVersion.id).where(DagVersion.dag_id == dag_id)
            known = session.scalar(ids.order_by(DagVersion.version_number.desc()).limit(1))
            self._newest[dag_id] = known, now_s
        return known

    def is_of(self, dag_run: Any, session: Any) -> bool:
        """Tell whether a run is known to have tasks of its DAG's newest version, or has them."""
        newest = self.newest(dag_run.dag_id, session)
        if newest is None:
            return False
        if self._of_runs.get(dag_run.id) != newest:
            if not dag_run.check_version_id_exists_in_dr(newest, session=session):
                # Airflow reads anew which one it is.
                self._newest.clear()
                return False
            if len(self._of_runs) >= 1000:
                self._of_runs.clear()
            self._of_runs[dag_run.id] = newest
        return True


def remember_newest_versions() -> None:
    """Let the scheduler ask for a DAG's newest version once a second."""
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
    from airflow.models.dagbag import DBDagBag

    versions = Versions()
    verify = SchedulerJobRunner._verify_integrity_if_dag_changed

    def version_of(dag_run: Any, *, session: Any) -> Any:
        # As Airflow decides it: a run without a version of its own has the newest.
        if not dag_run.bundle_version or not dag_run.created_dag_version_id:
            newest = versions.newest(dag_run.dag_id, session)
            if newest is not None:
                return newest
        return dag_run.created_dag_version_id

    @wraps(verify)
    def verified(self: Any, dag_run: Any, session: Any) -> bool:
        if versions.is_of(dag_run, session):
            return True
        # The DAG of the run was taken by what was known; a new run's tasks may be of a newer one.
        dag_run.dag = self.scheduler_dag_bag.get_dag_for_run(dag_run=dag_run, session=session)
        return bool(verify(self, dag_run=dag_run, session=session))

    DBDagBag._version_from_dag_run = staticmethod(version_of)  # type: ignore[method-assign]
    SchedulerJobRunner._verify_integrity_if_dag_changed = verified  # type: ignore[method-assign]
