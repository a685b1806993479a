"""What a container knows of its deployment: addresses from the environment, secrets from files."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from beamloop.containers.secret_files import read_optional_secret, read_secret
from beamloop.errors import InvalidInputError
from beamloop.local_stack.airflow_executor import LEAN
from beamloop.local_stack.postgres_databases import AIRFLOW, CATALOG, database_dsn

SERVICE_USER = "beamloop"  # Beamloop's own login at Airflow's REST API
OWN_POSTGRES = "postgres"  # compose.yaml's service; on any other server roles and databases are given


class Executor(StrEnum):
    """Where tasks run."""

    LOCAL = "local"  # in the scheduler's container
    CELERY = "celery"  # in workers' containers


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment; no field with a secret is ever printed."""

    project: Path  # Path("/opt/beamloop"), holds dags/ and airflow_settings.yaml
    state: Path  # Path("/run/beamloop"): written anew at each start
    postgres_host: str  # "postgres"
    postgres_port: int  # 5432
    public_url: str  # "https://beamloop.example.org", as browsers know it
    api_server: str  # "http://api-server:8080", as the other containers know it
    executor: Executor
    local_executor: str  # "lean" or "stock", which one where tasks run in the scheduler's container
    broker: str  # "broker:6379", of Celery's workers
    worker_tasks: int  # 8: at once in one of Celery's workers
    dials_slots: int  # DIALS programs at once, over all machines
    users: Mapping[str, str]  # {"ana": "admin"}: roles by login
    catalog: Mapping[str, str] = field(repr=False)  # the catalogue's database by libpq's names
    beamloop: Mapping[str, str] = field(repr=False)  # BEAMLOOP_* of the tasks and the command line
    postgres_password: str = field(repr=False)  # of the superuser; "": the databases are given
    airflow_database_password: str = field(repr=False)
    passwords: Mapping[str, str] = field(repr=False)  # by login
    jwt_secret: str = field(repr=False)
    api_secret_key: str = field(repr=False)
    fernet_key: str = field(repr=False)
    broker_password: str = field(repr=False)

    @property
    def airflow_dsn(self) -> str:
        """Return libpq's connection string of Airflow's database."""
        return database_dsn(
            AIRFLOW, self.postgres_port, self.airflow_database_password, host=self.postgres_host
        )

    @property
    def airflow_login(self) -> str:
        """Login and address of Airflow's database, as URLs have it: "airflow:...@postgres:5432/airflow"."""
        password = quote(self.airflow_database_password, safe="")
        return f"{AIRFLOW}:{password}@{self.postgres_host}:{self.postgres_port}/{AIRFLOW}"


def read_deployment(environment: Mapping[str, str] = os.environ) -> Deployment:
    """Read what this container was told.

    Raises
    ------
    InvalidInputError
        When a variable or a secret is missing or cannot be; names it.
    """
    users = _users(environment.get("BEAMLOOP_USERS", "admin:admin"))
    passwords = {name: read_secret(f"password_{name}", environment) for name in users}
    passwords[SERVICE_USER] = read_secret("service_password", environment)
    executor = _executor(environment.get("BEAMLOOP_TASKS_RUN", Executor.LOCAL))
    host = environment.get("BEAMLOOP_POSTGRES_HOST") or OWN_POSTGRES
    port = _whole("BEAMLOOP_POSTGRES_PORT", environment, 5432)
    catalog = {
        "host": host,
        "port": str(port),
        "dbname": CATALOG,
        "user": CATALOG,
        "password": read_secret("catalog_password", environment),
    }
    return Deployment(
        project=Path(environment.get("BEAMLOOP_PROJECT", "/opt/beamloop")),
        state=Path(environment.get("BEAMLOOP_STATE", "/run/beamloop")),
        postgres_host=host,
        postgres_port=port,
        public_url=environment.get("BEAMLOOP_URL", "http://localhost:8080"),
        api_server=environment.get("BEAMLOOP_AIRFLOW_URL", "http://api-server:8080"),
        executor=executor,
        local_executor=environment.get("BEAMLOOP_EXECUTOR") or LEAN,
        broker=environment.get("BEAMLOOP_BROKER", "broker:6379"),
        worker_tasks=_whole("BEAMLOOP_WORKER_TASKS", environment, 8),
        dials_slots=_whole("BEAMLOOP_DIALS_SLOTS", environment, os.cpu_count() or 1),
        users={**users, SERVICE_USER: "op"},
        catalog=catalog,
        beamloop=_variables(environment, catalog, passwords[SERVICE_USER]),
        postgres_password=read_optional_secret("postgres_password", environment)
        if host == OWN_POSTGRES
        else "",
        airflow_database_password=read_secret("airflow_database_password", environment),
        passwords=passwords,
        jwt_secret=read_secret("jwt_secret", environment),
        api_secret_key=read_secret("api_secret_key", environment),
        fernet_key=read_secret("fernet_key", environment),
        broker_password=read_secret("broker_password", environment) if executor is Executor.CELERY else "",
    )


def _variables(
    environment: Mapping[str, str], catalog: Mapping[str, str], service_password: str
) -> dict[str, str]:
    """Compose the variables that tasks and commands read, as a local stack has them."""
    given = {name: value for name, value in environment.items() if name.startswith("BEAMLOOP_") and value}
    given = {name: value for name, value in given.items() if not name.startswith("BEAMLOOP_SECRET")}
    variables = {
        "BEAMLOOP_RUNS": "/srv/beamloop/runs",
        "BEAMLOOP_ARTIFACTS": "/srv/beamloop/artifacts",
        "BEAMLOOP_BEAMLINES": "/srv/beamloop/beamlines",
        "BEAMLOOP_AIRFLOW_URL": "http://api-server:8080",
        **given,
        "BEAMLOOP_AIRFLOW_USER": SERVICE_USER,
        "BEAMLOOP_AIRFLOW_PASSWORD": service_password,
        "BEAMLOOP_CATALOG_DSN": database_dsn(
            CATALOG, int(catalog["port"]), catalog["password"], host=catalog["host"]
        ),
    }
    if "BEAMLOOP_S3_ENDPOINT" in variables:
        variables["BEAMLOOP_S3_SECRET_KEY"] = read_secret("s3_secret_key", environment)
    return variables


def _users(text: str) -> dict[str, str]:
    """Read "ana:admin,ben:viewer"."""
    users = dict(part.strip().partition(":")[::2] for part in text.split(","))
    for name, role in users.items():
        if not name.isidentifier() or role not in ("viewer", "user", "op", "admin") or name == SERVICE_USER:
            raise InvalidInputError(
                f"BEAMLOOP_USERS has {name!a}:{role!a}.",
                try_next="Write LOGIN:ROLE,...; letters, digits and _ for a login, viewer, user, op or admin "
                f"for a role. {SERVICE_USER} is Beamloop's own login.",
            )
    return users


def _executor(name: str) -> Executor:
    try:
        return Executor(name)
    except ValueError as error:
        raise InvalidInputError(
            f"BEAMLOOP_TASKS_RUN is {name!a}.", try_next='Set it to "local" or "celery".'
        ) from error


def _whole(name: str, environment: Mapping[str, str], default: int) -> int:
    text = environment.get(name, "") or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise InvalidInputError(f"{name} is {text!a}.", try_next="Set it to a whole number above 0.")
    return int(text)
