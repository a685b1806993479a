"""What is made before the services of a deployment start: databases and tables, then Airflow's entries."""

import sys
from pathlib import Path

from beamloop.catalog.migrations import migrate
from beamloop.containers.deployment import Deployment
from beamloop.containers.serve import service_environment, write_service_files
from beamloop.local_stack.airflow_database import ensure_airflow_tables
from beamloop.local_stack.airflow_entries import apply_entries, machine_entries, with_machine_values
from beamloop.local_stack.airflow_rest import AirflowClient
from beamloop.local_stack.commands import run_to_end
from beamloop.local_stack.narration import Narration
from beamloop.local_stack.postgres_databases import DatabaseServer, ensure_databases, wait_for_server
from beamloop.local_stack.settings_file import read_settings_file
from beamloop.settings import settings_from_environment
from beamloop.storage.opening import open_store


def prepare_databases(deployment: Deployment, narration: Narration) -> None:
    """Make roles, databases, tables and the bucket that are missing; safe to repeat.

    Where the deployment has no `postgres_password`, roles and databases are taken as given.

    Raises
    ------
    TransientError
        When PostgreSQL or the store does not answer.
    PermanentError
        When a migration fails, or a new key cannot be taken up.
    """
    write_service_files(deployment)
    server = DatabaseServer(
        port=deployment.postgres_port,
        superuser_password=deployment.postgres_password,
        host=deployment.postgres_host,
    )
    if deployment.postgres_password:
        with narration.step("Databases ready"):
            wait_for_server(server, still_hopeful=lambda: None)
            ensure_databases(
                server,
                airflow_password=deployment.airflow_database_password,
                catalog_password=deployment.catalog["password"],
            )
    with narration.step("Airflow's tables up to date"):
        ensure_airflow_tables(
            deployment.airflow_dsn,
            environment=service_environment(deployment),
            log=Path(deployment.state) / "airflow-migrate.log",
        )
    if "," in deployment.fernet_key:
        with narration.step("Airflow's passwords encrypted with the new key"):
            encrypt_anew(deployment)
    with narration.step("Catalogue up to date"):
        migrate(deployment.beamloop["BEAMLOOP_CATALOG_DSN"])
    with narration.step("Artifact store ready"):
        open_store(settings_from_environment(deployment.beamloop).store)


def encrypt_anew(deployment: Deployment) -> None:
    """Have Airflow encrypt what it keeps with the first of several keys; each of them could be the old one.

    Without this a new key leaves connections, variables and triggers that nobody can read, nor write over.

    Raises
    ------
    PermanentError
        When none of the keys is the one in use, or one is no key.
    """
    run_to_end(
        "Encrypting Airflow's passwords with the new key",
        [sys.executable, "-m", "airflow", "rotate-fernet-key"],
        log=Path(deployment.state) / "airflow-rotate.log",
        environment=service_environment(deployment),
    )


def apply_settings(deployment: Deployment, narration: Narration) -> None:
    """Give the running Airflow its connections, pools and variables; safe to repeat.

    Raises
    ------
    TransientError
        When Airflow does not answer.
    PermanentError
        When it refuses an entry.
    """
    entries = with_machine_values(
        read_settings_file(deployment.project / "airflow_settings.yaml"),
        machine_entries(deployment.catalog, deployment.beamloop, slots=deployment.dials_slots),
    )
    variables = deployment.beamloop
    with (
        narration.step("Connections, pools and variables applied"),
        AirflowClient(
            deployment.api_server,
            variables["BEAMLOOP_AIRFLOW_USER"],
            variables["BEAMLOOP_AIRFLOW_PASSWORD"],
        ) as client,
    ):
        apply_entries(client, entries)
