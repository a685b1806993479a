"""Write a service's files, and become Airflow's program."""

import json
import os
import sys
from pathlib import Path
from typing import NoReturn

from beamloop.containers.airflow_file import container_settings
from beamloop.containers.deployment import Deployment
from beamloop.errors import InvalidInputError
from beamloop.local_stack.airflow_config import INHERITED, PASSWORDS_FILE, settings_text
from beamloop.local_stack.private_files import write_private
from beamloop.local_stack.stack_environment import FILE_NAME, stack_environment_text

PROGRAMS = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler",),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer",),
    "worker": ("celery", "worker"),
}


def write_service_files(deployment: Deployment) -> None:
    """Write Airflow's settings and logins and the command line's variables, all of mode 0600.

    Raises
    ------
    InvalidInputError
        When the state directory cannot be written.
    """
    home = deployment.state / "airflow"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInputError(
            f"{home} cannot be made.",
            evidence=str(error),
            try_next="Mount a tmpfs of the container's user (10001) there, as compose.yaml does.",
        ) from error
    write_private(home / "airflow.cfg", settings_text(container_settings(deployment)))
    write_private(home / PASSWORDS_FILE, json.dumps(dict(deployment.passwords)) + "\n")
    write_private(deployment.state / FILE_NAME, stack_environment_text(deployment.beamloop))


def service_environment(deployment: Deployment) -> dict[str, str]:
    """Compose the environment of Airflow's programs: no secret is in it."""
    kept = {name: value for name, value in os.environ.items() if name in (*INHERITED, "PATH")}
    # An operator's own settings of Airflow (another login, metrics) go over the file's.
    kept |= {name: value for name, value in os.environ.items() if name.startswith("AIRFLOW__")}
    return kept | {
        "LANG": "C.UTF-8",
        "AIRFLOW_HOME": str(deployment.state / "airflow"),
        "BEAMLOOP_STATE": str(deployment.state),
        "BEAMLOOP_PROJECT": str(deployment.project),
        "SCARF_NO_ANALYTICS": "true",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "False",
    }


def become(deployment: Deployment, service: str) -> NoReturn:
    """Write the files and replace this process by Airflow's program.

    Parameters
    ----------
    deployment
        Where it serves.
    service
        One of :data:`PROGRAMS`.

    Raises
    ------
    InvalidInputError
        When there is no such service, or no room for its files.
    """
    if service not in PROGRAMS:
        raise InvalidInputError(
            f"There is no service {service!a}.", try_next=f"Choose one of {', '.join(PROGRAMS)}."
        )
    write_service_files(deployment)
    python = str(Path(sys.executable))
    os.execve(python, [python, "-m", "airflow", *PROGRAMS[service]], service_environment(deployment))  # noqa: S606
