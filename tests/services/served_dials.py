"""The installed DIALS, its programs forked by one server for each process of the tests."""

import atexit
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

from beamloop.dials_cli.handle import Dials, open_dials
from beamloop.dials_cli.server_door import stop_servers
from beamloop.settings import DialsSettings


@lru_cache(maxsize=1)
def served_dials() -> Dials:
    """Return a handle on DIALS; its server ends with the tests."""
    directory = Path(tempfile.mkdtemp(prefix="beamloop-dials-server-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    atexit.register(stop_servers, directory)
    return open_dials(DialsSettings(server_directory=directory))
