"""What the tasks need of the world, from Airflow's connections and variables."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import Variable

from airflow_services import beamlines_directory, catalog_dsn, connect_catalog, run_root, store_settings

if TYPE_CHECKING:
    from beamloop.catalog.connection import Catalog
    from beamloop.dials_cli.handle import Dials
    from beamloop.services import Services

__all__ = ["beamlines_directory", "connect_catalog", "connect_dials", "connect_services"]


def connect_dials(run_root: Path | None = None) -> "Dials":
    """Return the DIALS of the variables `beamloop_dials_bin` and `beamloop_dials_python`.

    Its server, if the variable `beamloop_dials_server` is not "off", listens below the run directory. The
    variable `beamloop_refinement_engine` is "blocked" or "stock".
    """
    from beamloop.dials_cli.handle import open_dials
    from beamloop.settings import DialsSettings, dials_server_directory, refinement_engine

    programs = Variable.get("beamloop_dials_bin", default="")
    python = Variable.get("beamloop_dials_python", default="/usr/bin/python3")
    server = None
    if run_root:
        server = dials_server_directory(run_root, Variable.get("beamloop_dials_server", default="on"))
    engine = refinement_engine(Variable.get("beamloop_refinement_engine", default="blocked"))
    return open_dials(DialsSettings(Path(programs) if programs else None, Path(python), server, engine))


@lru_cache(maxsize=1)
def kept_catalog(dsn: str) -> "Catalog":
    """Return the catalogue that the last task of this process has used, with its open connection.

    Making a connection costs as much as several steps ask of it.
    """
    from beamloop.catalog.connection import Catalog

    return Catalog(dsn)


def connect_services() -> "Services":
    """Return everything a step of a sweep needs."""
    from beamloop.services import Services
    from beamloop.storage.opening import open_store

    root = run_root()
    return Services(
        catalog=kept_catalog(catalog_dsn()),
        store=open_store(store_settings()),
        dials=connect_dials(root),
        run_root=root,
    )
