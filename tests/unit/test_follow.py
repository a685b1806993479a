"""How often a command that waits reads how the sweeps stand."""

import pytest

from beamloop.cli.follow import LONGEST_POLL_S, POLL_S, pause_after

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("reading_s", [0.0, 0.002, 0.01])
def test_a_small_collection_is_read_every_second(reading_s: float) -> None:
    assert pause_after(reading_s) == POLL_S


def test_reading_a_large_collection_takes_a_hundredth_of_the_time() -> None:
    # Exact but for the last digit of the division.
    assert pause_after(0.03) == pytest.approx(3.0, rel=1e-12)


def test_progress_is_never_older_than_some_seconds() -> None:
    assert pause_after(5.0) == LONGEST_POLL_S
