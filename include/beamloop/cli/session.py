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

NO_BEAMLINE = "local"  # whose sweeps those are that a person processes or adopts without naming a beamline


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
    """Return a beamline's file, None where it has none.

    Raises
    ------
    InvalidInputError
        When it has none among the files that can be read, and one cannot be: that may be its own, with other
        limits and a stricter gate.
    """
    known, faults = read_beamlines(load_settings().beamlines_directory)
    found = next((beamline for beamline in known if beamline.beamline == name), None)
    if found is None and faults and name != NO_BEAMLINE:
        raise faults[0]
    return found


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
