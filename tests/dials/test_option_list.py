"""The list of options that comes along is the one that DIALS itself tells."""

import pytest

from beamloop.dials_cli.handle import open_dials
from beamloop.dials_cli.option_list import LISTS, ask_options, read_list
from beamloop.settings import DialsSettings

pytestmark = pytest.mark.dials


def test_the_kept_list_is_what_the_installed_dials_tells() -> None:
    settings = DialsSettings()
    kept = LISTS / f"{open_dials(settings).version()}.json"
    assert kept.is_file(), "python -m tests.services.write_option_list writes the list of this DIALS"
    assert read_list(kept.read_bytes()) == read_list(ask_options(settings))
