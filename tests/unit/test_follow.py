"""How often a command that waits reads how the sweeps stand."""

import pytest

from beamloop.cli.follow import LONGEST_POLL_S, POLL_S, pause_s

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("sweeps", [0, 1, 12, 73, 100])
def test_a_small_collection_is_read_every_second(sweeps: int) -> None:
    assert pause_s(sweeps) == POLL_S


def test_a_larger_one_is_read_less_often_the_larger_it_is() -> None:
    assert POLL_S < pause_s(300) < pause_s(900) < LONGEST_POLL_S


def test_progress_is_never_older_than_some_seconds() -> None:
    assert pause_s(5000) == LONGEST_POLL_S
