"""Airflow's own history is trimmed in a running stack, and Beamloop loses nothing by it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from tests.end_to_end.platform_bench import Platform, deliver, wait_for

from beamloop.errors import NotFoundError

pytestmark = pytest.mark.end_to_end

LONG_AGO = timedelta(days=91)
# The tables in which a run leaves rows; all but the last by way of its task instances.
OF_A_RUN = ("task_instance", "xcom", "rendered_task_instance_fields", "log", "dag_run")
SET_BACK = """
UPDATE dag_run SET end_date = end_date - %(by)s, run_after = run_after - %(by)s
WHERE dag_id = %(dag)s AND run_id = %(run)s;
UPDATE log SET dttm = dttm - %(by)s WHERE dag_id = %(dag)s AND run_id = %(run)s;
"""


@dataclass(frozen=True)
class Trimmed:
    """A stack after a round of housekeeping: a request's run is gone, another's is not."""

    old: Path  # folders of images
    new: Path
    before: dict[str, dict[str, int]]  # rows by folder's name and table
    after: dict[str, dict[str, int]]
    said: str


@contextmanager
def airflow_database(platform: Platform) -> Iterator[Any]:
    """Open Airflow's database."""
    secrets = json.loads((platform.state / "secrets.json").read_text())
    parts = psycopg2.extensions.parse_dsn(platform.variables["BEAMLOOP_CATALOG_DSN"])
    parts |= {"dbname": "airflow", "user": "airflow", "password": secrets["airflow_database_password"]}
    connection = psycopg2.connect(psycopg2.extensions.make_dsn(**parts))
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def rows(platform: Platform, run: str) -> dict[str, int]:
    """Count what a run has in Airflow's tables."""
    found = {}
    with airflow_database(platform) as cursor:
        for table in OF_A_RUN:
            cursor.execute(f"SELECT count(*) FROM {table} WHERE run_id = %s", (run,))  # noqa: S608 - our own names
            (found[table],) = cursor.fetchone()
    return found


def log_folder(platform: Platform, run: str) -> Path:
    """Return where Airflow keeps the logs of a request's run."""
    return platform.state / "airflow" / "logs" / "dag_id=process_collection" / f"run_id={run}"


@pytest.fixture(scope="module")
def trimmed(platform: Platform, images: Path) -> Trimmed:
    """Provide two processed folders, one of them long ago, after `housekeeping` has run."""
    folders = {name: platform.state / name for name in ("long_ago", "just_now")}
    for name, folder in folders.items():
        deliver(images, folder, {f"{name}_1": "xtal3_1"})
        platform.process(folder)
        platform.wait_until_ended(folder)
    runs = {name: platform.requests(folder)[0] for name, folder in folders.items()}
    before = {name: rows(platform, run) for name, run in runs.items()}
    _set_back(platform, runs["long_ago"])
    with platform.airflow() as airflow:
        airflow.trigger("housekeeping", "by_a_test", {"dry_run": False})
        wait_for("housekeeping", lambda: airflow.dag_run_state("housekeeping", "by_a_test") == "success")
        answer = airflow.call(
            "GET",
            "/dags/housekeeping/dagRuns/by_a_test/taskInstances/trim_airflow/xcomEntries/return_value",
        )
    after = {name: rows(platform, run) for name, run in runs.items()}
    return Trimmed(folders["long_ago"], folders["just_now"], before, after, answer.json()["value"])


def _set_back(platform: Platform, run: str) -> None:
    with airflow_database(platform) as cursor:
        cursor.execute(SET_BACK, {"by": LONG_AGO, "dag": "process_collection", "run": run})
    folder = log_folder(platform, run)
    for path in (*folder.rglob("*"), folder):
        then_s = path.stat().st_mtime - LONG_AGO.total_seconds()
        os.utime(path, (then_s, then_s))


def test_a_run_of_long_ago_is_gone_with_all_its_rows_and_logs(platform: Platform, trimmed: Trimmed) -> None:
    assert all(trimmed.before["long_ago"].values())
    assert not any(trimmed.after["long_ago"].values())
    (run,) = platform.requests(trimmed.old)
    with platform.airflow() as airflow, pytest.raises(NotFoundError):
        airflow.dag_run_state("process_collection", run)
    assert not log_folder(platform, run).exists()
    assert "1 runs of process_collection" in trimmed.said
    assert "rows of the table log" in trimmed.said


def test_other_runs_are_as_they_were(platform: Platform, trimmed: Trimmed) -> None:
    assert trimmed.after["just_now"] == trimmed.before["just_now"]
    (run,) = platform.requests(trimmed.new)
    assert platform.dag_run_state(run) == "success"
    assert log_folder(platform, run).is_dir()


def test_beamloop_knows_what_it_knew_and_does_nothing_again(platform: Platform, trimmed: Trimmed) -> None:
    assert platform.outcomes(trimmed.old)["long_ago_1"][0] == "no_spots"
    shown = platform.commands.call("show", str(trimmed.old), "long_ago_1")
    assert shown.returncode == 0, shown.stderr
    document = platform.process(trimmed.old)
    assert [sweep["run_id"] for sweep in document["sweeps"]] == [platform.run_ids(trimmed.old)["long_ago_1"]]
    assert len(platform.requests(trimmed.old)) == 1
