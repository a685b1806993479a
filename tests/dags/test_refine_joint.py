"""Joint refinements as a person sees them in Airflow's grid: one group, three kinds of bad news."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.dags.conftest import RunDag
from tests.services.isomorphism_bench import IsomorphismBench, alike, open_isomorphism_bench
from tests.services.joint_bench import JointBench

from beamloop.catalog.connection import Catalog
from beamloop.catalog.group_tasks import joint_tasks_of
from beamloop.catalog.joint import load_joint
from beamloop.errors import ArtifactDamagedError, StoreUnavailableError
from beamloop.joint import stage
from beamloop.records.joint import Joint, JointId, JointState
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.services import Services

pytestmark = pytest.mark.dags

STEPS = ("refine", "integrate", "report")
Behaviour = Callable[[Joint, str], Joint]


@pytest.fixture
def plate(tmp_path: Path, catalog_connection: str) -> Iterator[IsomorphismBench]:
    opened = open_isomorphism_bench(tmp_path, catalog_connection)
    opened.process(alike(4))
    opened_bench = JointBench(opened.services, opened.collection_id)
    opened_bench.report({"A": ["xtal1", "xtal2"], "B": ["xtal3", "xtal4"]})
    yield opened
    opened.services.catalog.close()


def behave(monkeypatch: pytest.MonkeyPatch, catalog: Catalog, behaviour: Behaviour) -> None:
    """Let a step be done by `behaviour(joint, step)`."""

    def run_joint_step(_: Services, joint_id: JointId, step: str) -> Joint:
        with catalog.transaction() as connection:
            return behaviour(load_joint(connection, joint_id), step)

    monkeypatch.setattr(stage, "run_joint_step", run_joint_step)


def published(joint: Joint, step: str) -> Joint:
    return replace(joint, state=JointState.PUBLISHED) if step == "report" else joint


def test_each_group_goes_its_own_way(
    run_dag: RunDag, plate: IsomorphismBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first_is_kept(joint: Joint, step: str) -> Joint:
        if joint.group_name == "A" and step == "report":
            return replace(joint, state=JointState.KEPT, sentence="No: the cells differ more than before.")
        return published(joint, step)

    behave(monkeypatch, plate.services.catalog, first_is_kept)
    states = run_dag("refine_joint", {})
    assert states["run", -1] == "success"
    assert [states[f"group.{step}", 0] for step in STEPS] == ["success", "success", "skipped"]
    assert [states[f"group.{step}", 1] for step in STEPS] == ["success"] * 3


def test_a_failure_of_the_data_skips_and_one_of_the_platform_fails(
    run_dag: RunDag, plate: IsomorphismBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_fails(joint: Joint, step: str) -> Joint:
        if joint.group_name == "A":
            outcome = Outcome(OutcomeCode.TOO_FEW_REFLECTIONS, "Fewer than two crystals.", "refine")
            return replace(joint, state=JointState.FAILED, outcome=outcome)
        raise ArtifactDamagedError("The object x is damaged.")

    behave(monkeypatch, plate.services.catalog, one_fails)
    states = run_dag("refine_joint", {})
    assert [states[f"group.{step}", 0] for step in STEPS] == ["skipped"] * 3
    assert [states[f"group.{step}", 1] for step in STEPS] == ["failed", "upstream_failed", "upstream_failed"]
    assert states["run", -1] == "failed"


def test_a_transient_error_is_tried_again_and_only_the_group_asked_for_is_taken(
    run_dag: RunDag, plate: IsomorphismBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def away_once(joint: Joint, step: str) -> Joint:
        tries.append(f"{joint.name} {step}")
        if len(tries) == 1:
            raise StoreUnavailableError("The store is away.")
        return published(joint, step)

    behave(monkeypatch, plate.services.catalog, away_once)
    states = run_dag("refine_joint", {"collection_id": plate.collection_id, "group": "B"})
    assert states["run", -1] == "success"
    assert tries == ["plate3 B refine", *(f"plate3 B {step}" for step in STEPS)]
    # The pages lead from the mapped task to its group.
    with plate.services.catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT dag_run_id FROM beamloop.joint_tasks")
        (noted,) = cursor.fetchall()
        (task,) = joint_tasks_of(connection, noted["dag_run_id"])  # type: ignore[call-overload]
        assert task.map_index == 0
        assert load_joint(connection, JointId(task.number)).group_name == "B"


def test_nothing_new_is_a_night_without_tasks(
    run_dag: RunDag, plate: IsomorphismBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = run_dag("refine_joint", {"group": "C"})
    assert states["run", -1] == "success"
    assert {state for (task, _), state in states.items() if task.startswith("group.")} == {"skipped"}
