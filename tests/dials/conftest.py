"""Simulated wedges that several tests process."""

from pathlib import Path

import pytest

from beamloop.simulate import write_collection
from beamloop.simulate.presets import PRESETS


@pytest.fixture(scope="session")
def tiny_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide two good wedges, xtal1_1 and xtal2_1, and their truth; not to be changed."""
    folder = tmp_path_factory.mktemp("images") / "tiny"
    write_collection(PRESETS["tiny2"](1), folder)
    return folder
