"""Failures of a night fall into groups by what is the same in them."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from beamloop.catalog.failure_causes import common_sentence, group_failures
from beamloop.catalog.selection import Failure
from beamloop.cli.failures import when
from beamloop.records.identifiers import RunId, SweepId
from beamloop.records.outcome import Outcome, OutcomeCode

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("No spots on 12 images.", "No spots on 20 images."),
        (
            "Of 12 images, 1 are empty: 'a_00008.cbf'.",
            "Of 9 images, 3 are empty: 'b_1.cbf', 'it s_2.cbf', ....",
        ),
        ("dials.index says: bad /data/a/x.expt", "dials.index says: bad /data/b c/y.expt".replace(" c", "")),
        ("Of images 1 to 12, 2 are missing: 3, 4.", "Of images 1 to 20, 1 are missing: 7."),
        ("No lattice. Tried: fft1d; fft3d, strong spots to 4 A.", "No lattice. Tried: fft1d."),
        ("ended after 3600 s", "ended\n after 1.5e3 s"),
    ],
)
def test_one_cause_has_one_sentence_whatever_the_sweep(one: str, other: str) -> None:
    assert common_sentence(one) == common_sentence(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("No spots on 12 images.", "No lattice fits 12 images."),
        ("The method fft1d found none.", "The method fft3d found none."),
        ("dials.index says: Too few reflections", "dials.refine says: Too few reflections"),
    ],
)
def test_different_causes_stay_apart(one: str, other: str) -> None:
    assert common_sentence(one) != common_sentence(other)


def failed(minute: int, code: OutcomeCode, sentence: str) -> Failure:
    at = NOW - timedelta(minutes=minute)
    outcome = Outcome(code, sentence, "index")
    number, name = SweepId(minute), f"xtal{minute}_1"
    return Failure("i24", "plate3", Path("/data/plate3"), number, name, RunId(minute), outcome, at)


def test_the_most_frequent_cause_comes_first_and_of_equals_the_newest() -> None:
    groups = group_failures(
        [
            failed(0, OutcomeCode.NO_SPOTS, "No spots on 12 images."),
            failed(1, OutcomeCode.NO_LATTICE, "No lattice in 30 spots."),
            failed(2, OutcomeCode.TIMED_OUT, "After 3600 s."),
            failed(3, OutcomeCode.NO_LATTICE, "No lattice in 44 spots."),
        ]
    )
    assert [(group.code, len(group.failures)) for group in groups] == [
        (OutcomeCode.NO_LATTICE, 2),
        (OutcomeCode.NO_SPOTS, 1),
        (OutcomeCode.TIMED_OUT, 1),
    ]
    assert [failure.sweep for failure in groups[0].failures] == ["xtal1_1", "xtal3_1"]
    assert groups[0].cause == "No lattice in N spots."


def test_a_code_divides_what_a_sentence_does_not() -> None:
    same = "It failed."
    assert len(group_failures([failed(n, code, same) for n, code in enumerate(OutcomeCode)])) == len(
        OutcomeCode
    )


def test_a_time_is_told_in_utc_and_as_the_clock_on_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Vienna")
    time.tzset()
    try:
        assert when(NOW) == "2026-11-21 03:00 UTC (04:00 local)"
        assert when(NOW - timedelta(hours=3, minutes=30)) == "2026-11-20 23:30 UTC (2026-11-21 00:30 local)"
    finally:
        monkeypatch.undo()
        time.tzset()
