"""Which tasks may start without a question: the same as with all questions asked."""

import random
from typing import Any

import pytest
from tests.dags.test_ready_tasks import STATES, ready, run_before_its_list

pytestmark = pytest.mark.dags

__all__ = ["run_before_its_list"]  # a fixture, used by its name


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Provide the tasks of which Airflow is asked whether they may start."""
    from airflow.models.taskinstance import TaskInstance

    found: list[tuple[str, int]] = []
    ask = TaskInstance.are_dependencies_met

    def noted(self: Any, *context: Any, **how: Any) -> bool:
        found.append((self.task_id, self.map_index))
        return ask(self, *context, **how)

    monkeypatch.setattr(TaskInstance, "are_dependencies_met", noted)
    return found


@pytest.fixture
def finders(asked: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """Provide Airflow's own function and Beamloop's."""
    from airflow.models.dagrun import DagRun

    import certain_tasks

    stock = DagRun._get_ready_tis
    monkeypatch.setattr(DagRun, "_get_ready_tis", stock)
    certain_tasks.ask_nothing_of_certain_tasks()
    return stock, DagRun._get_ready_tis


def keys_of(run: Any) -> list[tuple[str, int]]:
    return [(ti.task_id, ti.map_index) for ti in run.get_task_instances()]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("list_runs", ["success", "failed", None])
def test_the_same_tasks_may_start_in_whatever_state_the_others_are(
    run_of_chains: Any, finders: Any, asked: list[tuple[str, int]], seed: int, list_runs: str | None
) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    # Mostly succeeded or not begun, as in a run at work.
    weights = [8, 1, 1, 1, 1, 1, 1, 8]
    states: dict[tuple[str, int], str | None] = {
        key: chance.choices((*STATES[:-1], None), weights)[0] for key in keys_of(run_of_chains)
    } | {("list_runs", -1): list_runs}
    stock, lean = (ready(run_of_chains, states, finder) for finder in finders)
    assert lean == stock
    assert asked


def test_the_next_task_of_a_chain_starts_without_a_question(
    run_of_chains: Any, finders: Any, asked: list[tuple[str, int]]
) -> None:
    _, lean = finders
    keys = keys_of(run_of_chains)
    rules = [task_id for task_id, map_index in keys if "_one_done" in task_id and map_index == 0]
    done = dict.fromkeys([("list_runs", -1), *((task_id, 0) for task_id in rules)], "success")
    chosen, _ = ready(run_of_chains, dict.fromkeys(keys) | done, lean)
    assert ("sweep.t_none_failed", 0) in chosen
    assert ("sweep.t_none_failed", 0) not in asked
    assert ("sweep.t_none_failed", 1) not in chosen
    assert ("sweep.t_none_failed", 1) in asked


@pytest.mark.parametrize("state", ["up_for_retry", "up_for_reschedule"])
def test_a_task_that_is_tried_again_is_asked_for_its_time(run_of_chains: Any, state: str) -> None:
    from certain_tasks import is_certain

    instances = {(ti.task_id, ti.map_index): ti for ti in run_of_chains.get_task_instances()}
    instance = instances["sweep.t_none_failed", 0]
    instance.task = run_of_chains.dag.get_task(instance.task_id)
    instance.state = None
    ended = dict.fromkeys(instances, "success")
    assert is_certain(instance, ended)
    instance.state = state
    assert not is_certain(instance, ended)


@pytest.mark.parametrize("seed", range(8))
def test_the_same_tasks_may_start_when_a_mapped_group_gets_its_list(
    run_before_its_list: Any, finders: Any, asked: list[tuple[str, int]], seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    keys = keys_of(run_before_its_list)
    # A person may have marked some of them.
    marked = dict.fromkeys(chance.sample(keys, k=seed % 4), chance.choice(STATES))
    states = dict.fromkeys(keys) | marked | {("list_runs", -1): "success"}
    stock, lean = finders
    expected = ready(run_before_its_list, states, stock)
    of_stock = len(asked)
    assert ready(run_before_its_list, states, lean) == expected
    assert len(asked) < 2 * of_stock


def test_of_a_dag_with_a_setup_every_task_is_asked(
    run_of_chains: Any, finders: Any, asked: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_of_chains.dag.task_dict["outside"], "is_setup", True)
    keys = keys_of(run_of_chains)
    states = dict.fromkeys(keys) | {key: "success" for key in keys if key[0] != "sweep.t_none_failed"}
    ready(run_of_chains, states, finders[1])
    assert ("sweep.t_none_failed", 0) in asked
