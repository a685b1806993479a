"""The DAG files as Airflow reads them."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.dags

DAGS = Path(__file__).parents[2] / "dags"
PLUGINS = DAGS.parent / "plugins"
STEPS = ("import", "find_spots", "index", "refine", "integrate", "export")
# What costs more than a tenth of a second to import and no DAG file needs before its tasks run.
HEAVY = ("numpy", "psycopg2", "minio", "aiosql", "gemmi", "pandas", "great_expectations", "pydantic.v1")
# The process of every task reads its DAG file, which imports 1 to 46 modules beside Airflow's own.
MOST_MODULES = 60


def test_every_dag_file_is_read_without_a_fault(dag_bag: Any) -> None:
    assert dag_bag.import_errors == {}
    assert set(dag_bag.dags) == {
        "check_isomorphism",
        "housekeeping",
        "merge_group",
        "process_collection",
        "refine_joint",
        "refine_metrology",
        "tend_requests",
        "watch_collections",
    }


def test_a_sweep_shows_its_six_programs_in_order_in_the_dials_pool(dag_bag: Any) -> None:
    dag = dag_bag.dags["process_collection"]
    tasks = [dag.get_task(f"sweep.{step}") for step in STEPS]
    assert all(task.pool == "dials" for task in tasks)
    for earlier, later in pairwise(tasks):
        assert earlier.task_id in later.upstream_task_ids
        assert later.priority_weight > earlier.priority_weight


def test_a_sweep_that_has_just_arrived_goes_before_every_step_of_the_others(dag_bag: Any) -> None:
    from airflow.models.taskinstance import TaskInstance
    from airflow.serialization.serialized_objects import DagSerialization

    # As the scheduler has it.
    dag = DagSerialization.from_dict(DagSerialization.to_dict(dag_bag.dags["process_collection"]))

    def weights(run_id: str) -> list[Any]:
        tasks = [dag.get_task(f"sweep.{step}") for step in STEPS]
        return [TaskInstance(task, None, run_id, map_index=0).priority_weight for task in tasks]

    others, arrived = weights("plate3-1f0c9a.4be1c2"), weights("plate4-2e0c9a.arrived.5be1c2")
    assert others == sorted(others)
    assert arrived == sorted(arrived)
    assert min(arrived) > max(others)


def test_a_group_is_refined_in_the_pool_that_has_the_memory_every_night(dag_bag: Any) -> None:
    dag = dag_bag.dags["refine_joint"]
    assert dag.timetable.expression == "0 2 * * *"
    refine, integrate, report = (dag.get_task(f"group.{step}") for step in ("refine", "integrate", "report"))
    assert (refine.pool, integrate.pool, report.pool) == ("refinement", "dials", "dials")
    assert refine.task_id in integrate.upstream_task_ids
    assert integrate.task_id in report.upstream_task_ids


def test_a_detector_is_calibrated_in_order_after_the_joint_refinements_and_waits_for_no_slot(
    dag_bag: Any,
) -> None:
    dag = dag_bag.dags["refine_metrology"]
    assert dag.timetable.expression == "0 3 * * *"
    names = ("choose", "index", "refine", "evidence", "report", "approve", "promote")
    tasks = [dag.get_task(f"detector.{name}") for name in names]
    assert [task.pool for task in tasks[:5]] == ["dials", "dials", "refinement", "refinement", "dials"]
    for earlier, later in pairwise(tasks):
        assert earlier.task_id in later.upstream_task_ids
    # In the same pool joint refinements go first: theirs weigh 1 for each of their tasks to come, too.
    assert {(task.weight_rule, task.priority_weight) for task in tasks} == {("absolute", 1)}
    # A run lasts as long as its question: as many as there are nights in the longest wait.
    assert dag.max_active_runs >= 60


def test_transient_errors_are_retried_for_longer_than_a_database_restart(dag_bag: Any) -> None:
    task = dag_bag.dags["process_collection"].get_task("sweep.index")
    waits = [task.retry_delay.total_seconds() * 2**n for n in range(task.retries)]
    assert sum(waits) > 120


def test_the_watcher_never_runs_twice_at_once(dag_bag: Any) -> None:
    assert dag_bag.dags["watch_collections"].max_active_runs == 1


@pytest.mark.parametrize("path", sorted(DAGS.glob("*.py")), ids=lambda path: path.name)
def test_a_dag_file_imports_nothing_heavy_of_ours(path: Path) -> None:
    code = (
        "import sys; import airflow.sdk, airflow.providers.standard.operators.trigger_dagrun;"
        "before = set(sys.modules);"
        f"sys.path[:0] = [{str(DAGS)!r}, {str(PLUGINS)!r}]; __import__({path.stem!r});"
        "print(*sorted(set(sys.modules) - before))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    new = set(answer.stdout.split())
    assert not {name for name in new if name.startswith(HEAVY)}
    assert len(new) <= MOST_MODULES


@pytest.mark.parametrize("path", sorted(DAGS.glob("*.py")), ids=lambda path: path.name)
def test_a_dag_file_stays_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 120
