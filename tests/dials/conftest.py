"""Simulated wedges that several tests process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from beamloop.dials_cli.handle import Dials, open_dials
from beamloop.dials_cli.server_door import stop_servers
from beamloop.settings import DialsSettings
from beamloop.simulate import write_collection
from beamloop.simulate.presets import PRESETS


@pytest.fixture(scope="session")
def tiny_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide two good wedges, xtal1_1 and xtal2_1, and their truth; not to be changed."""
    folder = tmp_path_factory.mktemp("images") / "tiny"
    write_collection(PRESETS["tiny2"](1), folder)
    return folder


@pytest.fixture(scope="session")
def served_dials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dials]:
    """Provide DIALS through a server of the session's own: a start costs milliseconds."""
    directory = tmp_path_factory.mktemp("server")
    yield open_dials(DialsSettings(server_directory=directory))
    stop_servers(directory)
