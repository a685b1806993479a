"""What a beamline writes is found once, however often the folders are looked at."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.services.watch_bench import QUIET_S, done, events, look, names, set_rules

from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import DagRequest
from beamloop.catalog.watched import seen_folder
from beamloop.records.watched import SeenSweep
from beamloop.watch import look as look_module
from beamloop.watch.find_sweeps import FolderContent, read_folder
from beamloop.watch.scan import READ_AGAIN_AFTER_S

pytestmark = pytest.mark.integration

# A mini-CBF whose pixels are all there, and the beginning of one.
WHOLE = b"###CBF: VERSION 1.5\r\nX-Binary-Size: 4\r\n\r\n\x0c\x1a\x04\xd5" + bytes(4)


@pytest.fixture
def catalog(catalog_dsn: str) -> Iterator[Catalog]:
    with Catalog(catalog_dsn) as opened:
        yield opened


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Provide the names of the folders that were read, in order."""
    names: list[str] = []

    def noted(directory: Path, patterns: list[str], seen: Sequence[SeenSweep]) -> FolderContent:
        names.append(directory.name)
        return read_folder(directory, patterns, seen)

    monkeypatch.setattr(look_module, "read_folder", noted)
    return names


def write_images(folder: Path, prefix: str, *numbers: int, content: bytes = WHOLE) -> None:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        (folder / f"{prefix}{number:03d}.cbf").write_bytes(content)


def test_a_sweep_is_asked_for_when_it_has_become_quiet_and_not_before(
    beamlines: Path, catalog: Catalog, plate: Path
) -> None:
    write_images(plate, "x_", 1, 2)
    assert look(beamlines, catalog) == []
    write_images(plate, "x_", 3)
    assert look(beamlines, catalog, QUIET_S) == []
    assert look(beamlines, catalog, 2 * QUIET_S - 1) == []
    assert names(catalog, look(beamlines, catalog, 2 * QUIET_S)) == ["x"]


@pytest.mark.parametrize("clock_s", [1.0, 4e9])
def test_the_file_servers_clock_does_not_matter(
    beamlines: Path, catalog: Catalog, plate: Path, clock_s: float
) -> None:
    write_images(plate, "x_", 1)
    for path in (*plate.iterdir(), plate):
        os.utime(path, (clock_s, clock_s))
    assert look(beamlines, catalog) == []
    assert look(beamlines, catalog, QUIET_S - 1) == []
    assert names(catalog, look(beamlines, catalog, QUIET_S)) == ["x"]


def test_a_sweep_that_still_grows_holds_up_no_other(beamlines: Path, catalog: Catalog, plate: Path) -> None:
    write_images(plate, "a_", 1)
    write_images(plate, "b_", 1)
    look(beamlines, catalog)
    write_images(plate, "b_", 2)
    assert names(catalog, look(beamlines, catalog, QUIET_S)) == ["a"]
    assert names(catalog, look(beamlines, catalog, 2 * QUIET_S)) == ["b"]


def test_sweeps_that_are_complete_in_one_look_are_one_request(
    beamlines: Path, catalog: Catalog, plate: Path
) -> None:
    write_images(plate, "a_", 1)
    write_images(plate, "b_", 1)
    look(beamlines, catalog)
    assert len(look(beamlines, catalog, QUIET_S)) == 1


def test_a_sweep_with_its_expected_images_starts_at_once_when_the_last_is_whole(
    beamlines: Path, catalog: Catalog, plate: Path
) -> None:
    set_rules(beamlines, "images_per_sweep: 3")
    write_images(plate, "x_", 1, 2)
    assert look(beamlines, catalog) == []
    write_images(plate, "x_", 3, content=WHOLE[:-1])
    assert look(beamlines, catalog, 1) == []
    write_images(plate, "x_", 3)
    assert names(catalog, look(beamlines, catalog, 2)) == ["x"]
    assert events(catalog, "cut_short") == []


