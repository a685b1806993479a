"""A sweep in HDF5 is asked for when its images are there, once, and what becomes of it is said."""

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from tests.services.nxmx_writer import Nxmx, write_data_file, write_master, write_nxmx
from tests.services.watch_bench import QUIET_S, done, events, look, names, set_rules

from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import take_up
from beamloop.catalog.runs import load_run
from beamloop.image_files.master import MasterContent, read_master
from beamloop.records.images import MasterImages
from beamloop.simulate.presets import PRESETS
from beamloop.watch import find_masters

pytestmark = pytest.mark.integration

PLAN = PRESETS["tiny2"](1)
FRAMES = np.arange(5 * 6 * 7, dtype=np.int32).reshape(5, 6, 7)


@pytest.fixture
def catalog(catalog_dsn: str) -> Iterator[Catalog]:
    with Catalog(catalog_dsn) as opened:
        yield opened


@pytest.fixture
def nxmx(plate: Path) -> Nxmx:
    """Provide the names of a sweep of five images, not written yet."""
    plate.mkdir()
    return Nxmx(plate, frames_of_files=(2, 2, 1))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Provide the masters that were opened, in order."""
    masters: list[str] = []

    def noted(directory: Path, master: str) -> MasterContent:
        masters.append(master)
        return read_master(directory, master)

    monkeypatch.setattr(find_masters, "read_master", noted)
    return masters


def test_a_sweep_starts_with_its_last_image_whatever_order_the_files_come_in(
    beamlines: Path, catalog: Catalog, nxmx: Nxmx
) -> None:
    write_data_file(nxmx, FRAMES, 1)
    assert look(beamlines, catalog) == []
    write_master(nxmx, PLAN, FRAMES)
    write_data_file(nxmx, FRAMES, 2)
    assert look(beamlines, catalog, 1) == []
    write_data_file(nxmx, FRAMES, 0, written=1)
    assert look(beamlines, catalog, 2) == []
    write_data_file(nxmx, FRAMES, 0)
    requests = look(beamlines, catalog, 3)
    with catalog.transaction() as connection:
        ((run_id, name),) = take_up(connection, requests[0].request_id)
        run = load_run(connection, run_id)
    assert name == "xtal1_1"
    assert run.images == MasterImages(
        nxmx.folder, nxmx.master.name, tuple(path.name for path in nxmx.data_files), last=5
    )
    assert look(beamlines, catalog, 4) == []
    assert events(catalog, "stranger") == []


def test_a_half_copied_data_file_is_awaited(beamlines: Path, catalog: Catalog, nxmx: Nxmx) -> None:
    write_nxmx(nxmx, PLAN, FRAMES)
    whole = nxmx.data_files[2].read_bytes()
    nxmx.data_files[2].write_bytes(whole[:-1])
    assert look(beamlines, catalog) == []
    nxmx.data_files[2].write_bytes(whole)
    assert names(catalog, look(beamlines, catalog, 1)) == ["xtal1_1"]


def test_a_folder_where_nothing_is_awaited_is_not_opened_again(
    beamlines: Path, catalog: Catalog, nxmx: Nxmx, opened: list[str]
) -> None:
    write_master(nxmx, PLAN, FRAMES)
    write_data_file(nxmx, FRAMES, 0)
    for after_s in (0, 5, 10):
        look(beamlines, catalog, after_s)
    assert opened == [nxmx.master.name]  # nothing has changed
    for number in (1, 2):
        write_data_file(nxmx, FRAMES, number)
    assert names(catalog, look(beamlines, catalog, 15)) == ["xtal1_1"]
    for after_s in (20, 25, 4000):
        look(beamlines, catalog, after_s)
    assert opened == 2 * [nxmx.master.name]


def test_a_sweep_cut_short_is_asked_for_when_it_is_quiet_and_said(
    beamlines: Path, catalog: Catalog, nxmx: Nxmx
) -> None:
    write_nxmx(nxmx, PLAN, FRAMES)
    nxmx.data_files[2].unlink()
    assert done(beamlines, catalog) == ["xtal1_1"]
    assert events(catalog, "cut_short") == ["xtal1_1_master.h5: cut short, 4 of 5 images are there."]


def test_a_sweep_that_takes_too_long_is_said_once(beamlines: Path, catalog: Catalog, nxmx: Nxmx) -> None:
    set_rules(beamlines, "last_image_s: 30")
    write_master(nxmx, PLAN, FRAMES)
    for after_s in (0, 31, 32):
        look(beamlines, catalog, after_s)
    (said,) = events(catalog, "last_image_late")
    assert "still not complete 30 s after its first image; 0 of 5 images are there" in said


@pytest.mark.parametrize("content", [b"just some text", None])
def test_a_broken_master_is_asked_for_when_it_is_quiet(
    beamlines: Path, catalog: Catalog, nxmx: Nxmx, content: bytes | None
) -> None:
    write_nxmx(nxmx, PLAN, FRAMES)
    nxmx.master.write_bytes(content or nxmx.master.read_bytes()[:-1000])
    assert done(beamlines, catalog) == ["xtal1_1"]


def test_what_becomes_of_a_processed_sweep_is_said(beamlines: Path, catalog: Catalog, nxmx: Nxmx) -> None:
    write_nxmx(nxmx, PLAN, FRAMES)
    assert names(catalog, look(beamlines, catalog)) == ["xtal1_1"]
    nxmx.data_files[1].unlink()
    assert done(beamlines, catalog, 2 * QUIET_S) == []
    assert events(catalog, "images_gone") == ["xtal1_1_master.h5: images are gone: 3, 4."]
    write_data_file(nxmx, FRAMES, 1)
    assert done(beamlines, catalog, 4 * QUIET_S) == ["xtal1_1"]
    assert events(catalog, "images_late") == [
        "xtal1_1_master.h5: images came late: 3, 4. It is processed again."
    ]
    nxmx.master.unlink()
    (nxmx.folder.parent / "other").mkdir()  # an empty root would be taken for one that is not mounted
    assert done(beamlines, catalog, 6 * QUIET_S) == []
    assert events(catalog, "images_gone")[1:] == ["xtal1_1_master.h5: all images are gone."]


def test_a_changed_data_file_opens_its_sweep_again_within_the_hour(
    beamlines: Path, catalog: Catalog, nxmx: Nxmx
) -> None:
    write_nxmx(nxmx, PLAN, FRAMES)
    assert done(beamlines, catalog) == ["xtal1_1"]
    write_data_file(nxmx, FRAMES + 1000, 1)
    look(beamlines, catalog, 4000)
    assert events(catalog, "images_changed") == [
        "xtal1_1_master.h5: images have changed. It is processed again."
    ]


def test_a_sweep_that_is_there_twice_is_asked_for_once_and_said_once(
    beamlines: Path, catalog: Catalog, nxmx: Nxmx
) -> None:
    write_nxmx(nxmx, PLAN, FRAMES)
    (nxmx.folder / "second.nxs").write_bytes(nxmx.master.read_bytes())
    for number in (1, 2):
        (nxmx.folder / f"second_{number:05d}.cbf").touch()
    assert done(beamlines, catalog) == ["second"]
    look(beamlines, catalog, 4000)
    assert events(catalog, "twin") == [
        "xtal1_1_master.h5 is left out: second.nxs has the same data files. "
        "`patterns` or --pattern chooses another.",
        "second_#####.cbf is left out: second.nxs is the same sweep by its name. "
        "`patterns` or --pattern chooses another.",
    ]


def test_images_converted_later_do_not_replace_what_was_processed(
    beamlines: Path, catalog: Catalog, nxmx: Nxmx
) -> None:
    (nxmx.folder / "xtal1_1_00001.cbf").touch()
    assert done(beamlines, catalog) == ["xtal1_1"]
    write_nxmx(nxmx, PLAN, FRAMES)
    assert done(beamlines, catalog, 2 * QUIET_S) == []
    assert events(catalog, "images_gone") == []
    assert len(events(catalog, "twin")) == 1


def test_a_hostile_master_stops_no_other(beamlines: Path, catalog: Catalog, nxmx: Nxmx) -> None:
    write_nxmx(nxmx, PLAN, FRAMES)
    with h5py.File(nxmx.folder / "bad_master.h5", "w") as file:
        file["entry/data/data"] = h5py.ExternalLink("/etc/passwd", "data")
    assert names(catalog, look(beamlines, catalog)) == ["xtal1_1"]
    assert names(catalog, look(beamlines, catalog, QUIET_S)) == ["bad"]
