"""Calibrate each detector from what it collected lately: nightly, and when a person asks for it.

list_detectors ▸ detector: choose ▸ index ▸ refine ▸ evidence ▸ report ▸ approve ▸ promote
(per detector and distance with new data)

What comes of it is a candidate with its evidence. One that falls short of the gate is rejected; one that
passes waits at *approve* until a person answers in Airflow or with `beamloop geometry`, or serves at once
where the beamline's file says `approval: automatic`. The wait holds no worker, no slot of a pool, and no
other night.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, Param, dag, get_current_context, task

from connect_services import beamlines_directory, connect_catalog, connect_dials
from metrology_task_group import calibrate_detector
from translate_errors import fail_when_permanent


@task
@fail_when_permanent
def list_detectors() -> list[list[object]]:
    """Ask for the detectors with new data; return what waits, each with its name."""
    from beamloop.beamlines.find_rules import geometry_rules_of
    from beamloop.metrology.ask import options_for
    from beamloop.metrology.night import take_up_detectors

    context = get_current_context()
    params = context["params"]
    directory = beamlines_directory()
    with connect_catalog() as catalog:
        return take_up_detectors(
            catalog,
            connect_dials().version(),
            dag_run_id=context["run_id"],
            metrology_ids=params["metrology_ids"],
            beamline=params["beamline"],
            collection_id=params["collection_id"],
            options_of=lambda name: options_for(geometry_rules_of(directory, name)),
        )


@dag(
    dag_id="refine_metrology",
    # After refine_joint, which begins at 02:00. Nothing of the joint refinements is read, so that one of them
    # that fails or takes long keeps no detector from its calibration; the memory is shared by their pool.
    schedule=CronTriggerTimetable("0 3 * * *", timezone="UTC"),
    params={
        "metrology_ids": Param(
            None,
            type=["null", "array"],
            items={"type": "integer"},
            description="Only these metrologies, which `beamloop metrology` has asked for.",
        ),
        "beamline": Param(None, type=["null", "string"], description="Only this beamline's detector."),
        "collection_id": Param(
            None, type=["null", "integer"], description="Only with the sweeps of this collection."
        ),
    },
    default_args={
        "retries": 6,
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=5),
        # Joint refinements that wait for the same pool go first.
        "priority_weight": 1,
        "weight_rule": "absolute",
    },
    # A run lasts as long as a person takes: each night of the longest wait, and those that people start.
    max_active_runs=100,
    max_active_tasks=16,
    catchup=False,
    render_template_as_native_obj=True,
    tags=["beamloop"],
    doc_md=__doc__,
)
def refine_metrology() -> None:
    """Order of the tasks."""
    calibrate_detector.expand(metrology=list_detectors())


refine_metrology()
