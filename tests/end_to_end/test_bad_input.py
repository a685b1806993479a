"""Bad input and a bad machine: each fault its own clear end, and nothing beside it disturbed."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
from tests.end_to_end.catalogue_facts import assert_nothing_is_left_over, assert_store_and_catalogue_agree
from tests.end_to_end.platform_bench import IMAGES, Platform, Row, deliver, finish, wait_for
from tests.end_to_end.work_in_progress import held_step

from beamloop.records.parameters import STEPS

pytestmark = pytest.mark.end_to_end

# What a shell, a template, a log or a table could stumble over. A file's name holds no slash and no NUL.
HOSTILE = ("a b'c\"d; $(touch pwned) `id` %s {x} #*?[1]_1", "é Ω\n -n <b>_1")
# Sweep, outcome, and what its sentence must say.
FAULTS = {
    "empty_1": ("unreadable_images", "empty: 'empty_1_00002.cbf'"),
    "short_1": ("unreadable_images", "cut short: 'short_1_00003.cbf'"),
    "text": ("unreadable_images", "not a CBF file: 'text_00001.cbf'"),
    "folder_1": ("unreadable_images", "unreadable (Is a directory): 'folder_1_00001.cbf'"),
    "outside_1": ("unreadable_images", "a link to outside its folder: 'outside_1_00001.cbf'"),
    "dangling_1": ("missing_images", "not there: 'dangling_1_00001.cbf'"),
}
IN_BLOCKS = "gap_1"  # an image is missing, which is no fault
ROOM_LEFT_BYTES = 40_000  # enough for a step's first files, not for the spots of a sweep


def _spoil(images: Path, directory: Path) -> None:
    """Put faulty sweeps beside the good ones of a folder."""
    for name in ("empty_1", "short_1", IN_BLOCKS):
        for number in range(1, IMAGES + 1):
            shutil.copy(images / f"xtal1_1_{number:05d}.cbf", directory / f"{name}_{number:05d}.cbf")
    os.truncate(directory / "empty_1_00002.cbf", 0)
    os.truncate(directory / "short_1_00003.cbf", 20_000)
    (directory / f"{IN_BLOCKS}_00002.cbf").unlink()
    (directory / "text_00001.cbf").write_text("Beam dump at 02:14, no images.\n")
    (directory / "folder_1_00001.cbf").mkdir()
    (directory / "dangling_1_00001.cbf").symlink_to("nowhere.cbf")
    (directory / "outside_1_00001.cbf").symlink_to(images / "xtal1_1_00001.cbf")


@pytest.fixture(scope="module", autouse=True)
def spoilt_begun(platform: Platform, images: Path) -> tuple[Path, "subprocess.Popen[str]"]:
    """Begin a folder with good sweeps under hostile names and a fault of each kind.

    First of all, so that it is worked on while the other tests wait for something.
    """
    directory = platform.state / "night 'shift' $(id) é"
    deliver(images, directory, dict.fromkeys(HOSTILE, "xtal1_1"))
    _spoil(images, directory)
    return directory, platform.begin(directory)


@pytest.fixture(scope="module")
def spoilt(platform: Platform, spoilt_begun: tuple[Path, "subprocess.Popen[str]"]) -> Path:
    """Provide that folder when it is processed."""
    directory, command = spoilt_begun
    finish(command)
    platform.wait_until_ended(directory)
    return directory


def test_a_folder_that_vanishes_before_its_turn_says_so(platform: Platform, images: Path) -> None:
    directory = platform.state / "vanishing"
    deliver(images, directory, {"gone_1": "xtal1_1"})
    with platform.paused():
        command = platform.begin(directory)
        wait_for("the request", lambda: platform.requests(directory))
        shutil.rmtree(directory)
    (sweep,) = finish(command)["sweeps"]
    assert (sweep["outcome"], sweep["outcome_step"]) == ("missing_images", "import")
    assert f"Of {IMAGES} images, {IMAGES} are not there" in sweep["sentence"]


@pytest.fixture(scope="module")
def accidents(platform: Platform, images: Path) -> Path:
    """Provide a folder of two sweeps: one lost an artifact on the way, the other its images."""
    directory = platform.state / "accidents"
    deliver(images, directory, dict.fromkeys(("damaged_1", "lost_1"), "xtal1_1"))
    with ExitStack() as damaged, ExitStack() as lost:
        with platform.paused():
            command = platform.begin(directory)
            wait_for("the request", lambda: len(platform.run_ids(directory)) == 2)
            runs = platform.run_ids(directory)
            damaged.enter_context(held_step(platform.run_directory(runs["damaged_1"]), "index"))
            lost.enter_context(held_step(platform.run_directory(runs["lost_1"]), "integrate"))
        wait_for("spots", lambda: "find_spots" in platform.steps_done(runs["damaged_1"]))
        _damage(platform, runs["damaged_1"])
        damaged.close()
        wait_for("a refined crystal", lambda: "refine" in platform.steps_done(runs["lost_1"]))
        for image in directory.glob("lost_1_*"):
            image.unlink()
        lost.close()
        finish(command, exit_code=1)  # a damaged artifact needs a person
    platform.wait_until_ended(directory)
    return directory


def _damage(platform: Platform, run_id: int) -> None:
    """Change one byte of a step's artifact in the store, and lose the step's folder."""
    folder = platform.run_directory(run_id)
    key = f"{folder.relative_to(platform.runs)}/find_spots/strong.refl"
    stored = (platform.state / "artifacts" / key).resolve()
    stored.chmod(0o600)
    with stored.open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)
        file.seek(1000)
        file.write(bytes([byte[0] ^ 1]))
    shutil.rmtree(folder / "find_spots")


def test_an_artifact_damaged_in_the_store_ends_its_run_by_name(platform: Platform, accidents: Path) -> None:
    outcome, step, sentence = platform.outcomes(accidents)["damaged_1"]
    assert (outcome, step) == ("artifact_damaged", "index")
    assert "find_spots/strong.refl" in sentence


def test_images_that_vanish_on_the_way_are_missed_by_the_step_that_needs_them(
    platform: Platform, accidents: Path
) -> None:
    outcome, step, sentence = platform.outcomes(accidents)["lost_1"]
    assert (outcome, step) == ("missing_images", "integrate")
    assert "'lost_1_00001.cbf'" in sentence


def test_a_damaged_artifact_asks_for_a_person_and_leaves_its_neighbours_alone(
    platform: Platform, accidents: Path
) -> None:
    (request,) = platform.requests(accidents)
    grid = platform.grid(request)
    # The steps after a failed one never run, and Airflow does not name what has not run.
    assert grid["damaged_1"] == {"import": "success", "find_spots": "success", "index": "failed"}
    # Its neighbour went on, as far as its own fault let it.
    integrate = STEPS.index("integrate")
    assert grid["lost_1"] == {
        **dict.fromkeys(STEPS[:integrate], "success"),
        **dict.fromkeys(STEPS[integrate:], "skipped"),
    }
    assert platform.dag_run_state(request) == "failed"


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    """Mount a file system that is nearly full; yield the file that fills it."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"A small file system needs the right to mount one: {mounted.stderr.strip()}")
    try:
        filler = folder / "filler"
        filler.write_bytes(bytes(shutil.disk_usage(folder).free - ROOM_LEFT_BYTES))
        yield filler
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(scope="module")
def cramped(platform: Platform, images: Path) -> Iterator[dict[str, tuple[str, Row]]]:
    """Process a sweep without room for its work and one without room for its artifacts, until there is some.

    Provides the words of the trouble and the sweep's result, by what was short of room.
    """
    begun = {}
    found = {}
    with ExitStack() as mounts:
        for where in ("runs", "artifacts"):
            directory = platform.state / f"cramped_{where}"
            deliver(images, directory, {"cramped_1": "xtal1_1"})
            # Everything of a beamline is below a folder of its name.
            filler = mounts.enter_context(_small_disk(platform.state / where / directory.name))
            command = platform.begin(directory, "--beamline", directory.name)
            begun[where] = directory, filler, command
        for where, (directory, filler, command) in begun.items():
            trouble = wait_for("trouble", partial(platform.last_trouble, directory))
            filler.unlink()
            found[where] = trouble, command
        yield {where: (trouble, finish(command)["sweeps"][0]) for where, (trouble, command) in found.items()}


