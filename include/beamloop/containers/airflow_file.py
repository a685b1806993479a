"""Airflow's settings in a container: the local stack's pace, this deployment's addresses."""

from beamloop.containers.deployment import Deployment, Executor
from beamloop.local_stack.airflow_config import PASSWORDS_FILE, Sections, pace
from beamloop.local_stack.airflow_executor import executor_settings


def container_settings(deployment: Deployment) -> Sections:
    """Collect all of Airflow's settings that differ from its defaults, by section and option.

    Raises
    ------
    InvalidInputError
        When there is no such executor.
    """
    merged: Sections = {}
    parts = (
        pace(),
        _room(deployment),
        _places(deployment),
        _database(deployment),
        _access(deployment),
        _executor(deployment),
    )
    for part in parts:
        for section, options in part.items():
            merged.setdefault(section, {}).update(options)
    return merged


def _room(deployment: Deployment) -> Sections:
    """Let as many tasks run as DIALS programs may, and as many again as one machine has that need none."""
    return {"core": {"parallelism": str(max(16, deployment.dials_slots + 8))}}


def _places(deployment: Deployment) -> Sections:
    return {
        "core": {
            "dags_folder": str(deployment.project / "dags"),
            "plugins_folder": str(deployment.project / "plugins"),
            "load_examples": "False",
            "dags_are_paused_at_creation": "False",
            # Containers find each other by the names that their engine gave them.
            "hostname_callable": "socket.gethostname",
        },
        # A volume: logs outlive the containers.
        "logging": {"base_log_folder": "/srv/beamloop/logs", "colored_console_log": "False"},
    }


def _database(deployment: Deployment) -> Sections:
    return {
        "database": {
            "sql_alchemy_conn": f"postgresql+psycopg2://{deployment.airflow_login}",
            "check_migrations": "False",  # the service `prepare` has migrated
            "max_db_retries": "20",  # see local_stack/airflow_config.py
        }
    }


def _access(deployment: Deployment) -> Sections:
    users = ",".join(f"{name}:{role}" for name, role in deployment.users.items())
    return {
        "core": {
            "fernet_key": deployment.fernet_key,
            "simple_auth_manager_users": users,
            "simple_auth_manager_passwords_file": str(deployment.state / "airflow" / PASSWORDS_FILE),
            "execution_api_server_url": f"{deployment.api_server}/execution/",
        },
        "api": {
            "host": "0.0.0.0",  # noqa: S104 - inside its container; compose.yaml publishes it
            "port": "8080",
            "base_url": deployment.public_url,
            "secret_key": deployment.api_secret_key,
        },
        "api_auth": {"jwt_secret": deployment.jwt_secret},
    }


def _executor(deployment: Deployment) -> Sections:
    if deployment.executor is Executor.LOCAL:
        return executor_settings(deployment.local_executor)
    return {
        "core": {"executor": "CeleryExecutor"},
        "celery": {
            "broker_url": f"redis://:{deployment.broker_password}@{deployment.broker}/0",
            "result_backend": f"db+postgresql+psycopg2://{deployment.airflow_login}",
            "worker_concurrency": str(deployment.worker_tasks),
            # A worker takes what it can start, so that no task waits behind a long one.
            "worker_prefetch_multiplier": "1",
        },
        # What a killed worker had taken but not begun is given to another after so many seconds, not after a
        # day. A task that still runs is given too; Airflow refuses to start it twice, and that is all.
        "celery_broker_transport_options": {"visibility_timeout": "300"},
        "scheduler": {
            # A task that the scheduler gave away and nobody has (it was killed between telling the database
            # and telling the broker, or the broker lost its volume) is given again after ten minutes, not a
            # day: until then it holds its slot of the pool, and two of them stop a small machine. One that
            # waits for a worker is given again, too, as often as need be: it loses nothing by that.
            "task_queued_timeout": "600",
            # A task that begins after that and before it is given again has a token that expired: a try lost.
            "task_queued_timeout_check_interval": "20",
            "num_stuck_in_queued_retries": "144",
        },
    }