def test_a_sweep_cut_short_is_asked_for_and_said_to_be_so(
    beamlines: Path, catalog: Catalog, plate: Path
) -> None:
    set_rules(beamlines, "images_per_sweep: 3")
    write_images(plate, "x_", 1, 2)
    assert done(beamlines, catalog) == ["x"]
    assert events(catalog, "cut_short") == ["x_###.cbf: cut short, 2 of 3 images are there."]


def test_a_request_comes_back_until_it_is_taken_up_and_then_never(
    beamlines: Path, catalog: Catalog, plate: Path
) -> None:
    write_images(plate, "x_", 1)
    look(beamlines, catalog)
    first, second = look(beamlines, catalog, QUIET_S), look(beamlines, catalog, QUIET_S + 1)
    assert first == second != []
    names(catalog, first)
    assert look(beamlines, catalog, QUIET_S + 2) == []


def test_a_look_that_is_killed_before_its_end_is_as_none(
    beamlines: Path, catalog: Catalog, plate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_images(plate, "x_", 1)
    look(beamlines, catalog)
    with monkeypatch.context() as patch:
        patch.setattr(look_module, "put_seen_folder", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            look(beamlines, catalog, QUIET_S)
    assert len(look(beamlines, catalog, QUIET_S + 1)) == 1


def test_a_late_sweep_is_asked_for_alone(beamlines: Path, catalog: Catalog, plate: Path) -> None:
    write_images(plate, "x_", 1)
    assert done(beamlines, catalog) == ["x"]
    write_images(plate, "y_", 1)
    assert done(beamlines, catalog, 2 * QUIET_S) == ["y"]


def test_late_images_open_a_sweep_again_and_are_said(beamlines: Path, catalog: Catalog, plate: Path) -> None:
    write_images(plate, "x_", 1)
    done(beamlines, catalog)
    write_images(plate, "x_", 2)
    assert look(beamlines, catalog, 2 * QUIET_S) == []
    assert names(catalog, look(beamlines, catalog, 3 * QUIET_S)) == ["x"]
    assert events(catalog, "images_late") == ["x_###.cbf: images came late: 2. It is processed again."]


def test_a_deleted_image_is_said_and_what_was_processed_stands(
    beamlines: Path, catalog: Catalog, plate: Path
) -> None:
    write_images(plate, "x_", 1, 2, 3)
    (plate.parent / "other").mkdir()
    done(beamlines, catalog)
    (plate / "x_002.cbf").unlink()
    assert done(beamlines, catalog, 2 * QUIET_S) == []
    assert events(catalog, "images_gone") == ["x_###.cbf: images are gone: 2."]
    shutil.rmtree(plate)
    assert done(beamlines, catalog, 4 * QUIET_S) == []
    assert events(catalog, "folder_gone") == [f"{plate}: the folder is gone, with 1 sweeps."]


def test_an_image_written_over_in_place_is_noticed_within_the_hour(
    beamlines: Path, catalog: Catalog, plate: Path
) -> None:
    write_images(plate, "x_", 1)
    done(beamlines, catalog)
    look(beamlines, catalog, 2 * QUIET_S)
    write_images(plate, "x_", 1, content=WHOLE + b"more")
    assert done(beamlines, catalog, 3 * QUIET_S + READ_AGAIN_AFTER_S) == ["x"]
    assert events(catalog, "images_changed") == ["x_###.cbf: images have changed. It is processed again."]


def test_a_folder_in_which_nothing_is_awaited_is_not_read_again(
    beamlines: Path, catalog: Catalog, plate: Path, reads: list[str]
) -> None:
    write_images(plate, "x_", 1)
    write_images(plate.parent / "plate4", "x_", 1)
    done(beamlines, catalog)
    reads.clear()
    look(beamlines, catalog, QUIET_S + 1)
    assert reads == []
    write_images(plate, "y_", 1)
    look(beamlines, catalog, QUIET_S + 2)
    assert reads == ["plate3"]


def test_other_patterns_make_every_folder_be_read_again(
    beamlines: Path, catalog: Catalog, plate: Path
) -> None:
    write_images(plate, "x_", 1)
    (plate / "y_001.img").write_bytes(WHOLE)
    assert done(beamlines, catalog) == ["x"]
    set_rules(beamlines, "patterns: ['*.cbf', '*.img']")
    assert done(beamlines, catalog, 2 * QUIET_S) == ["y"]


def test_time_limits_are_said_once(beamlines: Path, catalog: Catalog, plate: Path) -> None:
    set_rules(beamlines, "first_image_s: 100", "last_image_s: 200")
    (plate.parent / "empty").mkdir()
    for second in range(0, 400, 50):
        write_images(plate, "x_", second // 50)
        assert look(beamlines, catalog, second) == []
    assert events(catalog, "no_first_image") == [f"{plate.parent / 'empty'}: no image within 100 s."]
    (late,) = events(catalog, "last_image_late")
    assert late.startswith(f"{plate / 'x_###.cbf'}: still not complete 200 s after its first image; 6 images")


def test_a_root_that_is_empty_all_at_once_forgets_nothing(
    beamlines: Path, catalog: Catalog, plate: Path, tmp_path: Path
) -> None:
    write_images(plate, "x_", 1)
    done(beamlines, catalog)
    plate.rename(tmp_path / "aside")
    assert look(beamlines, catalog, 2 * QUIET_S) == []
    assert events(catalog, "folder_gone") == []
    with catalog.transaction() as connection:
        assert seen_folder(connection, "i24", plate) is not None
    (tmp_path / "aside").rename(plate)
    assert done(beamlines, catalog, 3 * QUIET_S) == []


def test_a_bad_beamline_file_and_a_missing_root_stop_nobody_else(
    beamlines: Path, catalog: Catalog, plate: Path
) -> None:
    (beamlines / "a.yaml").write_text("nonsense: true\n")
    (beamlines / "b.yaml").write_text("beamline: b\nroots: [/nowhere/at/all]\n")
    write_images(plate, "x_", 1)
    assert done(beamlines, catalog) == ["x"]


def test_links_and_hidden_folders_are_not_followed(
    beamlines: Path, catalog: Catalog, plate: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    write_images(outside, "x_", 1)
    plate.symlink_to(outside)
    write_images(tmp_path / "data" / ".snapshot", "x_", 1)
    assert done(beamlines, catalog) == []


def test_two_looks_at_once_see_one_after_the_other(
    beamlines: Path, catalog: Catalog, plate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_rules(beamlines, "images_per_sweep: 3")
    write_images(plate, "x_", 1, 2)
    others: list[Future[list[DagRequest]]] = []

    def read_slowly(directory: Path, patterns: list[str], seen: Sequence[SeenSweep]) -> FolderContent:
        content = read_folder(directory, patterns, seen)
        if directory == plate and not others:
            # The sweep is completed, and found to be so by another look, before this one has ended.
            write_images(plate, "x_", 3)
            others.append(pool.submit(look, beamlines, catalog))
            with pytest.raises(TimeoutError):
                others[0].result(timeout=0.5)
        return content

    monkeypatch.setattr(look_module, "read_folder", read_slowly)
    with ThreadPoolExecutor() as pool:
        assert look(beamlines, catalog) == []
        assert names(catalog, others[0].result()) == ["x"]
    assert look(beamlines, catalog, 1) == []
    assert events(catalog, "images_gone") == events(catalog, "images_late") == []


def test_a_clock_set_back_delays_nothing(beamlines: Path, catalog: Catalog, plate: Path) -> None:
    write_images(plate, "x_", 1)
    look(beamlines, catalog)
    hour_s = 3600.0
    assert look(beamlines, catalog, -hour_s) == []
    assert names(catalog, look(beamlines, catalog, QUIET_S - hour_s)) == ["x"]


def test_a_path_too_long_for_the_catalogue_stops_nobody_else(
    beamlines: Path, catalog: Catalog, plate: Path
) -> None:
    write_images(plate, "x_", 1)
    # Names that PostgreSQL cannot make shorter.
    deep = (hashlib.sha512(bytes([level])).hexdigest() for level in range(26))
    plate.parent.joinpath(*deep).mkdir(parents=True)
    assert done(beamlines, catalog) == ["x"]
