"""Mapped chains of tasks of each trigger rule, for the tests of the scheduler."""

from typing import Any

from airflow.sdk import TriggerRule, chain, dag, task, task_group

SWEEPS = 2
# Airflow takes no "always" in a mapped group.
RULES = [rule for rule in TriggerRule if rule is not TriggerRule.ALWAYS]


@task
def list_runs() -> list[int]:
    """As many sweeps as there are chains."""
    return list(range(SWEEPS))


@task
def nothing(number: int = 0) -> None:
    """Do nothing."""


@task_group
def sweep(number: int) -> None:
    """Chain a task of each rule; then one with two forerunners, and one with another outside the group."""
    chain(*(nothing.override(task_id=f"t_{rule.value}", trigger_rule=rule)(number) for rule in RULES))
    both = nothing.override(task_id="both", trigger_rule="one_success")(number)
    [nothing.override(task_id="left")(number), nothing.override(task_id="right")(number)] >> both
    both >> nothing.override(task_id="by_outside", trigger_rule="one_success")(number)


@dag(dag_id="chains_of_each_rule", schedule=None)
def chains_of_each_rule() -> None:
    """Order of the tasks."""
    group: Any = sweep.expand(number=list_runs())
    group >> nothing.override(task_id="gather", trigger_rule="all_done")()
    nothing.override(task_id="outside")() >> group.children["sweep.by_outside"]


chains_of_each_rule()
