"""The `BEAMLOOP_*` variables that a stack gives to its tasks and to the command line."""

from collections.abc import Mapping

from beamloop.local_stack.airflow_config import ADMIN_USER, ui_url
from beamloop.local_stack.dials_location import find_dials
from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.ports import StackPorts
from beamloop.local_stack.postgres_databases import CATALOG, database_dsn
from beamloop.local_stack.stack_secrets import StackSecrets


def stack_variables(
    layout: StackLayout, ports: StackPorts, secrets: StackSecrets, environment: Mapping[str, str]
) -> dict[str, str]:
    """Compose the variables, as :func:`beamloop.settings.settings_from_environment` reads them.

    Parameters
    ----------
    layout, ports, secrets
        Of the stack.
    environment
        The caller's variables: BEAMLOOP_S3_* and BEAMLOOP_DIALS_* are taken over.
    """
    variables = {
        "BEAMLOOP_STATE": str(layout.state),
        "BEAMLOOP_CATALOG_DSN": database_dsn(CATALOG, ports.postgres, secrets.catalog_password),
        "BEAMLOOP_ARTIFACTS": str(layout.artifacts),
        "BEAMLOOP_RUNS": str(layout.runs),
        "BEAMLOOP_BEAMLINES": str(layout.beamlines),
        "BEAMLOOP_AIRFLOW_URL": ui_url(ports),
        "BEAMLOOP_AIRFLOW_USER": ADMIN_USER,
        "BEAMLOOP_AIRFLOW_PASSWORD": secrets.admin_password,
    }
    if dials := find_dials(environment):
        variables["BEAMLOOP_DIALS_BIN"] = str(dials.bin_directory)
        variables["BEAMLOOP_DIALS_PYTHON"] = str(dials.python)
    for name in ("BEAMLOOP_DIALS_SERVER", "BEAMLOOP_REFINEMENT_ENGINE", "BEAMLOOP_AIRFLOW_HISTORY_DAYS"):
        if environment.get(name):
            variables[name] = environment[name]
    if environment.get("BEAMLOOP_S3_ENDPOINT"):
        variables |= {
            name: value for name, value in environment.items() if name.startswith("BEAMLOOP_S3_") and value
        }
    return variables
