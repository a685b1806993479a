"""Gaps in a sweep: their words, the beamline's rule, and the parameters that carry it."""

from dataclasses import replace
from pathlib import Path

import pytest

from beamloop.beamlines.beamline_file import Beamline
from beamloop.records.images import NumberedImages
from beamloop.records.parameters import Parameters
from beamloop.records.watched import SeenSweep
from beamloop.sweep.block_words import describe_gap, ranges
from beamloop.watch.completion import waits_for_gap

pytestmark = pytest.mark.unit

WHOLE = NumberedImages(Path("/data"), "x_", 5, ".cbf", 1, 15)
GAP = replace(WHOLE, missing=(8,))
PROCESS = Beamline(beamline="i24", roots=[Path("/data")])


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ((8,), "2 blocks: 1-7, 9-15; image 8 is missing"),
        ((2, 8, 9), "3 blocks: 1, 3-7, 10-15; images 2, 8-9 are missing"),
    ],
)
def test_a_gap_is_told_by_its_blocks_and_its_missing_images(missing: tuple[int, ...], words: str) -> None:
    assert describe_gap(replace(WHOLE, missing=missing)) == words


def test_many_blocks_are_not_all_named() -> None:
    assert ranges([(n, n) for n in range(1, 100, 2)]) == "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, ..."


@pytest.mark.parametrize(
    ("gaps", "images", "quiet_s", "waits"),
    [
        ("wait", GAP, 599.0, True),
        ("wait", GAP, 600.0, False),
        ("wait", WHOLE, 0.0, False),
        ("process", GAP, 0.0, False),
        ("quarantine", GAP, 0.0, False),
    ],
)
def test_only_a_beamline_that_waits_waits_for_a_missing_image_and_not_for_ever(
    gaps: str, images: NumberedImages, quiet_s: float, *, waits: bool
) -> None:
    beamline = PROCESS.model_copy(update={"gaps": gaps})
    seen = SeenSweep(images, "0" * 64, first_seen_s=1000.0, changed_seen_s=1000.0, expected_count=None)
    assert waits_for_gap(seen, beamline, 1000.0 + quiet_s) is waits


def test_only_quarantine_refuses_gaps_and_other_runs_keep_their_keys() -> None:
    process = PROCESS.parameters_for("plate3")
    quarantine = PROCESS.model_copy(update={"gaps": "quarantine"}).parameters_for("plate3")
    assert "refuse_gaps" not in process.as_json()
    assert quarantine == replace(process, refuse_gaps=True)
    assert Parameters.from_json(quarantine.as_json()) == quarantine
    assert Parameters.from_json(process.as_json()) == process
