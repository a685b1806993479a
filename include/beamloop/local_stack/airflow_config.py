"""Airflow's settings on one machine, each with its reason, and the environment of its programs.

Measured with Airflow 3.3.2 on two cores; the figures are in docs/decisions.
"""

import configparser
import io
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from beamloop.local_stack.airflow_executor import executor_settings
from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.ports import HOST, StackPorts
from beamloop.local_stack.postgres_databases import AIRFLOW
from beamloop.local_stack.private_files import write_private
from beamloop.local_stack.stack_secrets import StackSecrets

ADMIN_USER = "admin"
PASSWORDS_FILE = "passwords.json"
# What Airflow's programs inherit; anything else of the caller's (AIRFLOW__*, PYTHONPATH, proxies) stays out.
INHERITED = ("HOME", "USER", "LOGNAME", "TMPDIR", "TZ")

Sections = dict[str, dict[str, str]]


def ui_url(ports: StackPorts) -> str:
    """Return the address of Airflow's pages and REST API."""
    return f"http://{HOST}:{ports.ui}"


def _places(layout: StackLayout, dags: Path) -> Sections:
    return {
        "core": {
            "dags_folder": str(dags),
            "plugins_folder": str(layout.project / "plugins"),
            "load_examples": "False",
            "dags_are_paused_at_creation": "False",
            # The default asks the name service, which may take seconds or fail without a network.
            "hostname_callable": "socket.gethostname",
        },
        "logging": {
            "base_log_folder": str(layout.airflow_home / "logs"),
            "colored_console_log": "False",  # the programs' output goes to files
        },
        # The default is a fixed folder in the system's temporary one: shared by all stacks.
        "dag_processor": {"dag_bundle_storage_path": str(layout.airflow_home / "bundles")},
    }


def _database(ports: StackPorts, secrets: StackSecrets) -> Sections:
    login = f"{AIRFLOW}:{secrets.airflow_database_password}"
    return {
        "database": {
            "sql_alchemy_conn": f"postgresql+psycopg2://{login}@{HOST}:{ports.postgres}/{AIRFLOW}",
            # `up` has checked; each program's own check costs it an import of alembic and all migrations.
            "check_migrations": "False",
            # A scheduler that gives up on its database first lets all its tasks end, however long they
            # take, and schedules nothing meanwhile. Twenty attempts (waits random, up to 5 s) bridge
            # half a minute, where the default of 3 bridges two seconds.
            "max_db_retries": "20",
        }
    }


def _access(layout: StackLayout, ports: StackPorts, secrets: StackSecrets) -> Sections:
    return {
        "core": {
            "fernet_key": secrets.fernet_key,
            "simple_auth_manager_users": f"{ADMIN_USER}:admin",
            "simple_auth_manager_passwords_file": str(layout.airflow_home / PASSWORDS_FILE),
            "execution_api_server_url": f"{ui_url(ports)}/execution/",
        },
        "api": {
            "host": HOST,
            "port": str(ports.ui),
            "base_url": ui_url(ports),
            "secret_key": secrets.api_secret_key,
        },
        "api_auth": {"jwt_secret": secrets.jwt_secret},
    }


def pace() -> Sections:
    """Collect what makes Airflow lean and patient, the same in every deployment."""
    return {
        "core": {
            # Many tasks only wait for a slot of a pool; DIALS itself is bounded by the pool `dials`.
            "parallelism": "16",
            "max_active_tasks_per_dag": "32",
            # The rendered fields of all runs: those of old runs go with their tasks, by night. Airflow looks
            # for fields older than thirty runs whenever a task starts.
            "num_dag_runs_to_retain_rendered_fields": "0",
        },
        "workers": {
            # The executor waits this long after a child has closed its channels, in 40 % of short tasks.
            "min_heartbeat_interval": "1",
            # PostgreSQL away for half a minute is no reason to kill an hour's integration: with the
            # retries below, ten failed heartbeats are several minutes.
            "max_failed_heartbeats": "10",
            "execution_api_retries": "12",
            # The default of 90 s would leave a task silent for longer than the heartbeat timeout.
            "execution_api_retry_wait_max": "5",
        },
        "scheduler": {
            # All runs at work: in those in which nothing has happened the lean executor does not look.
            "max_dagruns_per_loop_to_schedule": "100",
            "max_tis_per_query": "0",  # as many as `parallelism`: fewer passes over all task instances
            # LocalExecutor queues without limit, and a queued task's token dies with this time.
            "task_queued_timeout": "86400",
            # A task whose process was killed is tried again after a minute, not five.
            "task_instance_heartbeat_timeout": "60",
            # The tasks of a killed scheduler are found as soon as its last heartbeat is half a minute old
            # (scheduler_health_check_threshold): a small sweep was done 44 s after the kill, with 60 s here
            # 85 s. The check costs two small statements.
            "orphaned_tasks_check_interval": "10",
        },
        "triggerer": {
            # The trigger of a killed triggerer, which looks at the folders, is taken over when the last
            # heartbeat (every 5 s) is so old: half of the default.
            "triggerer_health_check_threshold": "15",
        },
        "dag_processor": {
            "parsing_processes": "1",
            # A handful of files that change only with a deployment.
            "min_file_process_interval": "300",
            "bundle_refresh_check_interval": "30",
        },
    }


def airflow_settings(
    layout: StackLayout, ports: StackPorts, secrets: StackSecrets, dags: Path, executor: str
) -> Sections:
    """Collect all of Airflow's settings that differ from its defaults, by section and option.

    Parameters
    ----------
    layout, ports, secrets
        Of the stack.
    dags
        The folder of the DAG files.
    executor
        "lean" or "stock".

    Raises
    ------
    InvalidInputError
        When there is no such executor.
    """
    merged: Sections = {}
    parts = (
        _places(layout, dags),
        _database(ports, secrets),
        _access(layout, ports, secrets),
        pace(),
        executor_settings(executor),
    )
    for part in parts:
        for section, options in part.items():
            merged.setdefault(section, {}).update(options)
    return merged


def write_airflow_files(layout: StackLayout, settings: Sections, secrets: StackSecrets) -> None:
    """Write `airflow.cfg` and the password file of Airflow's simple auth manager, both mode 0600."""
    write_private(layout.airflow_home / "airflow.cfg", settings_text(settings))
    write_private(
        layout.airflow_home / PASSWORDS_FILE, json.dumps({ADMIN_USER: secrets.admin_password}) + "\n"
    )


def settings_text(settings: Sections) -> str:
    """Write the settings as `airflow.cfg` has them."""
    writer = configparser.RawConfigParser()
    # Airflow's reader interpolates: a per cent sign in a path or password must be doubled.
    writer.read_dict(
        {
            section: {name: value.replace("%", "%%") for name, value in options.items()}
            for section, options in settings.items()
        }
    )
    text = io.StringIO()
    writer.write(text)
    return text.getvalue()


def programs_environment(
    layout: StackLayout, beamloop: Mapping[str, str], environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Compose the environment of the supervisor and of Airflow's programs.

    Parameters
    ----------
    layout
        The stack's paths.
    beamloop
        The `BEAMLOOP_*` variables of the stack, for the tasks.
    environment
        The caller's variables, of which a few are passed on.
    """
    inherited = {name: environment[name] for name in INHERITED if name in environment}
    # `python`, by which the supervisor starts its programs, is this environment's.
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
    return inherited | {
        "PATH": path,
        "LANG": "C.UTF-8",
        "AIRFLOW_HOME": str(layout.airflow_home),
        # Nothing of a stack speaks to the internet by itself.
        "SCARF_NO_ANALYTICS": "true",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "False",
        **beamloop,
    }
