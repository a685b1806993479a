"""Which DIALS it is, without the second that `dials.version` costs where that can be avoided."""

import re
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from beamloop.dials_cli.environment import program_environment
from beamloop.dials_cli.starting import find_program
from beamloop.errors import InvalidInputError
from beamloop.settings import DialsSettings

SCRIPT = Path(__file__).with_name("scripts") / "print_version.py"
DEBIAN_PACKAGE_FOLDER = Path("/usr/lib/python3/dist-packages/dials")
PATIENCE_S = 120.0  # a first start from a cold network file system


def dials_version(settings: DialsSettings) -> str:
    """Return the version of DIALS, e.g. "3.12.1"; looked up once in a process for each program file.

    Where the programs and the DIALS Python share a folder they are one install, and DIALS's own version
    module is asked alone (25 ms). Elsewhere `dials.version` is run. Debian's package knows the third number,
    which its DIALS does not.

    Parameters
    ----------
    settings
        Which DIALS.

    Raises
    ------
    InvalidInputError
        When there is no such DIALS, or it does not say its version.
    """
    program = find_program("dials.version", settings.bin_directory)
    # A new DIALS brings a new file: who runs for months must not go on with the old version.
    return _version_of(program, Path(program).stat().st_ctime_ns, settings)


@lru_cache(maxsize=8)
def _version_of(program: str, ctime_ns: int, settings: DialsSettings) -> str:
    if Path(program).parent.resolve() == settings.python.parent.resolve():
        said = _output([str(settings.python), "-I", str(SCRIPT)])
    else:
        said = _output([program])
    found = re.match(r"DIALS (\S+)", said)
    if found is None:
        raise InvalidInputError(
            f"{program} does not say which version it is.",
            evidence=said[:200],
            try_next="Check BEAMLOOP_DIALS_BIN and BEAMLOOP_DIALS_PYTHON.",
        )
    if str(DEBIAN_PACKAGE_FOLDER) in said.splitlines():
        return _debian_version() or found[1]
    return found[1]


def _output(argv: Sequence[str]) -> str:
    try:
        # One short command of DIALS or dpkg, no file name in it.
        answer = subprocess.run(  # noqa: S603
            argv, env=program_environment({}), capture_output=True, timeout=PATIENCE_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise InvalidInputError(
            f"{argv[0]} cannot tell the version of DIALS: {error}",
            try_next="Check BEAMLOOP_DIALS_BIN and BEAMLOOP_DIALS_PYTHON.",
        ) from error
    return answer.stdout.decode("utf-8", "replace")


def _debian_version() -> str:
    """Return the upstream version of Debian's package without its "+dfsg" marks, e.g. "3.12.1"."""
    stated = _output(["dpkg-query", "--show", "--showformat=${source:Upstream-Version}", "python3-dials"])
    return stated.partition("+")[0].strip()
