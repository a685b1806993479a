"""Adopt what DIALS made elsewhere: made-up pairs of every kind, and the real ones where they are."""

import json
import os
import pickle
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click import unstyle
from tests.services.shell_calls import call, point_at
from typer.testing import CliRunner

from beamloop.catalog.connection import Catalog
from beamloop.catalog.results import SweepResult, find_collections, results_of_collection
from beamloop.catalog.runs import artifacts_of_step
from beamloop.cli.main import app
from beamloop.dials_cli.reflection_table import read_reflections
from beamloop.errors import InvalidInputError
from beamloop.records.identifiers import RunId
from beamloop.settings import DialsSettings, StoreSettings
from beamloop.storage.opening import open_store

pytestmark = pytest.mark.dials

SHARED = Path(__file__).parents[3] / "shared" / "data"
WRITER = Path(__file__).with_name("write_foreign_pairs.py")


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs of every kind; not to be changed."""
    folder = tmp_path_factory.mktemp("foreign") / "visit"
    folder.mkdir()
    subprocess.run([str(DialsSettings().python), "-I", str(WRITER), str(folder)], check=True)
    return folder


@pytest.fixture
def catalog(catalog_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    point_at(monkeypatch, catalog_dsn, tmp_path)
    with Catalog(catalog_dsn) as opened:
        yield opened


def adopt(*arguments: object) -> dict[str, Any]:
    """Return what the command prints; a refused pair is no exception here."""
    result = CliRunner().invoke(app, ["adopt", *map(str, arguments), "--json"])
    assert result.exit_code in (0, 1), unstyle(result.output)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    document: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == bool(document["refused"])
    return document


def results(catalog: Catalog, folder: Path) -> dict[str, SweepResult]:
    with catalog.transaction() as connection:
        (collection_id,) = find_collections(connection, str(folder.resolve()))
        return {found.sweep: found for found in results_of_collection(connection, collection_id)}


def test_pairs_become_sweeps_and_what_does_not_fit_is_named(
    catalog: Catalog, foreign: Path, tmp_path: Path
) -> None:
    said = adopt(foreign)
    why = {entry["pair"].partition(" ")[0]: entry["why"] for entry in said["refused"]}
    assert "the spots lie" in why.pop("swapped.expt")
    assert "no crystal" in why.pop("bare.expt")
    assert "reflections cannot be read" in why.pop("cut.expt")
    assert "experiments cannot be read" in why.pop("text.expt")
    assert why == {}

    found = results(catalog, foreign)
    assert sorted(found) == ["left", "right", "steps", "two"]
    assert found["two"].cell == pytest.approx((50, 50, 80, 90, 90, 90), abs=1e-6)
    assert found["steps"].steps_done == {"index", "refine", "integrate"}
    assert (found["steps"].for_merging, found["steps"].profile_fitted_count) == (
        True,
        found["steps"].spot_count,
    )
    # Uniform noise of 10 um has a standard deviation of 10 / sqrt(12) = 2.9 um; 4 % is 3 sigma of 1800 spots.
    assert found["left"].rmsd_x_mm == pytest.approx(0.01 / 12**0.5, rel=0.04)
    assert found["right"].distance_mm == pytest.approx(200)

    store = open_store(StoreSettings(directory=tmp_path / "artifacts"))
    with catalog.transaction() as connection:
        kept = artifacts_of_step(connection, RunId(found["steps"].run_id or 0), "integrate")
    for name in ("integrated.expt", "integrated.refl"):
        store.fetch(kept[name].key, tmp_path / name, sha256=kept[name].sha256)
        assert (tmp_path / name).read_bytes() == (foreign / "steps" / name).read_bytes()
    with catalog.transaction() as connection:
        converted = artifacts_of_step(connection, RunId(found["two"].run_id or 0), "refine")["refined.refl"]
    store.fetch(converted.key, tmp_path / "two.refl", sha256=converted.sha256)
    # dials.combine_experiments refuses tables of which only some have it.
    assert set(read_reflections(tmp_path / "two.refl")["imageset_id"]) == {0}

    shown = json.loads(call("show", str(foreign), "right", "--json"))
    assert shown["adopted"]["directory"] == str(foreign)
    assert shown["images"]["directory"] == "/far/away"
    assert "reflections of lattices that are not in the list" in shown["steps"][0]["finding"]
    assert "made elsewhere" in call("show", str(foreign), "right")
    with pytest.raises(InvalidInputError, match="were adopted"):
        call("reprocess", str(foreign), "right", "--dry-run")


def test_the_same_is_adopted_once_and_changed_files_make_a_new_run(
    catalog: Catalog, foreign: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "visit"
    folder.mkdir()
    for name in ("refined.expt", "refined.refl"):
        (folder / name).write_bytes((foreign / "steps" / name).read_bytes())
    (first,) = adopt(folder)["sweeps"]
    (again,) = adopt(folder / "refined.expt", folder / "refined.refl")["sweeps"]
    assert (again["run_id"], first["is_new"], again["is_new"]) == (first["run_id"], True, False)
    changed = json.loads((folder / "refined.expt").read_bytes())
    changed["beam"][0]["wavelength"] *= 1.0001
    (folder / "refined.expt").write_text(json.dumps(changed))
    (other,) = adopt(folder)["sweeps"]
    assert other["is_new"]
    assert [found.run_id for found in results(catalog, folder).values()] == [other["run_id"]]


class Hostile:
    """Unpickled, it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def test_no_foreign_pickle_is_read_and_none_by_ourselves(
    catalog: Catalog, foreign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, mark = tmp_path / "visit", tmp_path / "mark"
    folder.mkdir()
    (folder / "a.json").write_bytes((foreign / "two_experiments.json").read_bytes())
    (folder / "a.pickle").write_bytes(pickle.dumps(Hostile(mark)))
    (folder / "a.pickle").chmod(0o666)

    def never(*_: object) -> None:
        raise AssertionError("unpickled in our own Python")

    monkeypatch.setattr(pickle, "load", never)
    monkeypatch.setattr(pickle, "loads", never)
    assert "--trust-pickles" in adopt(folder)["refused"][0]["why"]
    assert not mark.exists()
    # Trusted, it does its harm in the other process, and is still no reflection table.
    assert "cannot be read" in adopt(folder, "--trust-pickles")["refused"][0]["why"]
    assert mark.exists()


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not beside the project")
def test_all_lattices_of_the_polyhedra_are_adopted(catalog: Catalog) -> None:
    said = adopt(SHARED / "polyhedra_wedges", "--trust-pickles")
    assert said["refused"] == []
    assert len(said["sweeps"]) == 40
    assert sum(sweep["crystal_count"] for sweep in said["sweeps"]) == 103
    found = results(catalog, SHARED / "polyhedra_wedges")["sweep_013"]
    # Of this sweep alone; the axes of all of them spread by 0.15 %.
    assert found.cell == pytest.approx((90.9,) * 3 + (109.47,) * 3, rel=0.002)


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not beside the project")
def test_integrated_sweeps_stand_in_for_refined_ones(catalog: Catalog) -> None:
    said = adopt(SHARED / "l_cysteine_integrated", "--trust-pickles")
    assert [sweep["steps"] for sweep in said["sweeps"]] == [["refine", "integrate"]] * 4
    found = results(catalog, SHARED / "l_cysteine_integrated")["25"]
    assert (found.for_merging, found.profile_fitted_count) == (True, 3237)
    # The distance is ill determined in one sweep alone: 1 % long beside the published 5.428 A.
    assert found.cell is not None
    assert found.cell[0] == pytest.approx(5.48, abs=0.01)
