"""Data to geometry to better data: a detector of known truth, calibrated, and the next collection."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.end_to_end.platform_bench import KNOWN_OF_SAMPLES, Platform, Row, wait_for

from beamloop.catalog.connection import Catalog
from beamloop.catalog.results import SweepResult, find_places, results_of_collection
from beamloop.cli.loop_table import LoopFigures, loop_figures
from beamloop.cli.truth_geometry import GeometryError, geometry_error, header_modules_rms_um
from beamloop.geometry.models import read_models
from beamloop.simulate import Truth, read_truth, write_collection
from beamloop.simulate.plan import CollectionPlan
from beamloop.simulate.presets import PRESETS

# The fixture alone takes two minutes, more on a busy machine.
pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(1200)]

BEAMLINE = "ring"
# Everything else lies in the demo's and the other tests' folders.
RING_FILE = f"""\
beamline: {BEAMLINE}
roots: [../{BEAMLINE}]
quiet_s: 2
{KNOWN_OF_SAMPLES}"""


@dataclass(frozen=True)
class Closed:
    """The loop, gone through once."""

    metrology: Row  # as `metrology run --json` gives it
    geometry: Row  # as `geometry show --json` gives it, at the end
    truth: Truth  # of the collection that calibrated the detector
    error: GeometryError
    before: LoopFigures  # the next collection with its headers' geometry
    after: LoopFigures


def deliver_plan(plan: CollectionPlan, folder: Path) -> Truth:
    """Let a collection appear at once, newly written."""
    staging = folder.parent.parent / f"{folder.name}.simulated"
    truth = write_collection(plan, staging)
    folder.parent.mkdir(exist_ok=True)
    staging.rename(folder)
    return truth


def call(platform: Platform, *words: str) -> Row:
    """Call a command that prints JSON."""
    done = platform.commands.call(*words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    document: Row = json.loads(done.stdout)
    return document


def results(platform: Platform, folder: Path, beamline: str) -> list[SweepResult]:
    """Return a folder's sweeps as a beamline's; none while the watcher has not seen it."""
    with Catalog(platform.variables["BEAMLOOP_CATALOG_DSN"]) as catalog, catalog.transaction() as connection:
        places = [one for one in find_places(connection, str(folder)) if one.beamline == beamline]
        return list(results_of_collection(connection, places[0].collection_id)) if places else []


def wait_for_sweeps(platform: Platform, folder: Path, count: int) -> list[SweepResult]:
    """Wait until the watched folder's sweeps have their outcomes."""

    def ended() -> list[SweepResult]:
        found = results(platform, folder, BEAMLINE)
        return found if len(found) == count and all(one.outcome for one in found) else []

    found: list[SweepResult] = wait_for(f"the sweeps of {folder.name}", ended, time_limit_s=600)
    return found


def figures(found: list[SweepResult], folder: Path) -> LoopFigures:
    """Sum up a collection of good wedges."""
    summed = loop_figures(found, read_truth(folder))
    assert summed is not None
    return summed


@pytest.fixture(scope="module")
def closed(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Closed:
    """Collect, calibrate, promote, collect again."""
    (platform.state / "beamlines" / f"{BEAMLINE}.yaml").write_text(RING_FILE)
    first, following = (platform.state / BEAMLINE / name for name in ("first", "next"))
    truth = deliver_plan(PRESETS["loop"](1), first)
    wait_for_sweeps(platform, first, len(truth.sweeps))
    (metrology,) = call(platform, "metrology", "run", "--beamline", BEAMLINE, "--collection", str(first))[
        "metrologies"
    ]
    number = str(metrology["geometry_id"])
    call(platform, "geometry", "promote", number, "--why", "the evidence is good")
    next_truth = deliver_plan(PRESETS["loop_next"](1), following)
    platform.process(following)  # as of the beamline `local`, which has no geometry
    after = wait_for_sweeps(platform, following, len(next_truth.sweeps))
    geometry = call(platform, "geometry", "show", number)
    models = tmp_path_factory.mktemp("geometry") / "models.expt"
    stored = geometry["models"]
    platform.store.fetch(stored["key"], models, sha256=stored["sha256"])
    return Closed(
        metrology,
        geometry,
        truth,
        geometry_error(read_models(models), truth),
        figures(results(platform, following, "local"), following),
        figures(after, following),
    )


def test_the_candidate_stands_where_the_truth_has_the_detector(closed: Closed) -> None:
    assert header_modules_rms_um(closed.truth) > 25
    assert closed.error.modules_rms_um is not None
    assert closed.error.modules_rms_um <= 6
    assert abs(closed.error.distance_mm) <= 0.1


def test_the_candidate_carries_evidence_of_held_out_data(closed: Closed) -> None:
    evidence = closed.geometry["evidence"]
    assert evidence["held_out_count"] >= 500
    pairs = zip(evidence["held_out_rmsd_before_mm"], evidence["held_out_rmsd_after_mm"], strict=True)
    assert all(after < before for before, after in pairs)
    roles = {sweep["sweep"]: sweep["role"] for sweep in closed.geometry["sources"]}
    assert roles["long_1"] == "refined"
    assert "held_out" in roles.values()


def test_the_next_collection_is_imported_with_it_by_itself(closed: Closed) -> None:
    imported = {sweep["sweep"] for sweep in closed.geometry["imported"] if sweep["collection"] == "next"}
    assert len(imported) == closed.after.sweep_count
    assert closed.geometry["state"] == "in_force"


def test_cells_spread_half_as_much_and_nothing_is_worse(
    closed: Closed, record_property: Callable[[str, object], None]
) -> None:
    before, after = closed.before, closed.after
    record_property("the next collection with the headers' geometry", before)
    record_property("the next collection with the refined one", after)
    assert after.cell_spread_percent <= before.cell_spread_percent / 2
    assert after.cell_error_percent <= before.cell_error_percent
    assert after.indexed_sweep_count >= before.indexed_sweep_count
    # The same spots: one in a hundred may fall the other way.
    assert after.indexed_share >= before.indexed_share - 0.01
    assert after.rmsd_x_mm <= before.rmsd_x_mm
    assert after.rmsd_y_mm <= before.rmsd_y_mm
