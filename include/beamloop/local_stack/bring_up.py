"""Start a local stack: what is missing is made, what is there is used, what runs is left alone."""

import os
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from psycopg2.extensions import parse_dsn

from beamloop.errors import PermanentError
from beamloop.local_stack import programs
from beamloop.local_stack.airflow_config import (
    ADMIN_USER,
    airflow_settings,
    programs_environment,
    ui_url,
    write_airflow_files,
)
from beamloop.local_stack.airflow_database import ensure_airflow_tables
from beamloop.local_stack.airflow_entries import apply_entries, machine_entries, with_machine_values
from beamloop.local_stack.airflow_rest import AirflowClient
from beamloop.local_stack.directories import (
    COMFORTABLE_FREE_BYTES,
    check_disk_space,
    copy_beamline_files,
    make_directories,
)
from beamloop.local_stack.exclusive import exclusive, uninterrupted
from beamloop.local_stack.guard_locks import wait_for_guards
from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.narration import Narration
from beamloop.local_stack.ports import PREFERRED_UI_PORT, StackPorts, choose_ports, is_free, load_ports
from beamloop.local_stack.postgres_binaries import find_postgres
from beamloop.local_stack.postgres_cluster import cluster_major, create_cluster
from beamloop.local_stack.postgres_databases import (
    AIRFLOW,
    DatabaseServer,
    database_dsn,
    ensure_databases,
    wait_for_server,
)
from beamloop.local_stack.private_files import write_private
from beamloop.local_stack.settings_file import AirflowEntries, read_settings_file
from beamloop.local_stack.stack_environment import stack_environment_text
from beamloop.local_stack.stack_secrets import StackSecrets, load_or_create_secrets
from beamloop.local_stack.stack_variables import stack_variables
from beamloop.local_stack.supervision import Supervisor
from beamloop.local_stack.waiting import StartWatch, wait_for_programs


