"""Services that several integration tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services.running_swift import SwiftServer, running_swift
from tests.services.watch_bench import set_rules


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwiftServer]:
    """Provide a real S3 server for the whole session."""
    with running_swift(tmp_path_factory.mktemp("swift")) as server:
        yield server


@pytest.fixture
def beamlines(tmp_path: Path) -> Path:
    """Provide the folder of a beamline's rules."""
    folder = tmp_path / "beamlines"
    folder.mkdir()
    set_rules(folder)
    (tmp_path / "data").mkdir()
    return folder


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    """Provide a folder that the beamline watches and nobody has made yet."""
    return tmp_path / "data" / "plate3"
