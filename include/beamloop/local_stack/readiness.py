"""Which programs of a stack do their work, as opposed to merely run."""

from collections.abc import Mapping

from beamloop.errors import TransientError
from beamloop.local_stack.airflow_rest import AirflowClient
from beamloop.local_stack.process_trees import tree_listens
from beamloop.local_stack.programs import API_SERVER, DAG_PROCESSOR, POSTGRES, SCHEDULER, TRIGGERER
from beamloop.local_stack.supervision import ProgramState

AIRFLOW_NAMES = {SCHEDULER: "scheduler", TRIGGERER: "triggerer", DAG_PROCESSOR: "dag_processor"}


def ready_programs(client: AirflowClient, states: Mapping[str, ProgramState], ui_port: int) -> set[str]:
    """Return the names of the programs that do their work, by Airflow's own word.

    The word counts only when it is this stack's Airflow that listens on the port: another program, even
    another stack, may have taken the port in the seconds between its choice and its use.

    Airflow calls a component healthy for half a minute after its process was killed: a heartbeat counts
    only when it is younger than the process that the supervisor started.

    Parameters
    ----------
    client
        Of the stack's Airflow; needs no login.
    states
        What the supervisor says of each program.
    ui_port
        Where the api-server should listen.
    """
    if API_SERVER not in states or not tree_listens(states[API_SERVER].pid, ui_port):
        return set()
    try:
        health = client.health()
    except TransientError:
        return set()
    ready = {API_SERVER}
    if health["metadatabase"].is_healthy:
        ready.add(POSTGRES)
    for program, name in AIRFLOW_NAMES.items():
        component = health.get(name)
        if program in states and component and component.is_healthy and component.heartbeat_at:
            if component.heartbeat_at.timestamp() >= states[program].started_at_s:
                ready.add(program)
    return {name for name in ready if name in states and states[name].pid}
