"""What the environment says of DIALS: its server, its refinement engine."""

from pathlib import Path

import pytest

from beamloop.dials_cli.forking_starter import ForkingStarter
from beamloop.dials_cli.handle import open_dials
from beamloop.dials_cli.starter import PlainStarter
from beamloop.errors import InvalidInputError
from beamloop.settings import RefinementEngine, settings_from_environment

pytestmark = pytest.mark.unit

ENVIRONMENT = {
    "BEAMLOOP_CATALOG_DSN": "dbname=beamloop",
    "BEAMLOOP_ARTIFACTS": "/srv/artifacts",
    "BEAMLOOP_RUNS": "/srv/runs",
    "BEAMLOOP_BEAMLINES": "/srv/beamlines",
}


def test_the_server_is_used_unless_it_is_switched_off() -> None:
    dials = settings_from_environment(ENVIRONMENT).dials
    assert dials.server_directory == Path("/srv/runs/.dials-server")
    assert isinstance(open_dials(dials).starter, ForkingStarter)
    off = settings_from_environment(ENVIRONMENT | {"BEAMLOOP_DIALS_SERVER": "off"}).dials
    assert isinstance(open_dials(off).starter, PlainStarter)


def test_a_misspelt_switch_is_refused_with_what_it_may_be() -> None:
    with pytest.raises(InvalidInputError, match='Set it to "on" or "off"'):
        settings_from_environment(ENVIRONMENT | {"BEAMLOOP_DIALS_SERVER": "yes"})


def test_the_faster_engine_is_used_unless_the_stock_one_is_asked_for() -> None:
    assert settings_from_environment(ENVIRONMENT).dials.refinement_engine is RefinementEngine.BLOCKED
    stock = settings_from_environment(ENVIRONMENT | {"BEAMLOOP_REFINEMENT_ENGINE": "stock"}).dials
    assert stock.refinement_engine is RefinementEngine.STOCK
    with pytest.raises(InvalidInputError, match='"blocked" or "stock"'):
        settings_from_environment(ENVIRONMENT | {"BEAMLOOP_REFINEMENT_ENGINE": "LevMar"})
