"""The steps of one metrology, each a task, and who lets its geometry serve; mapped over the detectors."""

import logging
from typing import Any

from airflow.sdk import TriggerRule, chain, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from ask_for_approval import AskForApproval
from connect_services import beamlines_directory, connect_catalog, connect_services
from end_with_supervisor import ended_with_supervisor
from translate_errors import fail_when_permanent, show_metrology

log = logging.getLogger("beamloop.refine_metrology")

# Refinement needs the memory, the others the cores.
POOLS = {
    "choose": "dials",
    "index": "dials",
    "refine": "refinement",
    "evidence": "refinement",
    "report": "dials",
}
NAME = "{{ task.op_args[0][1] }}"


@task_group(group_id="detector")
def calibrate_detector(metrology: list[object]) -> None:
    """Calibrate one detector, and let its geometry serve when that is approved.

    Parameters
    ----------
    metrology
        The metrology's number and name, e.g. [3, "i24 250 mm"].
    """
    approve = AskForApproval(
        task_id="approve", metrology=metrology, map_index_template="{{ task.metrology[1] }}"
    )
    chain(*(_step_task(step)(metrology) for step in POOLS), approve, promote(metrology, approve.output))  # type: ignore[arg-type] # XCom


def _step_task(step: str):  # type: ignore[no-untyped-def] # the decorator's own type is private
    @task(
        task_id=step,
        pool=POOLS[step],
        map_index_template=NAME,
        do_xcom_push=False,
        # Runs after a skip too, to be skipped itself: its log then says why there is no candidate.
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    @fail_when_permanent
    def do_step(metrology: list[object]) -> None:
        from beamloop.metrology.stage import run_metrology_step
        from beamloop.records.metrology import MetrologyId

        with ended_with_supervisor():
            # A supervisor that died before this line is noticed here: the connections come through it.
            services = connect_services()
            done = run_metrology_step(services, MetrologyId(int(str(metrology[0]))), step)
        show_metrology(done)

    return do_step


@task(map_index_template=NAME, do_xcom_push=False)
@fail_when_permanent
def promote(metrology: list[object], answer: dict[str, Any]) -> None:
    """Carry out what was answered; a rejected candidate ends as skipped, with the reason."""
    from datetime import UTC, datetime

    from beamloop.beamlines.find_rules import geometry_rules_of
    from beamloop.catalog.metrology import load_metrology
    from beamloop.geometry.approval import carry_out
    from beamloop.records.approval import Answer
    from beamloop.records.geometry import GeometryState
    from beamloop.records.metrology import MetrologyId

    found = Answer.from_json(answer)
    with connect_catalog() as catalog:
        with catalog.transaction() as connection:
            done = load_metrology(connection, MetrologyId(int(str(metrology[0]))))
        if done.geometry_id is None:
            raise AirflowSkipException(done.sentence)
        rules = geometry_rules_of(beamlines_directory(), done.beamline)
        version = carry_out(catalog, done.geometry_id, found, rules, datetime.now(UTC))
    words = f"Geometry {version.geometry_id} is {version.state.value}. {found.by}: {found.why}"
    if version.state is not GeometryState.IN_FORCE:
        raise AirflowSkipException(words)
    log.info("%s", words)
