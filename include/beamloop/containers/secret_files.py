"""The secrets of a deployment: one file each, as Docker and Kubernetes mount them, or the environment."""

import os
from collections.abc import Mapping
from pathlib import Path

from beamloop.errors import InvalidInputError

DEFAULT_FOLDER = "/run/secrets"


def read_secret(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """Read a secret from its file, or from the variable `BEAMLOOP_SECRET_` and its name in capitals.

    Parameters
    ----------
    name
        E.g. "catalog_password"; the file of this name is in the folder `BEAMLOOP_SECRETS`.
    environment
        The variables.

    Returns
    -------
    str
        Without the line end that editors put behind it.

    Raises
    ------
    InvalidInputError
        When there is neither, or it is empty; a default would be known to everybody.
    """
    path = Path(environment.get("BEAMLOOP_SECRETS", DEFAULT_FOLDER)) / name
    variable = f"BEAMLOOP_SECRET_{name.upper()}"
    try:
        value = path.read_text(encoding="utf-8").rstrip("\r\n")
    except FileNotFoundError:
        value = environment.get(variable, "")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"The secret {path} cannot be read.",
            evidence=str(error),
            try_next="It must be text that the container's user (10001) may read.",
        ) from error
    if not value:
        raise InvalidInputError(
            f"The secret {name} is missing or empty: neither {path} nor {variable} has it.",
            try_next="`docker/make_secrets` makes all of them.",
        )
    return value


def read_optional_secret(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """Read a secret that only some deployments have; "" where there is none, or an empty file.

    Raises
    ------
    InvalidInputError
        When its file cannot be read.
    """
    path = Path(environment.get("BEAMLOOP_SECRETS", DEFAULT_FOLDER)) / name
    named = environment.get(f"BEAMLOOP_SECRET_{name.upper()}")
    if not named and (not path.exists() or path.stat().st_size == 0):
        return ""
    return read_secret(name, environment)
