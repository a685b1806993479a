"""What a beamline writes is found once, however often the folders are looked at."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import DagRequest, take_up
from beamloop.watch.scan import scan

pytestmark = pytest.mark.integration

LONG_AGO_S = 1_700_000_000  # seconds since 1970; the same each time, as a sweep's content counts its times


@pytest.fixture
def catalog(catalog_dsn: str) -> Iterator[Catalog]:
    with Catalog(catalog_dsn) as opened:
        yield opened


@pytest.fixture
def beamlines(tmp_path: Path) -> Path:
    folder = tmp_path / "beamlines"
    folder.mkdir()
    (folder / "i24.yaml").write_text("beamline: i24\nroots: [../data]\nquiet_s: 60\n")
    (tmp_path / "data").mkdir()
    return folder


def write_images(folder: Path, prefix: str, *numbers: int) -> None:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        (folder / f"{prefix}{number:03d}.cbf").write_bytes(b"x")


def be_quiet(folder: Path) -> None:
    for path in (*folder.iterdir(), folder):
        os.utime(path, (LONG_AGO_S, LONG_AGO_S))


def look(beamlines: Path, catalog: Catalog) -> list[DagRequest]:
    return scan(beamlines, catalog, "3.12.1")


def names(catalog: Catalog, request: DagRequest) -> list[str]:
    with catalog.transaction() as connection:
        return [name for _, name in take_up(connection, request.request_id)]


def test_a_folder_is_asked_for_when_it_has_become_quiet_and_not_before(
    beamlines: Path, catalog: Catalog, tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "plate3"
    write_images(folder, "x_", 1, 2)
    assert look(beamlines, catalog) == []
    be_quiet(folder)
    (request,) = look(beamlines, catalog)
    assert names(catalog, request) == ["x"]


def test_a_request_comes_back_until_it_is_taken_up_and_then_never(
    beamlines: Path, catalog: Catalog, tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "plate3"
    write_images(folder, "x_", 1)
    be_quiet(folder)
    first, second = look(beamlines, catalog), look(beamlines, catalog)
    assert first == second != []
    names(catalog, first[0])
    assert look(beamlines, catalog) == []


def test_a_late_sweep_is_asked_for_alone(beamlines: Path, catalog: Catalog, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "plate3"
    write_images(folder, "x_", 1)
    be_quiet(folder)
    names(catalog, look(beamlines, catalog)[0])
    write_images(folder, "y_", 1)
    be_quiet(folder)
    (request,) = look(beamlines, catalog)
    assert names(catalog, request) == ["y"]


def test_a_bad_beamline_file_and_a_missing_root_stop_nobody_else(
    beamlines: Path, catalog: Catalog, tmp_path: Path
) -> None:
    (beamlines / "a.yaml").write_text("nonsense: true\n")
    (beamlines / "b.yaml").write_text("beamline: b\nroots: [/nowhere/at/all]\n")
    folder = tmp_path / "data" / "plate3"
    write_images(folder, "x_", 1)
    be_quiet(folder)
    assert len(look(beamlines, catalog)) == 1


def test_links_are_not_followed_out_of_a_root(beamlines: Path, catalog: Catalog, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write_images(outside, "x_", 1)
    be_quiet(outside)
    (tmp_path / "data" / "link").symlink_to(outside)
    assert look(beamlines, catalog) == []
