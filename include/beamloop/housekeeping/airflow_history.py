"""Which of Airflow's ended runs go, and when. What they computed stays in the catalogue and the store."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from beamloop.errors import InvalidInputError

# A page, a message or `beamloop show` leads to their runs.
LED_TO = ("process_collection", "check_isomorphism", "refine_joint", "refine_metrology", "merge_group")
# A quarter of a year: nobody asks how a try went any more, whose commands and programs' logs are artifacts.
DEFAULT_DAYS = 90
# Nothing leads to these, and two of them run every five minutes.
KEEPING_WATCH = ("watch_collections", "tend_requests", "housekeeping")
# Over a long week-end somebody may ask what the watcher did.
WATCH_KEPT = timedelta(days=7)
NEVER = "never"
# A run of 73 sweeps has 450 task instances, and the api-server must answer within seconds.
AT_ONCE = 5


class AirflowRuns(Protocol):
    """What is asked of Airflow."""

    def newest_run(self, dag_id: str) -> str:
        """Return the name of a DAG's newest run, "" where there is none."""
        ...

    def ended_runs(self, dag_id: str, before: datetime, limit: int) -> tuple[list[str], int]:
        """Return some runs that have succeeded or failed before a time, and how many there are."""
        ...

    def delete_runs(self, dag_id: str, names: Sequence[str]) -> int:
        """Delete ended runs with all that belongs to them; return how many."""
        ...


def history_kept(days: str) -> timedelta | None:
    """Read how long Airflow's history is kept, None for ever.

    Parameters
    ----------
    days
        A number of days, or "never".

    Raises
    ------
    InvalidInputError
        When it is neither.
    """
    if days == NEVER:
        return None
    if not days.isdecimal() or int(days) < 1:
        raise InvalidInputError(
            f"beamloop_airflow_history_days is {days!a}.",
            try_next=f"Set this variable to a whole number of days, or to {NEVER!r}.",
        )
    return timedelta(days=int(days))


def ends_of_history(now: datetime, kept: timedelta) -> dict[str, datetime]:
    """Return for each of Beamloop's DAGs before which time its ended runs go.

    Parameters
    ----------
    now
        The time, UTC.
    kept
        How long runs are kept to which something leads.
    """
    return {
        **dict.fromkeys(LED_TO, now - kept),
        **dict.fromkeys(KEEPING_WATCH, now - min(kept, WATCH_KEPT)),
    }


def trim_runs(airflow: AirflowRuns, before: Mapping[str, datetime], *, dry_run: bool) -> dict[str, int]:
    """Delete runs that have ended long ago.

    A run that goes on or waits, for a person's approval for instance, stays however old it is, and so does
    the newest of each DAG, by which Airflow knows when the next one is due.

    Parameters
    ----------
    airflow
        Whose runs.
    before
        By DAG, as :func:`ends_of_history` gives it.
    dry_run
        Only count, the newest too where it is so old.

    Returns
    -------
    dict
        How many by DAG, where there are any.

    Raises
    ------
    TransientError
        When Airflow is away; what is gone is gone, the rest comes next time.
    """
    counts = {dag_id: _trim(airflow, dag_id, moment, dry_run=dry_run) for dag_id, moment in before.items()}
    return {dag_id: count for dag_id, count in counts.items() if count}


def _trim(airflow: AirflowRuns, dag_id: str, before: datetime, *, dry_run: bool) -> int:
    newest, gone = airflow.newest_run(dag_id), 0
    while True:
        # One more than go: the newest may be among them.
        found, total = airflow.ended_runs(dag_id, before, AT_ONCE + 1)
        names = [name for name in found if name != newest][:AT_ONCE]
        if dry_run:
            return total
        deleted = airflow.delete_runs(dag_id, names) if names else 0
        gone += deleted
        if not deleted:
            return gone
