"""Rows of Airflow's database that belong to no run, removed by Airflow's own command."""

import os
import re
import subprocess
import sys
from datetime import datetime

from beamloop.errors import TransientError

# What people and tasks did, the heartbeats of processes that are gone, and events of assets. Nothing else:
# the command looks at a row's age only, and by it alone a run that waits for a person, or the trigger that
# watches the folders, would go.
TABLES = ("asset_event", "job", "log")
# Airflow writes an address that does not exist over these in a task's process, so that no task reads the
# database. Its command takes the address from the configuration file then.
BARRED = ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__CORE__SQL_ALCHEMY_CONN")
TIME_LIMIT_S = 1800.0


def clean_tables(before: datetime, *, dry_run: bool) -> dict[str, int]:
    """Run `airflow db clean` for rows of no run.

    Parameters
    ----------
    before
        Rows older than this go, UTC.
    dry_run
        Only count.

    Returns
    -------
    dict
        How many rows by table, where there are any.

    Raises
    ------
    TransientError
        When the command fails, does not end, or may not reach the database from this machine.
    """
    argv = [sys.executable, "-m", "airflow", "db", "clean", "--yes", "--skip-archive"]
    argv += ["--error-on-cleanup-failure", "--tables", ",".join(TABLES)]
    argv += ["--clean-before-timestamp", before.isoformat(), *(["--dry-run"] if dry_run else [])]
    environment = {name: value for name, value in os.environ.items() if name not in BARRED}
    try:
        ended = subprocess.run(  # noqa: S603 - our own words
            argv, env=environment, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise TransientError(
            f"`airflow db clean` did not end within {TIME_LIMIT_S:.0f} s.",
            try_next="See what keeps Airflow's database busy (`pg_stat_activity`); the next night goes on.",
        ) from error
    if ended.returncode:
        raise TransientError(
            f"`airflow db clean` failed with exit code {ended.returncode}.",
            evidence=(ended.stdout + ended.stderr)[-2000:],
            try_next="This machine's airflow.cfg must name Airflow's database.",
        )
    return _counts(ended.stdout)


def _counts(said: str) -> dict[str, int]:
    found = re.findall(r"^Checking table (\w+)\nFound (\d+) rows", said, flags=re.MULTILINE)
    return {table: int(count) for table, count in found if int(count)}
