"""Where things are on this machine: read once from the environment, never from a file of the code."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from beamloop.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where artifacts are kept: a local directory, or a bucket of an S3 endpoint."""

    directory: Path | None = None  # Path("/srv/beamloop/artifacts")
    endpoint: str = ""  # "minio:9000", host and port
    bucket: str = "beamloop"
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    region: str = "us-east-1"
    secure: bool = True  # TLS


class RefinementEngine(StrEnum):
    """How joint refinement and metrology build the normal matrix; both take the same steps."""

    BLOCKED = "blocked"  # as products of blocks: several times faster
    STOCK = "stock"  # as DIALS does


@dataclass(frozen=True, slots=True)
class DialsSettings:
    """Which DIALS is used."""

    bin_directory: Path | None = None  # Path("/usr/bin"); None: as PATH says
    python: Path = Path("/usr/bin/python3")  # the Python that can import dials
    server_directory: Path | None = None  # Path("/srv/beamloop/runs/.dials-server"); None: plain programs
    refinement_engine: RefinementEngine = RefinementEngine.BLOCKED


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs from machine to machine."""

    catalog_dsn: str = field(repr=False)  # "host=/run/postgresql dbname=beamloop"
    store: StoreSettings
    dials: DialsSettings
    run_root: Path  # Path("/srv/beamloop/runs")
    beamlines_directory: Path  # Path("/srv/beamloop/beamlines")


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise InvalidInputError(
            f"The environment variable {name} is not set.",
            try_next="Start the local stack with `make up`, or set it as docs/operations.md says.",
        )
    return value


def _store(environment: Mapping[str, str]) -> StoreSettings:
    endpoint = environment.get("BEAMLOOP_S3_ENDPOINT", "")
    if not endpoint:
        return StoreSettings(directory=Path(_required(environment, "BEAMLOOP_ARTIFACTS")))
    return StoreSettings(
        endpoint=endpoint,
        bucket=environment.get("BEAMLOOP_S3_BUCKET", "beamloop"),
        access_key=_required(environment, "BEAMLOOP_S3_ACCESS_KEY"),
        secret_key=_required(environment, "BEAMLOOP_S3_SECRET_KEY"),
        region=environment.get("BEAMLOOP_S3_REGION", "us-east-1"),
        secure=environment.get("BEAMLOOP_S3_SECURE", "true").lower() != "false",
    )


def dials_server_directory(run_root: Path, server: str) -> Path | None:
    """Return where the DIALS server of each machine listens, None where it is not wanted.

    Parameters
    ----------
    run_root
        The folder of the sweeps' work.
    server
        "on" or "off".

    Raises
    ------
    InvalidInputError
        When it is neither.
    """
    if server not in ("on", "off"):
        raise InvalidInputError(
            f"BEAMLOOP_DIALS_SERVER is {server!r}.", try_next='Set it to "on" or "off"; "on" is the default.'
        )
    return dials_servers(run_root) if server == "on" else None


def refinement_engine(name: str) -> RefinementEngine:
    """Return the engine of this name.

    Raises
    ------
    InvalidInputError
        When there is none.
    """
    try:
        return RefinementEngine(name)
    except ValueError as error:
        raise InvalidInputError(
            f"BEAMLOOP_REFINEMENT_ENGINE is {name!r}.",
            try_next='Set it to "blocked" or "stock"; "blocked" is the default.',
        ) from error


def dials_servers(run_root: Path) -> Path:
    """Return the folder in which the DIALS servers of one run directory listen."""
    return run_root / ".dials-server"


def settings_from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from `BEAMLOOP_*` variables.

    Parameters
    ----------
    environment
        Variable names and values.

    Raises
    ------
    InvalidInputError
        When a required variable is missing; names it.
    """
    bin_directory = environment.get("BEAMLOOP_DIALS_BIN", "")
    run_root = Path(_required(environment, "BEAMLOOP_RUNS"))
    return Settings(
        catalog_dsn=_required(environment, "BEAMLOOP_CATALOG_DSN"),
        store=_store(environment),
        dials=DialsSettings(
            bin_directory=Path(bin_directory) if bin_directory else None,
            python=Path(environment.get("BEAMLOOP_DIALS_PYTHON", "/usr/bin/python3")),
            server_directory=dials_server_directory(run_root, environment.get("BEAMLOOP_DIALS_SERVER", "on")),
            refinement_engine=refinement_engine(environment.get("BEAMLOOP_REFINEMENT_ENGINE", "blocked")),
        ),
        run_root=run_root,
        beamlines_directory=Path(_required(environment, "BEAMLOOP_BEAMLINES")),
    )