@pytest.mark.parametrize("where", ["runs", "artifacts"])
def test_a_full_disk_is_named_and_the_sweep_goes_on_when_there_is_room(
    platform: Platform, cramped: dict[str, tuple[str, Row]], where: str
) -> None:
    trouble, sweep = cramped[where]
    assert re.search("is full|No space left", trouble)
    assert "Make room" in trouble
    assert sweep["outcome"] == "processed"
    assert_store_and_catalogue_agree(platform, sweep["run_id"])
    assert_nothing_is_left_over(platform, sweep["run_id"])


@pytest.mark.parametrize("sweep", FAULTS)
def test_a_bad_sweep_ends_with_its_fault_by_name(platform: Platform, spoilt: Path, sweep: str) -> None:
    code, words = FAULTS[sweep]
    outcome, step, sentence = platform.outcomes(spoilt)[sweep]
    assert (outcome, step) == (code, "import")
    assert words in sentence


@pytest.mark.parametrize("sweep", [IN_BLOCKS, *HOSTILE])
def test_good_sweeps_beside_bad_ones_are_processed_whatever_their_names(
    platform: Platform, spoilt: Path, sweep: str
) -> None:
    assert platform.outcomes(spoilt)[sweep][0] == "processed"
    run_id = platform.run_ids(spoilt)[sweep]
    assert_store_and_catalogue_agree(platform, run_id)
    assert_nothing_is_left_over(platform, run_id)


def test_the_grid_of_bad_and_hostile_sweeps_says_what_the_catalogue_says(
    platform: Platform, spoilt: Path
) -> None:
    (request,) = platform.requests(spoilt)
    good = dict.fromkeys(STEPS, "success")
    assert platform.grid(request) == dict.fromkeys((IN_BLOCKS, *HOSTILE), good) | dict.fromkeys(
        FAULTS, dict.fromkeys(STEPS, "skipped")
    )
    assert platform.dag_run_state(request) == "success"


def test_no_file_name_was_ever_a_command(platform: Platform, spoilt: Path) -> None:
    assert platform.outcomes(spoilt)
    assert list(platform.state.rglob("pwned")) == []
