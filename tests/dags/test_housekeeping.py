"""The DAG `housekeeping`, through Airflow's own connections."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.dags.conftest import HOME, RunDag
from tests.dags.page_bench import PASSWORDS

from beamloop.local_stack.airflow_rest import AirflowClient

pytestmark = pytest.mark.dags

LONG_AGO = datetime.now(UTC) - timedelta(days=91)


@pytest.fixture
def rest(airflow_app: Any, monkeypatch: pytest.MonkeyPatch) -> AirflowClient:
    """Provide Airflow's real REST API, without a server, also to the DAG."""
    client = AirflowClient("http://testserver", "hand", PASSWORDS["hand"])
    client._http = airflow_app
    monkeypatch.setattr(client, "close", lambda: None)
    monkeypatch.setattr("beamloop.local_stack.airflow_rest.AirflowClient", lambda *_: client)
    monkeypatch.setenv("AIRFLOW_CONN_BEAMLOOP_AIRFLOW", '{"conn_type": "http", "host": "testserver"}')
    return client


@pytest.fixture
def leftover(catalog_connection: str) -> Path:
    """A hidden file of a killed writer, a day and more old by the clock that the test sets forward."""
    store = HOME / "artifacts"
    store.mkdir(exist_ok=True)
    left = store / f".beamloop-{uuid4().hex[:16]}.part"
    left.write_text("half")
    (HOME / "beamlines").mkdir(exist_ok=True)
    return left


@pytest.mark.parametrize("dry_run", [True, False])
def test_the_dag_removes_leftovers_unless_it_is_only_to_say_so(
    leftover: Path, run_dag: RunDag, monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    # The system lets nobody set back when a file was last touched.
    monkeypatch.setattr("beamloop.housekeeping.clean.clock_s", lambda _: os.stat(leftover).st_ctime + 90000)
    states = run_dag("housekeeping", {"dry_run": dry_run})
    assert states["clean", -1] == "success"
    # It needs Airflow's own address and login, which not every deployment has.
    assert states["trim_airflow", -1] == "skipped"
    assert leftover.exists() == dry_run


def _ended(dag: Any, name: str, ended_at: datetime | None) -> None:
    """Make a run of a DAG with a task instance, a value that it has left, and a line about it."""
    from airflow.models.log import Log
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    with create_session() as session:
        run = dag.create_dagrun(
            run_id=name,
            run_after=ended_at or LONG_AGO,
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.TEST,
            state=DagRunState.SUCCESS if ended_at else DagRunState.RUNNING,
            session=session,
        )
        run.end_date = ended_at
        task_id = run.get_task_instances(session=session)[0].task_id
        XComModel.set("return_value", 1, dag_id=run.dag_id, task_id=task_id, run_id=name, session=session)
        line = Log(event="running", dag_id=run.dag_id, run_id=name)
        line.dttm = ended_at or LONG_AGO  # the constructor says now
        session.add(line)


def _rows(dag_id: str) -> dict[str, set[str]]:
    """Return of which runs of a DAG there is something in each table."""
    from airflow.models.dagrun import DagRun
    from airflow.models.log import Log
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    tables: tuple[Any, ...] = (DagRun, TaskInstance, XComModel, Log)
    with create_session() as session:
        return {
            table.__tablename__: set(session.scalars(select(table.run_id).where(table.dag_id == dag_id)))
            for table in tables
        }


def test_what_airflow_knows_of_long_ended_runs_goes_and_nothing_else(
    dag_bag: Any, run_dag: RunDag, rest: AirflowClient, catalog_connection: str
) -> None:
    run_dag("merge_group", {"merge_ids": []})  # puts the DAG into the database, as its newest run
    from airflow.models.dagbag import DBDagBag
    from airflow.utils.session import create_session

    with create_session() as session:
        dag = DBDagBag().get_latest_version_of_dag("merge_group", session=session)
    before = _rows("merge_group")
    for name, ended_at in (("old_1", LONG_AGO), ("old_2", LONG_AGO), ("waits", None)):
        _ended(dag, name, ended_at)
    assert run_dag("housekeeping", {"dry_run": True})["trim_airflow", -1] == "success"
    assert {"old_1", "old_2", "waits"} <= _rows("merge_group")["dag_run"]
    assert run_dag("housekeeping", {"dry_run": False})["trim_airflow", -1] == "success"
    after = _rows("merge_group")
    for table in ("dag_run", "task_instance", "xcom"):
        assert after[table] == before[table] | {"waits"}
        assert before[table]
    # What people and tasks did is trimmed by its age alone.
    assert after["log"].isdisjoint({"old_1", "old_2", "waits"})