@dataclass(frozen=True, slots=True)
class StackAccess:
    """How a person gets in."""

    url: str  # "http://127.0.0.1:8080"
    user: str  # "admin"
    password: str


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a start needs to know."""

    layout: StackLayout
    ports: StackPorts
    secrets: StackSecrets
    variables: dict[str, str]
    environment: dict[str, str]
    entries: AirflowEntries

    @property
    def access(self) -> StackAccess:
        return StackAccess(ui_url(self.ports), ADMIN_USER, self.secrets.admin_password)


def bring_up(
    layout: StackLayout, narration: Narration, environment: Mapping[str, str] = os.environ
) -> StackAccess:
    """Start the stack, or what is missing of it; returns when Airflow is ready to run DAGs.

    Interrupted at any instant (KeyboardInterrupt), it ends what it has started; a second call goes on
    from there.

    Parameters
    ----------
    layout
        The stack's paths.
    narration
        Told what is done and how long it took.
    environment
        The caller's variables.

    Raises
    ------
    InvalidInputError
        When a setting, a file or an older state directory stands in the way.
    DiskFullError
        When there is too little room.
    PermanentError, TransientError
        When a program does not start; its log is the evidence.
    """
    make_directories(layout)
    _check_room(layout, narration)
    with exclusive(layout.lock_file, on_wait=narration.note):
        supervisor = Supervisor(layout)
        if supervisor.pid() is not None:
            plan = _plan(layout, load_ports(layout) or choose_ports(layout), environment)
            _start_programs(plan, supervisor, narration)
            return plan.access
        return _start_anew(layout, supervisor, narration, environment)


def _start_anew(
    layout: StackLayout, supervisor: Supervisor, narration: Narration, environment: Mapping[str, str]
) -> StackAccess:
    while True:
        plan = _prepare(layout, narration, environment)
        try:
            supervisor.start(plan.environment)
            _start_programs(plan, supervisor, narration)
        except BaseException as error:
            with uninterrupted():
                narration.note("Not started; ending what was.")
                supervisor.shut_down()
            # Ports are free when they are chosen; seconds pass until the programs listen.
            if not isinstance(error, PermanentError) or all(map(is_free, astuple(plan.ports))):
                raise
            narration.note(f"{error.what} Once more with another port.")
        else:
            return plan.access


def _check_room(layout: StackLayout, narration: Narration) -> None:
    free_bytes = check_disk_space(layout)
    if free_bytes < COMFORTABLE_FREE_BYTES:
        narration.note(f"Only {free_bytes / 1e9:.1f} GB are free for {layout.state}: room for small trials.")


def _plan(layout: StackLayout, ports: StackPorts, environment: Mapping[str, str]) -> _Plan:
    secrets = load_or_create_secrets(layout)
    variables = stack_variables(layout, ports, secrets, environment)
    return _Plan(
        layout=layout,
        ports=ports,
        secrets=secrets,
        variables=variables,
        environment=programs_environment(layout, variables, environment),
        entries=with_machine_values(
            read_settings_file(layout.project / "airflow_settings.yaml"),
            machine_entries(parse_dsn(variables["BEAMLOOP_CATALOG_DSN"]), variables),
        ),
    )


def _prepare(layout: StackLayout, narration: Narration, environment: Mapping[str, str]) -> _Plan:
    """Make files and cluster while nothing of the stack runs."""
    wait_for_guards(layout)
    last = load_ports(layout)
    ports = choose_ports(layout)
    wished = last.ui if last else PREFERRED_UI_PORT
    if ports.ui != wished:
        narration.note(f"Port {wished} is taken by another program: Airflow's pages use {ports.ui}.")
    plan = _plan(layout, ports, environment)
    major = cluster_major(layout)
    binaries = find_postgres(environment, major=major)
    # Before the programs' files: they name the cluster's true place, which may be another than planned.
    if major is None:
        with narration.step(f"PostgreSQL {binaries.major} cluster created"):
            create_cluster(layout, binaries, plan.secrets.postgres_password)
    dags = Path(environment.get("BEAMLOOP_DAGS") or layout.project / "dags").absolute()
    executor = environment.get("BEAMLOOP_EXECUTOR") or "lean"
    settings = airflow_settings(layout, ports, plan.secrets, dags, executor)
    write_airflow_files(layout, settings, plan.secrets)
    programs.write_program_files(layout, programs.stack_programs(layout, binaries, ports))
    write_private(layout.environment_file, stack_environment_text(plan.variables))
    copy_beamline_files(layout)
    return plan


def _start_programs(plan: _Plan, supervisor: Supervisor, narration: Narration) -> None:
    """Start the programs in the order in which they need each other; those that run are left alone."""
    watch = StartWatch(plan.layout, supervisor, plan.ports)
    with narration.step("PostgreSQL started, databases ready"):
        supervisor.start_program(programs.POSTGRES)
        server = DatabaseServer(plan.ports.postgres, plan.secrets.postgres_password)
        wait_for_server(server, still_hopeful=watch.check)
        ensure_databases(
            server,
            airflow_password=plan.secrets.airflow_database_password,
            catalog_password=plan.secrets.catalog_password,
        )
    _migrate(plan, narration)
    access = plan.access
    with AirflowClient(access.url, access.user, access.password) as client:
        with narration.step("Airflow's api-server ready, connections and pools applied"):
            for name in (programs.API_SERVER, programs.DAG_PROCESSOR):
                supervisor.start_program(name)
            wait_for_programs(
                client, [programs.API_SERVER], plan.ports.ui, supervisor=supervisor, watch=watch
            )
            apply_entries(client, plan.entries)
        # Last: no DAG runs before its connections are there.
        with narration.step("Airflow's scheduler, triggerer and dag-processor ready"):
            for name in (programs.SCHEDULER, programs.TRIGGERER):
                supervisor.start_program(name)
            wait_for_programs(client, programs.PROGRAMS, plan.ports.ui, supervisor=supervisor, watch=watch)


def _migrate(plan: _Plan, narration: Narration) -> None:
    # Imported here: the stages' code is not needed to describe or stop a stack.
    from beamloop.catalog.migrations import migrate

    with narration.step("Airflow's tables up to date"):
        ensure_airflow_tables(
            database_dsn(AIRFLOW, plan.ports.postgres, plan.secrets.airflow_database_password),
            environment=plan.environment,
            log=plan.layout.logs / "airflow-migrate.log",
        )
    with narration.step("Catalogue up to date"):
        migrate(plan.variables["BEAMLOOP_CATALOG_DSN"])
