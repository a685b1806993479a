"""Find the DIALS of this machine, and say which version it is."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from beamloop.settings import DialsSettings

SYSTEM_PYTHON = Path("/usr/bin/python3")  # of Debian's package


def find_dials(environment: Mapping[str, str] = os.environ) -> DialsSettings | None:
    """Find DIALS: BEAMLOOP_DIALS_BIN and BEAMLOOP_DIALS_PYTHON, or the `dials.import` of PATH or of Debian.

    Returns
    -------
    DialsSettings or None
        None when this machine has no `dials.import` where the environment points.
    """
    named = environment.get("BEAMLOOP_DIALS_BIN", "")
    program = shutil.which("dials.import", path=named or f"{environment.get('PATH', '')}:/usr/bin")
    if program is None:
        return None
    folder = Path(program).absolute().parent
    # conda and DIALS's own installers put their Python beside the programs; Debian uses the system's.
    beside = folder / "python"
    default = beside if beside.is_file() and folder != SYSTEM_PYTHON.parent else SYSTEM_PYTHON
    python = environment.get("BEAMLOOP_DIALS_PYTHON", "")
    return DialsSettings(bin_directory=folder, python=Path(python) if python else default)


def dials_version(dials: DialsSettings) -> str | None:
    """Ask DIALS's Python for the version of DIALS, e.g. "3.12"; None when it has none. Takes 1 s."""
    answer = _ask_python(dials, "import dials.util.version as v; print(v.dials_version())")
    found = re.search(r"\d+\.\d+\S*", answer or "")
    return found.group() if found else None


def module_that_dials_lacks(dials: DialsSettings) -> str:
    """Ask DIALS's Python which module its indexing imports in vain, e.g. "gemmi"; "" when none. Takes 2 s."""
    script = (
        "try:\n    import dials.command_line.index\n"
        "except ModuleNotFoundError as error:\n    print('lacks', error.name)"
    )
    found = re.search(r"^lacks (\S+)$", _ask_python(dials, script) or "", re.MULTILINE)
    return found.group(1) if found else ""


def _ask_python(dials: DialsSettings, script: str) -> str | None:
    try:
        answer = subprocess.run(  # noqa: S603 - argv list, no shell
            [dials.python, "-c", script], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout
