"""Merge the sweeps of isomorphous groups, when a person asks for it.

list_merges ▸ merge (one task for each group: dials.cosym or dials.symmetry, dials.scale, dials.merge)

A group whose data do not allow it ends as skipped, with the reason.
"""

from datetime import timedelta

from airflow.sdk import Param, dag, get_current_context, task

from connect_services import connect_catalog, connect_services
from end_with_supervisor import ended_with_supervisor
from translate_errors import fail_when_permanent, show_outcome


@task
@fail_when_permanent
def list_merges() -> list[list[object]]:
    """Return the merges that wait, each with its name."""
    from beamloop.catalog.group_tasks import note_merge_tasks
    from beamloop.catalog.merging import load_merge, waiting_merges

    context = get_current_context()
    with connect_catalog() as catalog, catalog.transaction() as connection:
        chosen = waiting_merges(connection, context["params"]["merge_ids"])
        note_merge_tasks(connection, context["run_id"], chosen)
        merges = [load_merge(connection, merge_id) for merge_id in chosen]
    return [[merge.merge_id, merge.name] for merge in merges]


# Scaling of many sweeps needs the memory.
@task(pool="refinement", map_index_template="{{ task.op_kwargs['group'][1] }}", do_xcom_push=False)
@fail_when_permanent
def merge(group: list[object]) -> None:
    """Merge one group."""
    from beamloop.merging.stage import run_merge
    from beamloop.records.merging import MergeId

    with ended_with_supervisor():
        # A supervisor that died before this line is noticed here: the connections come through it.
        done = run_merge(connect_services(), MergeId(int(str(group[0]))))
    show_outcome(done.outcome)


@dag(
    dag_id="merge_group",
    schedule=None,
    params={
        "merge_ids": Param(
            [],
            type="array",
            items={"type": "integer"},
            description="The merges that `beamloop merge` has asked for.",
        ),
    },
    default_args={
        "retries": 6,
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=5),
    },
    max_active_runs=2,
    catchup=False,
    render_template_as_native_obj=True,
    tags=["beamloop"],
    doc_md=__doc__,
)
def merge_group() -> None:
    """Order of the tasks."""
    merge.expand(group=list_merges())


merge_group()
