"""What tasks and triggers alike need of the world, from Airflow's connections and variables.

Here and not beside the DAG files, because the triggerer does not see those. The calls wait for an answer: a
trigger makes them in a thread.
"""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow.sdk import Connection, Variable
from airflow.sdk.exceptions import AirflowNotFoundException

if TYPE_CHECKING:
    from beamloop.catalog.connection import Catalog
    from beamloop.local_stack.airflow_rest import AirflowClient
    from beamloop.settings import DialsSettings, StoreSettings
    from beamloop.watch.work import DagWork


def connect_catalog(connections: int = 2) -> "Catalog":
    """Return the catalogue of the connection `beamloop_catalog`, with so many connections at most."""
    from beamloop.catalog.connection import Catalog

    return Catalog(catalog_dsn(), connections=connections)


def catalog_dsn() -> str:
    """Return where the connection `beamloop_catalog` leads. Holds a password: never logged."""
    from beamloop.catalog.connection import make_dsn

    found = Connection.get("beamloop_catalog")
    return make_dsn(
        host=found.host or "",
        port=found.port,
        database=found.schema or "beamloop",
        user=found.login or "",
        password=found.password or "",
    )


def store_settings() -> "StoreSettings":
    """Return which store the connection `beamloop_artifacts` names: a folder (`fs`), or a bucket."""
    from beamloop.settings import StoreSettings

    found = Connection.get("beamloop_artifacts")
    extra = found.extra_dejson
    if found.conn_type == "fs":
        return StoreSettings(directory=Path(extra["path"]))
    address = urlsplit(extra["endpoint_url"])
    return StoreSettings(
        endpoint=address.netloc,
        bucket=extra.get("bucket", "beamloop"),
        access_key=found.login or "",
        secret_key=found.password or "",
        region=extra.get("region_name", "us-east-1"),
        secure=address.scheme == "https",
    )


def run_root() -> Path:
    """Return the folder of the sweeps' work, of the connection `beamloop_runs`."""
    return Path(Connection.get("beamloop_runs").extra_dejson["path"])


def dials_settings() -> "DialsSettings":
    """Return which DIALS the variables `beamloop_dials_bin` and `beamloop_dials_python` name."""
    from beamloop.settings import DialsSettings

    programs = Variable.get("beamloop_dials_bin", default="")
    python = Variable.get("beamloop_dials_python", default="/usr/bin/python3")
    return DialsSettings(Path(programs) if programs else None, Path(python))


class RestStart:
    """Starts the DAG run of some work by the REST API that the connection `beamloop_airflow` names."""

    def __init__(self) -> None:
        self._airflow: AirflowClient | None = None

    def __call__(self, work: "DagWork") -> None:
        """Start a run of the work's name, if there is none.

        Raises
        ------
        BeamloopError
            When Airflow does not answer or refuses, or there is no such connection.
        """
        self._airflow = self._airflow or connect_airflow()
        self._airflow.trigger(work.dag_id, work.dag_run_id, work.conf)

    def close(self) -> None:
        """Close the connections."""
        if self._airflow:
            self._airflow.close()


def connect_airflow() -> "AirflowClient":
    """Return a client of Airflow's REST API, of the connection `beamloop_airflow`.

    Raises
    ------
    InvalidInputError
        When there is no such connection.
    """
    from beamloop.errors import InvalidInputError
    from beamloop.local_stack.airflow_rest import AirflowClient

    try:
        found = Connection.get("beamloop_airflow")
    except AirflowNotFoundException as error:
        raise InvalidInputError(
            "Airflow has no connection `beamloop_airflow`: processing starts some seconds later.",
            try_next="Make it, of the type http, with address, login and password of Airflow's own REST API.",
        ) from error
    url = f"{found.schema or 'http'}://{found.host}:{found.port or 8080}"
    return AirflowClient(url, found.login or "", found.password or "")


def beamlines_directory() -> Path:
    """Return the folder of the beamlines' files."""
    return Path(Variable.get("beamloop_beamlines_directory"))
