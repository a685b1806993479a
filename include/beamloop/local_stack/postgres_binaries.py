"""Find the PostgreSQL programs of this machine."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from beamloop.errors import InvalidInputError

DEBIAN_ROOT = Path("/usr/lib/postgresql")
OLDEST_MAJOR = 13  # Airflow's oldest supported


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """The folder of `initdb` and `postgres`, and their version."""

    folder: Path  # Path("/usr/lib/postgresql/15/bin")
    major: int  # 15


def _candidates(environment: Mapping[str, str]) -> list[Path]:
    named = environment.get("BEAMLOOP_POSTGRES_BIN", "")
    if named:
        return [Path(named)]
    versions = sorted(
        (folder for folder in DEBIAN_ROOT.glob("*") if folder.name.isdigit()),
        key=lambda folder: int(folder.name),
        reverse=True,
    )
    on_path = shutil.which("initdb", path=environment.get("PATH", os.defpath))
    return [folder / "bin" for folder in versions] + ([Path(on_path).resolve().parent] if on_path else [])


def _major(postgres: Path) -> int | None:
    try:
        # Only fixed programs get here: the candidates above.
        answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"\) (\d+)", answer.stdout)
    return int(found.group(1)) if found else None


def find_postgres(
    environment: Mapping[str, str] = os.environ, *, major: int | None = None
) -> PostgresBinaries:
    """Find `initdb` and `postgres`: BEAMLOOP_POSTGRES_BIN, Debian's places (newest first), PATH.

    Parameters
    ----------
    environment
        Variable names and values.
    major
        The major version that an existing cluster needs; None for any that Airflow supports.

    Raises
    ------
    InvalidInputError
        When there is none that fits; says what to install or set.
    """
    seen: list[int] = []
    for folder in _candidates(environment):
        found = _major(folder / "postgres") if (folder / "initdb").is_file() else None
        if found is None:
            continue
        seen.append(found)
        if found == major or (major is None and found >= OLDEST_MAJOR):
            return PostgresBinaries(folder, found)
    wanted = f"PostgreSQL {major}" if major else f"PostgreSQL {OLDEST_MAJOR} or later"
    raise InvalidInputError(
        f"{wanted} was not found on this machine"
        + (f" (only version {', '.join(map(str, seen))})." if seen else "."),
        try_next="Install it (Debian: `make setup`, or the package `postgresql`), "
        "or set BEAMLOOP_POSTGRES_BIN to the folder that has initdb and postgres.",
    )
