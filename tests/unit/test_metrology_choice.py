"""Which sweeps are refined and which are held out: by strength, by spread over the panels, explained."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from tests.services.filled_catalogue import VERSION, parameters
from tests.services.joint_figures import DETECTOR, MODEL
from tests.services.metrology_figures import sweep

from beamloop.catalog.metrology_requests import OfferedSweep
from beamloop.dials_cli.detector import DetectorSummary
from beamloop.metrology.ask import group_sweeps
from beamloop.metrology.choice import Chosen, Offer, choose_sweeps
from beamloop.metrology.offers import Candidate, strangers
from beamloop.records.geometry import GeometryGate, GeometryId, SourceRole
from beamloop.records.identifiers import RequestId, RunId
from beamloop.records.images import NumberedImages
from beamloop.records.metrology import MetrologyOptions
from beamloop.records.run import Run
from beamloop.run_files import RunInput

pytestmark = pytest.mark.unit

NAMES = ("Panel0", "Panel1", "Panel2")
OPTIONS = MetrologyOptions()
REFINED, HELD_OUT = SourceRole.REFINED, SourceRole.HELD_OUT


def offer(number: int, *counts: int) -> Offer:
    return Offer(RunId(number), np.array(counts))


def roles(chosen: Chosen) -> dict[int, SourceRole | None]:
    return {choice.run_id: choice.role for choice in chosen.choices}


def why(chosen: Chosen, number: int) -> str:
    return next(choice.why for choice in chosen.choices if choice.run_id == number)


def test_a_long_sweep_is_refined_and_wedges_are_held_out_until_there_is_enough() -> None:
    wedges = [offer(number, 300, 300, 300) for number in range(2, 6)]
    chosen = choose_sweeps([*wedges, offer(1, 4000, 4000, 4000)], NAMES, OPTIONS)
    # Three times 900 reach the 2000 that are enough; the fourth would bring nothing to full panels.
    assert roles(chosen) == {1: REFINED, 2: HELD_OUT, 3: HELD_OUT, 4: HELD_OUT, 5: None}
    assert why(chosen, 1) == "it has the most reflections: 12000"
    assert "never refined against" in why(chosen, 2)
    assert not chosen.held_out_blocks


def test_sweeps_that_fill_an_empty_panel_are_refined_with_the_first_and_the_panel_is_named() -> None:
    first, held, filling = offer(1, 5000, 5000, 0), offer(2, 2500, 0, 0), offer(3, 0, 0, 400)
    chosen = choose_sweeps([first, held, filling], NAMES, OPTIONS)
    assert roles(chosen) == {1: REFINED, 2: HELD_OUT, 3: REFINED}
    assert why(chosen, 3) == "it brings 400 reflections to panels that had fewer than 500: Panel2"


def test_one_sweep_alone_has_blocks_of_its_rotation_held_out() -> None:
    chosen = choose_sweeps([offer(1, 4000, 4000, 4000)], NAMES, OPTIONS)
    assert roles(chosen) == {1: REFINED}
    assert chosen.held_out_blocks
    assert not choose_sweeps(
        [offer(1, 4000, 4000, 4000)], NAMES, replace(OPTIONS, held_out_blocks=False)
    ).held_out_blocks


def test_wedges_too_weak_to_judge_alone_are_held_out_together_with_blocks() -> None:
    chosen = choose_sweeps([offer(1, 4000, 4000, 0), offer(2, 100, 100, 100)], NAMES, OPTIONS)
    assert roles(chosen) == {1: REFINED, 2: HELD_OUT}
    assert chosen.held_out_blocks


def test_a_sweep_too_weak_for_its_crystal_is_left_out_with_its_count() -> None:
    chosen = choose_sweeps([offer(1, 4000, 0, 0), offer(2, 20, 10, 0)], NAMES, OPTIONS)
    assert roles(chosen)[2] is None
    assert why(chosen, 2) == "it has 30 reflections, 50 are needed"


def test_no_more_sweeps_are_refined_than_may_be() -> None:
    offers = [offer(number, 60, 60, 60) for number in range(1, 30)]
    chosen = choose_sweeps(offers, NAMES, replace(OPTIONS, sweeps_at_most=3))
    assert len(chosen.runs(REFINED)) == 3
    assert any("3 sweeps are refined already" in choice.why for choice in chosen.choices)


def test_the_order_of_the_sweeps_does_not_matter() -> None:
    offers = [offer(1, 900, 20, 0), offer(2, 900, 20, 0), offer(3, 0, 600, 300), offer(4, 0, 0, 70)]
    found = {str(choose_sweeps(order, NAMES, OPTIONS).choices) for order in permutations(offers)}
    assert len(found) == 1


def test_a_stricter_gate_has_more_held_out() -> None:
    offers = [offer(1, 900, 900, 900), *(offer(number, 100, 100, 100) for number in range(2, 12))]
    lax, strict = (
        len(choose_sweeps(offers, NAMES, replace(OPTIONS, gate=GeometryGate(count))).runs(HELD_OUT))
        for count in (500, 2400)
    )
    assert lax < strict


def candidate(
    number: int, header: Mapping[str, object], *, indexed: int = 100, folder: Path = Path("/nowhere")
) -> Candidate:
    images = NumberedImages(folder, "x_", 1, ".cbf", 1, 2)
    run = Run(
        RunId(number), RequestId(1), "x", images, "a" * 64, parameters(), VERSION, f"i24/p/x/run-{number}"
    )
    detector: DetectorSummary = replace(DETECTOR, **header)  # type: ignore[arg-type]
    source = RunInput(RunId(number), "refine", "refined", Path())
    return Candidate(sweep(number, indexed=indexed), run, source, MODEL, replace(MODEL, detector=detector))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"distance_mm": 250.1}, "its header has 250.10 mm, that of xtal1 250.00 mm"),
        ({"beam_x_mm": DETECTOR.beam_x_mm + 0.2}, "beam centre 0.20 mm from that of xtal1"),
        ({"panel_count": 24}, "another detector"),
        # As little as a motor's own repeatability.
        ({"distance_mm": 250.01}, ""),
    ],
)
def test_a_sweep_of_another_setting_is_named(header: dict[str, object], words: str) -> None:
    found = strangers([candidate(1, {}, indexed=500), candidate(2, header)])
    assert words in found.get(RunId(2), "")
    assert bool(found) == bool(words)


def test_a_sweep_without_images_cannot_join_one_that_is_imported_again(tmp_path: Path) -> None:
    (tmp_path / "x_1.cbf").touch()
    found = strangers([candidate(1, {}, indexed=500, folder=tmp_path), candidate(2, {})])
    assert found == {RunId(2): "its images are not there to be imported as the others are"}


def test_sweeps_go_together_by_geometry_and_distance() -> None:
    offered = [
        OfferedSweep("i24", serving, sweep(number, distance_mm=distance_mm))
        for number, (serving, distance_mm) in enumerate(
            [(None, 250.0), (None, 252.0), (None, 300.0), (GeometryId(4), 250.0)], start=1
        )
    ]
    groups = [(serving, [one.sweep.run_id for one in group]) for _, serving, group in group_sweeps(offered)]
    assert groups == [(None, [1, 2]), (None, [3]), (4, [4])]
