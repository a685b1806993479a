"""`beamloop geometry` and `beamloop reprocess --geometry` on a real catalogue and store, without Airflow."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.services.filled_catalogue import VERSION, FilledCatalogue
from tests.services.geometry_files import experiment_list
from tests.services.shell_calls import call, point_at

from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import take_up
from beamloop.catalog.runs import load_run
from beamloop.cli import reprocess as command
from beamloop.errors import InvalidInputError, NotFoundError
from beamloop.records.identifiers import RequestId, RunId
from beamloop.records.outcome import OutcomeCode
from beamloop.simulate.geometry import true_geometry
from beamloop.simulate.presets import PRESETS

pytestmark = pytest.mark.integration

COLLECTED = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
SINCE = ("--from", "2026-01-01T00:00", "--why", "night 12")
PANEL = {
    "held_out_count": 80,
    "held_out_rmsd_before_mm": [0.061, 0.058],
    "held_out_rmsd_after_mm": [0.042, 0.040],
    "shift_um": [22.0, -31.0],
}
EVIDENCE = {
    "held_out_count": 1892,
    "held_out_rmsd_before_mm": [0.061, 0.058],
    "held_out_rmsd_after_mm": [0.042, 0.040],
    "covered_panel_count": 3,
    "half_split_um": 6.6,
    "panels": [{"name": f"panel {number}", **PANEL} for number in range(3)],
}


class FixedDials:
    def version(self) -> str:
        return VERSION


@pytest.fixture
def plate(tmp_path: Path, catalog_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FilledCatalogue]:
    """A beamline with its file, two refined detectors, and a folder with a sweep of a known time."""
    point_at(monkeypatch, catalog_dsn, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "find_dials", FixedDials)
    (tmp_path / "beamlines").mkdir()
    (tmp_path / "beamlines" / "i24.yaml").write_text("beamline: i24\nroots: [.]\n")
    for name, distance_mm in (("first", 250.0), ("second", 251.0)):
        detector = replace(PRESETS["tiny2"](1).detector, distance_mm=distance_mm)
        Path(f"{name}.expt").write_text(json.dumps(experiment_list(true_geometry(detector, 7))))
    Path("evidence.json").write_text(json.dumps(EVIDENCE))
    directory = tmp_path / "plate3"
    directory.mkdir()
    image = directory / "xtal1_1_00001.cbf"
    image.touch()
    os.utime(image, (COLLECTED.timestamp(), COLLECTED.timestamp()))
    with Catalog(catalog_dsn) as catalog:
        yield FilledCatalogue(catalog, directory)


def add(name: str, *options: str) -> dict[str, Any]:
    added: dict[str, Any] = json.loads(
        call("geometry", "add", f"{name}.expt", "--beamline", "i24", *options, "--json")
    )
    return added


def test_nothing_is_promoted_by_the_default_gate_while_a_beamlines_file_cannot_be_used(
    plate: FilledCatalogue,
) -> None:
    number = add("first", "--evidence", "evidence.json")["geometry_id"]
    # The version would pass the default gate; this file's owner asks for more, and has made a slip.
    Path("beamlines/i24.yaml").write_text(
        "beamline: i24\nroots: [.]\nquiet: 60\ngeometry: {least_held_out_count: 5000}\n"
    )
    with pytest.raises(InvalidInputError, match=r"i24.yaml cannot be used: quiet: there is no such field"):
        call("geometry", "promote", str(number), *SINCE)
    assert json.loads(call("geometry", "show", str(number), "--json"))["state"] == "candidate"


def test_a_geometry_made_elsewhere_is_a_candidate_and_the_same_file_is_the_same_one(
    plate: FilledCatalogue,
) -> None:
    added = add("first", "--evidence", "evidence.json", "--level", "1", "--header-distance-mm", "250")
    assert (added["state"], added["panel_count"], added["hierarchy_level"]) == ("candidate", 3, 1)
    assert added["distance_mm"] == pytest.approx(250.0, abs=1e-6)
    assert (Path("artifacts") / added["models"]["key"]).exists()
    with pytest.raises(InvalidInputError, match=f"are geometry {added['geometry_id']} already"):
        add("first")
    listed = json.loads(call("geometry", "list", "--beamline", "i24", "--json"))["geometries"]
    assert [version["geometry_id"] for version in listed] == [added["geometry_id"]]
    assert json.loads(call("geometry", "list", "--beamline", "i03", "--json"))["geometries"] == []
    assert "candidate" in call("geometry", "list")


def test_a_candidate_without_evidence_serves_on_a_persons_word_only_and_the_word_is_kept(
    plate: FilledCatalogue,
) -> None:
    number = str(add("first")["geometry_id"])
    with pytest.raises(InvalidInputError, match="no evidence on held-out data"):
        call("geometry", "promote", number, *SINCE)
    call("geometry", "promote", number, *SINCE, "--without-evidence")
    shown = call("geometry", "show", number)
    assert "serves data from 2026-01-01 00:00 UTC (" in shown
    assert "without evidence: night 12" in shown


def test_withdrawal_names_what_was_imported_and_reprocessing_makes_runs_with_what_serves_now(
    plate: FilledCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    plate.ask("xtal1_1")
    plate.end("xtal1_1", OutcomeCode.PROCESSED, "Images to MTZ.", "export")
    headers = plate.runs["xtal1_1"]
    number = add("first", "--evidence", "evidence.json")["geometry_id"]
    call("geometry", "promote", str(number), *SINCE)
    plate.ask("xtal1_1")
    plate.end("xtal1_1", OutcomeCode.PROCESSED, "Images to MTZ.", "export")
    run_id = plate.runs["xtal1_1"]
    assert run_id != headers
    assert "stale" not in call("show", "plate3")
    assert json.loads(call("show", "plate3", "xtal1_1", "--json"))["run"]["geometry_id"] == number
    assert f"detector of geometry {number}" in call("show", "plate3", "xtal1_1")
    with pytest.raises(NotFoundError):
        call("reprocess", "--geometry", str(number), "--dry-run")
    said = call("geometry", "withdraw", str(number), "--why", "module 2 was swapped")
    assert f"imported with it: plate3 xtal1_1, run {run_id}, stale: the headers' geometry serves" in said
    assert f"`beamloop reprocess --geometry {number}`" in said
    assert "In its place serves the headers' geometry." in said

    for shown in (call("show", "plate3"), call("show", "plate3", "xtal1_1")):
        assert f"1 sweep is stale: imported with geometry {number}, and the headers' geometry serves" in shown
        assert f"`beamloop reprocess {plate.directory} --geometry {number}` makes new runs." in shown
    (stale,) = json.loads(call("show", "plate3", "--json"))["stale"]
    assert (stale["run_id"], stale["imported_id"], stale["serving_id"]) == (run_id, number, None)

    started: list[RequestId] = []

    def take_note(_: Catalog, requests: Sequence[RequestId]) -> None:
        started.extend(requests)

    monkeypatch.setattr(command, "start_requests", take_note)
    call("reprocess", "--geometry", str(number))
    (request,) = started
    with plate.catalog.transaction() as connection:
        ((new, _),) = take_up(connection, request)
        assert load_run(connection, RunId(new)).geometry is None
    assert new not in (headers, run_id)
    assert json.loads(call("geometry", "show", str(number), "--json"))["imported"] == []


def test_what_the_headers_served_is_stale_when_a_version_serves_its_time_and_is_processed_again(
    plate: FilledCatalogue,
) -> None:
    plate.ask("xtal1_1")
    plate.end("xtal1_1", OutcomeCode.PROCESSED, "Images to MTZ.", "export")
    number = add("first", "--evidence", "evidence.json")["geometry_id"]
    call("geometry", "promote", str(number), "--why", "for data from now on")
    assert "stale" not in call("show", "plate3")
    call("geometry", "withdraw", str(number), "--why", "to let it serve older data too")
    call("geometry", "promote", str(number), *SINCE)
    shown = call("show", "plate3")
    assert f"imported with the headers' geometry, and geometry {number} serves now (xtal1_1)." in shown
    assert f"{plate.directory} --geometry 0`" in shown
    assert "xtal1_1" in call("reprocess", "--geometry", "0", "--dry-run")


def test_a_second_version_supersedes_the_first(plate: FilledCatalogue) -> None:
    first, second = (add(name, "--evidence", "evidence.json")["geometry_id"] for name in ("first", "second"))
    call("geometry", "promote", str(first), *SINCE)
    call("geometry", "promote", str(second), "--from", "2026-02-01T00:00", "--why", "night 40")
    states = {
        version["geometry_id"]: (version["state"], version["valid_until"])
        for version in json.loads(call("geometry", "list", "--json"))["geometries"]
    }
    assert states == {first: ("superseded", "2026-02-01T00:00:00+00:00"), second: ("in_force", None)}


@pytest.mark.parametrize(
    ("text", "words"),
    [("[]", "no JSON object"), ("{", "cannot be read"), ('{"held_out_count": 1}', "two numbers")],
)
def test_bad_evidence_is_refused_with_its_fault(plate: FilledCatalogue, text: str, words: str) -> None:
    Path("evidence.json").write_text(text)
    with pytest.raises(InvalidInputError, match=words):
        add("first", "--evidence", "evidence.json")


def test_files_and_beamlines_that_are_not_there_are_named(plate: FilledCatalogue) -> None:
    with pytest.raises(InvalidInputError, match=r"nothing\.expt cannot be read"):
        add("nothing")
    with pytest.raises(InvalidInputError, match="no file of a beamline 'i03'"):
        call("geometry", "add", "first.expt", "--beamline", "i03")
    with pytest.raises(NotFoundError, match="no geometry 99"):
        call("geometry", "show", "99")
