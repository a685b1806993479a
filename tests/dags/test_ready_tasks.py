"""Which tasks may start: the same whether the scheduler asks of all tasks or of the hopeful ones only."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

pytestmark = pytest.mark.dags

STATES = ("success", "failed", "skipped", "upstream_failed", "running", "scheduled", "queued", None)


@pytest.fixture(scope="module")
def run_before_its_list(run_of_chains: Any) -> Any:
    """Provide a run of the same chains whose mapped group is not made into instances yet."""
    from airflow.models.taskmap import TaskMap
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    with create_session() as session:
        run = run_of_chains.dag.create_dagrun(
            # The database is the same for all modules.
            run_id=f"before_its_list_{datetime.now(UTC):%H%M%S%f}",
            run_after=datetime.now(UTC),
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.TEST,
            state=DagRunState.RUNNING,
            session=session,
        )
        # How many there will be; read only when the list's task has succeeded.
        session.add(TaskMap(run.dag_id, "list_runs", run.run_id, -1, 2, None))
        session.flush()
        session.expunge(run)
    run.dag = run_of_chains.dag
    return run


def ready(run: Any, states: dict[tuple[str, int], str | None], finder: Callable[..., Any]) -> Any:
    """Let the scheduler look at a run in given states; what may start, and what it has made of the others."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import State, TaskInstanceState

    with create_session() as session:
        found: Any = session.get(DagRun, run.id)
        found.dag = run.dag
        instances = found.get_task_instances(session=session)
        for instance in instances:
            state = states[instance.task_id, instance.map_index]
            instance.state = TaskInstanceState(state) if state else None
            instance.task = found.dag.get_task(instance.task_id)
        session.flush()
        startable = [ti for ti in instances if ti.state is None]
        finished = [ti for ti in instances if ti.state in State.finished]
        chosen, _, _ = finder(found, startable, finished, session)
        answer = (
            sorted((ti.task_id, ti.map_index) for ti in chosen),
            {(ti.task_id, ti.map_index): ti.state for ti in instances},
        )
        session.rollback()
    return answer


@pytest.fixture
def finders() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Provide Airflow's own function and Beamloop's."""
    from airflow.models.dagrun import DagRun

    import ready_tasks

    stock = DagRun._get_ready_tis
    ready_tasks.ask_only_of_hopeful_tasks()
    lean = DagRun._get_ready_tis
    DagRun._get_ready_tis = stock  # type: ignore[method-assign]
    return stock, lean


def asked_of(run: Any) -> list[tuple[str, int]]:
    """Return of which tasks Airflow is asked while only the list is there."""
    asked: list[tuple[str, int]] = []
    from airflow.models.dagrun import DagRun

    import ready_tasks

    stock = DagRun._get_ready_tis

    def note(self: Any, schedulable_tis: list[Any], *rest: Any) -> Any:
        asked.extend((ti.task_id, ti.map_index) for ti in schedulable_tis)
        return stock(self, schedulable_tis, *rest)

    DagRun._get_ready_tis = note  # type: ignore[method-assign,assignment]
    try:
        ready_tasks.ask_only_of_hopeful_tasks()
        lean = DagRun._get_ready_tis
    finally:
        DagRun._get_ready_tis = stock  # type: ignore[method-assign]
    keys = [(ti.task_id, ti.map_index) for ti in run.get_task_instances()]
    ready(run, dict.fromkeys(keys) | {("list_runs", -1): "success"}, lean)
    return asked


@pytest.mark.parametrize("seed", range(8))
def test_the_same_tasks_may_start_in_whatever_state_the_others_are(
    run_of_chains: Any, finders: Any, seed: int
) -> None:
    from airflow.utils.state import State

    chance = random.Random(seed)  # noqa: S311 - not for secrets
    # Mostly unfinished, as in a run at work.
    weights = [1, 1, 1, 1, 1, 1, 1, 8]
    keys = [(ti.task_id, ti.map_index) for ti in run_of_chains.get_task_instances()]
    states: dict[tuple[str, int], str | None] = {key: chance.choices(STATES, weights)[0] for key in keys} | {
        ("list_runs", -1): "success"
    }
    (stock_ready, stock_states), (lean_ready, lean_states) = (
        ready(run_of_chains, states, finder) for finder in finders
    )
    assert stock_ready
    assert lean_ready == stock_ready
    assert lean_states == stock_states
    assert any(state in State.finished for state in states.values())


@pytest.mark.parametrize("seed", [0, 1, 5, 7])
@pytest.mark.parametrize("list_runs", ["running", "success", "skipped"])
def test_the_same_tasks_may_start_before_and_when_a_mapped_group_has_its_list(
    run_before_its_list: Any, finders: Any, seed: int, list_runs: str
) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    keys = [(ti.task_id, ti.map_index) for ti in run_before_its_list.get_task_instances()]
    assert {map_index for _, map_index in keys} == {-1}
    # A person may have marked one of them.
    marked = chance.sample(keys, k=seed % 3)
    states = (
        dict.fromkeys(keys) | dict.fromkeys(marked, chance.choice(STATES)) | {("list_runs", -1): list_runs}
    )
    stock, lean = (ready(run_before_its_list, states, finder) for finder in finders)
    assert lean == stock


def test_nothing_of_a_group_without_its_list_is_asked_of(run_before_its_list: Any) -> None:
    import ready_tasks

    tasks = run_before_its_list.dag.task_dict
    unfinished = {(task_id, -1) for task_id in tasks}
    hopeless = {task for task in tasks if ready_tasks.is_hopeless(tasks[task], -1, unfinished, set())}
    assert hopeless == {
        "gather", "sweep.left", "sweep.right", "sweep.t_all_done", "sweep.t_all_done_min_one_success",
        "sweep.t_all_success", "sweep.t_none_failed", "sweep.t_none_failed_min_one_success",
        "sweep.t_none_skipped",
    }  # fmt: skip


def test_of_a_dag_with_a_setup_every_task_is_asked(
    run_of_chains: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_of_chains.dag.task_dict["outside"], "is_setup", True)
    assert len(asked_of(run_of_chains)) == len(run_of_chains.get_task_instances()) - 1


def test_a_chain_is_asked_of_at_its_first_unfinished_task_only(run_of_chains: Any) -> None:
    asked = asked_of(run_of_chains)
    keys = [(ti.task_id, ti.map_index) for ti in run_of_chains.get_task_instances()]
    # Of each chain the first task, and those whose rules a single forerunner may settle.
    assert ("sweep.t_all_success", 0) in asked
    assert ("sweep.both", 0) in asked
    assert ("gather", -1) in asked
    assert {task_id for task_id, _ in keys} - {task_id for task_id, _ in asked} == {
        "list_runs", "sweep.t_all_done_min_one_success", "sweep.t_none_failed",
        "sweep.t_none_failed_min_one_success", "sweep.t_none_skipped",
    }  # fmt: skip
