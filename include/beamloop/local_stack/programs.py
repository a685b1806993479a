"""The five programs of a local stack, and the files that tell the supervisor about them."""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.ports import StackPorts
from beamloop.local_stack.postgres_binaries import PostgresBinaries
from beamloop.local_stack.postgres_cluster import ENVIRONMENT, operating_system_user, server_argv
from beamloop.local_stack.private_files import write_private

POSTGRES = "postgres"
API_SERVER = "api-server"
DAG_PROCESSOR = "dag-processor"
TRIGGERER = "triggerer"
SCHEDULER = "scheduler"
AIRFLOW_PROGRAMS = (API_SERVER, DAG_PROCESSOR, TRIGGERER, SCHEDULER)
PROGRAMS = (POSTGRES, *AIRFLOW_PROGRAMS)

# Stopped from the last group to the first, each group at once: tasks before the server that they report
# to, the database after everybody who uses it.
GROUPS = {
    "database": (POSTGRES,),
    "server": (API_SERVER,),
    "work": (DAG_PROCESSOR, TRIGGERER, SCHEDULER),
}

PROGRAMS_FILE = "programs.json"
# A scheduler told to stop waits for its tasks, however long: they are restartable, so it may not. A
# triggerer waits ten seconds for its loop; triggers only wait themselves.
GRACE_S = {API_SERVER: 2.0, DAG_PROCESSOR: 10.0, TRIGGERER: 1.0, SCHEDULER: 5.0}
# The guard's end of a program takes at most its grace and its own two rounds of signals; then the
# supervisor kills the guard.
STOP_MARGIN_S = 20


@dataclass(frozen=True, slots=True)
class Program:
    """How the guard runs one program."""

    argv: tuple[str, ...]
    stop_signal: str  # "SIGTERM"
    grace_s: float  # time between the stop signal and the kill
    user: str | None = None  # None: as the supervisor
    environment: dict[str, str] | None = None  # None: as the supervisor
    wait_for_port: int | None = None  # not started before somebody listens there


def stack_programs(layout: StackLayout, binaries: PostgresBinaries, ports: StackPorts) -> dict[str, Program]:
    """Describe the stack's programs by name."""
    postgres = Program(
        argv=tuple(server_argv(layout, binaries, ports.postgres)),
        stop_signal="SIGINT",  # "fast": ends the sessions instead of waiting for them
        grace_s=30,
        user=operating_system_user(),
        environment=ENVIRONMENT,
    )
    return {POSTGRES: postgres} | {name: _airflow(name, ports) for name in AIRFLOW_PROGRAMS}


def _airflow(name: str, ports: StackPorts) -> Program:
    # One machine, one log folder: the api-server reads the files itself, no log servers are needed.
    options = ("--skip-serve-logs",) if name in (SCHEDULER, TRIGGERER) else ()
    return Program(
        argv=(sys.executable, "-m", "airflow", name, *options),
        stop_signal="SIGTERM",
        grace_s=GRACE_S[name],
        # Without its database an Airflow program only burns seconds of imports before it fails.
        wait_for_port=ports.postgres,
    )


def write_program_files(layout: StackLayout, programs: dict[str, Program]) -> Path:
    """Write the guard's and the supervisor's configuration; return the latter's path."""
    described = {name: asdict(program) for name, program in programs.items()}
    write_private(layout.supervisor / PROGRAMS_FILE, json.dumps(described, indent=1))
    # The supervisor runs in its own folder and every path here is relative to it: a state directory's
    # path may have spaces, quotes and comment signs, and be longer than the 107 bytes that a socket's may.
    # The socket's is spelled through /proc because the supervisor makes plain relative paths absolute.
    sections = [_program_section(name, program) for name, program in programs.items()]
    sections += [_group_section(*group) for group in GROUPS.items()]
    configuration = layout.supervisor / "supervisord.conf"
    write_private(configuration, "".join([_supervisor_section(), *sections]))
    return configuration


def _supervisor_section() -> str:
    # Supervisor warns of a root supervisor unless it is told that root is meant.
    user = "user=root\n" if os.geteuid() == 0 else ""
    return f"""\
[supervisord]
{user}nodaemon=true
silent=true
logfile=../logs/supervisord.log
logfile_maxbytes=5MB
logfile_backups=2
pidfile=supervisord.pid

[unix_http_server]
file=/proc/self/cwd/supervisor.sock
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""


def _program_section(name: str, program: Program) -> str:
    # `up` starts the programs in order. A program that dies early waits one second more each time, for
    # ever: Airflow's programs end when the database is away, and must come back by themselves.
    return f"""
[program:{name}]
command=python -m beamloop.local_stack.guard {name}
autostart=false
autorestart=true
startsecs=10
startretries=1000000
stopwaitsecs={program.grace_s + STOP_MARGIN_S:.0f}
redirect_stderr=true
stdout_logfile=../logs/{name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
"""


def _group_section(group: str, names: tuple[str, ...]) -> str:
    return f"""
[group:{group}]
programs={",".join(names)}
priority={10 * (1 + list(GROUPS).index(group))}
"""


def supervised_name(name: str) -> str:
    """Return the supervisor's name of a program, e.g. "work:scheduler"."""
    return next(f"{group}:{name}" for group, names in GROUPS.items() if name in names)
