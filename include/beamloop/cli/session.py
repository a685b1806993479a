"""What the commands need of the world: a running stack, found without any exported variable."""

import os

from beamloop.beamlines.beamline_file import Beamline, read_beamlines
from beamloop.catalog.connection import Catalog
from beamloop.dials_cli.handle import Dials, open_dials
from beamloop.errors import InvalidInputError
from beamloop.local_stack.airflow_rest import AirflowClient
from beamloop.local_stack.layout import state_directory
from beamloop.local_stack.stack_environment import load_stack_environment
from beamloop.settings import Settings, settings_from_environment


def stack_variables() -> dict[str, str]:
    """Return the local stack's variables, with those of the environment over them."""
    own = {name: value for name, value in os.environ.items() if name.startswith("BEAMLOOP_")}
    return load_stack_environment(state_directory()) | own


def load_settings() -> Settings:
    """Return the settings of the local stack, or of the environment.

    Raises
    ------
    InvalidInputError
        When neither has them.
    """
    return settings_from_environment(stack_variables())


def open_catalog() -> Catalog:
    """Return the catalogue."""
    return Catalog(load_settings().catalog_dsn)


def find_dials() -> Dials:
    """Return the DIALS that the tasks use."""
    return open_dials(load_settings().dials)


def find_beamline(name: str) -> Beamline | None:
    """Return a beamline's file, None where there is none that can be used."""
    known, _ = read_beamlines(load_settings().beamlines_directory)
    return next((beamline for beamline in known if beamline.beamline == name), None)


def open_airflow() -> AirflowClient:
    """Return a client of the Airflow that the stack runs.

    Raises
    ------
    InvalidInputError
        When it is not known where Airflow is.
    """
    variables = stack_variables()
    names = ("BEAMLOOP_AIRFLOW_URL", "BEAMLOOP_AIRFLOW_USER", "BEAMLOOP_AIRFLOW_PASSWORD")
    missing = [name for name in names if not variables.get(name)]
    if missing:
        raise InvalidInputError(
            f"It is not known where Airflow is: {', '.join(missing)} not set.",
            try_next="Start the local stack with `beamloop up`, or set these variables.",
        )
    url, user, password = (variables[name] for name in names)
    return AirflowClient(url, user, password)
