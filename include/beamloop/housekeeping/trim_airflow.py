"""One round over Airflow's own history: runs, rows of no run, log files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from beamloop.housekeeping.airflow_history import AirflowRuns, ends_of_history, trim_runs
from beamloop.housekeeping.airflow_logs import trim_logs
from beamloop.housekeeping.airflow_tables import clean_tables
from beamloop.housekeeping.report import size_text


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What went, or would go in earnest."""

    runs: Mapping[str, int]  # {"watch_collections": 288}, by DAG
    rows: Mapping[str, int]  # {"log": 5120}, by table
    log_folders: int  # 290
    log_bytes: int  # 1812000

    def summary(self, *, dry_run: bool = False) -> str:
        """Say it in one line."""
        parts = [f"{count} runs of {dag_id}" for dag_id, count in self.runs.items()]
        parts += [f"{count} rows of the table {table}" for table, count in self.rows.items()]
        if self.log_folders:
            parts.append(f"{self.log_folders} folders of logs ({size_text(self.log_bytes)})")
        done = "To be removed" if dry_run else "Removed"
        return f"{done} of Airflow's history: {', '.join(parts) or 'nothing'}."


def trim_airflow(
    airflow: AirflowRuns, logs: Path, now: datetime, kept: timedelta, *, dry_run: bool = False
) -> Trimmed:
    """Remove what is older than Airflow's history is kept.

    Parameters
    ----------
    airflow
        Whose history.
    logs
        Its folder of logs on this machine.
    now
        The time, UTC.
    kept
        How long runs are kept to which something leads.
    dry_run
        Only say what would go.

    Raises
    ------
    TransientError
        When Airflow or its database is away.
    OSError
        When a folder of logs cannot be removed.
    """
    before = ends_of_history(now, kept)
    runs = trim_runs(airflow, before, dry_run=dry_run)
    folders, size_bytes = trim_logs(logs, before, dry_run=dry_run)
    return Trimmed(runs, clean_tables(now - kept, dry_run=dry_run), folders, size_bytes)
