"""Describe a local stack: which programs run, what answers, and how much room there is."""

import os
import shutil
import socket
import time
from dataclasses import dataclass

import psycopg2

from beamloop.local_stack.airflow_rest import AirflowClient
from beamloop.local_stack.directories import COMFORTABLE_FREE_BYTES
from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.ports import StackPorts, load_ports
from beamloop.local_stack.process_trees import main_process_id, tree_memory_bytes
from beamloop.local_stack.programs import API_SERVER, POSTGRES, PROGRAMS
from beamloop.local_stack.readiness import ready_programs
from beamloop.local_stack.stack_environment import load_stack_environment
from beamloop.local_stack.supervision import ProgramState, Supervisor

ANSWER_LIMIT_S = 10  # the api-server is busy for seconds when it has just been started


@dataclass(frozen=True, slots=True)
class ComponentStatus:
    """One program of the stack."""

    name: str  # "scheduler"
    state: str  # "running", "starting", "failing" (restarted again and again) or "stopped"
    pid: int | None  # of the program itself, not of its guard
    port: int | None  # 8080
    uptime_s: int | None  # since the last start
    memory_bytes: int | None  # of the program and everything below it, shared pages counted once


@dataclass(frozen=True, slots=True)
class StackStatus:
    """The whole stack."""

    well: bool  # every component runs, database and store answer, and there is room
    components: tuple[ComponentStatus, ...]
    catalogue_answers: bool
    store_answers: bool
    store: str  # a folder, or "host:port" of the S3 endpoint
    disk_free_bytes: int  # of the state directory's file system
    state_directory: str
    ui_url: str  # empty when the stack was never started
    ui_user: str
    ui_password: str


def stack_status(layout: StackLayout) -> StackStatus:
    """Look at the stack; starts nothing, changes nothing, and answers for a stack that never ran."""
    variables = load_stack_environment(layout.state)
    states = Supervisor(layout).states()
    ports = load_ports(layout)
    ready = _ready(variables, states, ports)
    components = tuple(_component(name, states.get(name), name in ready, ports) for name in PROGRAMS)
    catalogue_answers = bool(states) and _catalogue_answers(variables.get("BEAMLOOP_CATALOG_DSN", ""))
    store, store_answers = _store(variables)
    existing = next(folder for folder in (layout.state, *layout.state.parents) if folder.is_dir())
    free_bytes = shutil.disk_usage(existing).free
    all_run = all(component.state == "running" for component in components)
    return StackStatus(
        well=all_run and catalogue_answers and store_answers and free_bytes >= COMFORTABLE_FREE_BYTES,
        components=components,
        catalogue_answers=catalogue_answers,
        store_answers=store_answers,
        store=store,
        disk_free_bytes=free_bytes,
        state_directory=str(layout.state),
        ui_url=variables.get("BEAMLOOP_AIRFLOW_URL", ""),
        ui_user=variables.get("BEAMLOOP_AIRFLOW_USER", ""),
        ui_password=variables.get("BEAMLOOP_AIRFLOW_PASSWORD", ""),
    )


def _ready(variables: dict[str, str], states: dict[str, ProgramState], ports: StackPorts | None) -> set[str]:
    url = variables.get("BEAMLOOP_AIRFLOW_URL", "")
    if not states or not url or ports is None:
        return set()
    with AirflowClient(url, "", "", timeout_s=ANSWER_LIMIT_S) as client:
        return ready_programs(client, states, ports.ui)


def _component(
    name: str, supervised: ProgramState | None, is_ready: bool, ports: StackPorts | None
) -> ComponentStatus:
    if supervised is None or not supervised.pid:
        failing = supervised is not None and supervised.state in {"BACKOFF", "FATAL"}
        return ComponentStatus(name, "failing" if failing else "stopped", None, None, None, None)
    listens = {POSTGRES: ports.postgres, API_SERVER: ports.ui} if ports else {}
    return ComponentStatus(
        name=name,
        state="running" if is_ready else "starting",
        pid=main_process_id(supervised.pid),
        port=listens.get(name),
        uptime_s=max(0, round(time.time()) - supervised.started_at_s),
        memory_bytes=tree_memory_bytes(supervised.pid),
    )


def _catalogue_answers(dsn: str) -> bool:
    try:
        psycopg2.connect(dsn, connect_timeout=ANSWER_LIMIT_S).close()
    except psycopg2.OperationalError:
        return False
    return True


def _store(variables: dict[str, str]) -> tuple[str, bool]:
    endpoint = variables.get("BEAMLOOP_S3_ENDPOINT", "")
    if not endpoint:
        folder = variables.get("BEAMLOOP_ARTIFACTS", "")
        return folder, os.access(folder, os.W_OK | os.X_OK)
    host, _, port = endpoint.partition(":")
    secure = variables.get("BEAMLOOP_S3_SECURE", "true").lower() != "false"
    try:
        socket.create_connection((host, int(port or (443 if secure else 80))), ANSWER_LIMIT_S).close()
    except (OSError, ValueError):
        return endpoint, False
    return endpoint, True
