"""`beamloop process`, as a person calls it in a shell."""

import json
from pathlib import Path

import pytest
from tests.end_to_end.catalogue_facts import assert_nothing_is_left_over, assert_store_and_catalogue_agree
from tests.end_to_end.platform_bench import KNOWN, Platform, Row

from beamloop.records.parameters import STEPS
from beamloop.simulate import read_truth

pytestmark = pytest.mark.end_to_end


def test_a_sweep_goes_from_images_to_its_true_cell(
    platform: Platform, images: Path, undisturbed: Row, undisturbed_run: int
) -> None:
    assert undisturbed["format"] == 1
    assert undisturbed["counts"] == {"processed": 1}
    (sweep,) = undisturbed["sweeps"]
    assert (sweep["sweep"], sweep["outcome"], sweep["outcome_step"]) == ("calm_1", "processed", "export")
    assert sweep["steps_done"] == sorted(STEPS)
    crystal = read_truth(images).sweep("xtal1_1").crystal
    assert crystal is not None
    # A wedge of 4 degrees refined alone; wedges came within 0.16 % on average (dials.md).
    assert sweep["cell"][:3] == pytest.approx(crystal.unit_cell.as_tuple()[:3], rel=0.005)
    assert_store_and_catalogue_agree(platform, undisturbed_run)
    assert_nothing_is_left_over(platform, undisturbed_run)


def test_the_same_work_is_not_done_twice_unless_asked(
    platform: Platform, undisturbed: Row, undisturbed_run: int
) -> None:
    directory = Path(undisturbed["collection"])
    requests = platform.requests(directory)
    second = platform.commands.call("process", str(directory), *KNOWN, "--wait", "--json")
    assert "known already" in second.stderr
    assert json.loads(second.stdout) == undisturbed
    assert platform.requests(directory) == requests
    (again,) = platform.process(directory, "--again")["sweeps"]
    assert again["run_id"] != undisturbed_run
    assert again["cell"] == pytest.approx(undisturbed["sweeps"][0]["cell"], rel=1e-6)
    kept = platform.ask("SELECT code FROM beamloop.outcomes WHERE run_id = %s", undisturbed_run)
    assert kept == [{"code": "processed"}]
    assert_store_and_catalogue_agree(platform, undisturbed_run)
