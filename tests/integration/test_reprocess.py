"""`beamloop reprocess` and `beamloop sample` on a real catalogue; Airflow only takes notes."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.services.filled_catalogue import HEXAGONAL, VERSION, FilledCatalogue, parameters
from tests.services.shell_calls import call, point_at

from beamloop.catalog.connection import Catalog
from beamloop.catalog.events import events_of_collection
from beamloop.catalog.intake import take_up
from beamloop.catalog.results import find_collections
from beamloop.catalog.runs import load_run
from beamloop.catalog.samples import set_sample
from beamloop.cli import reprocess as command
from beamloop.errors import InvalidInputError, NotFoundError
from beamloop.records.identifiers import RequestId
from beamloop.records.outcome import OutcomeCode
from beamloop.records.sample import Sample
from beamloop.settings import DialsSettings
from beamloop.watch.known_sample import SampleSource, know_sample, note_sidecar

pytestmark = pytest.mark.integration


class FixedDials:
    settings = DialsSettings()

    def version(self) -> str:
        return VERSION


@pytest.fixture
def catalog(catalog_dsn: str) -> Iterator[Catalog]:
    with Catalog(catalog_dsn) as opened:
        yield opened


@pytest.fixture
def plate(catalog: Catalog, tmp_path: Path) -> FilledCatalogue:
    """Three sweeps: one without a lattice, one processed, one still going on."""
    directory = tmp_path / "plate3"
    directory.mkdir()
    filled = FilledCatalogue(catalog, directory)
    filled.ask("xtal1_1", "xtal2_1", "xtal10_1")
    filled.end("xtal1_1", OutcomeCode.NO_LATTICE, "No lattice fits.")
    filled.end("xtal2_1", OutcomeCode.PROCESSED, "Images to MTZ.", "export")
    return filled


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, catalog_dsn: str, tmp_path: Path) -> list[RequestId]:
    """The requests that Airflow was asked to start."""
    point_at(monkeypatch, catalog_dsn, tmp_path)
    asked: list[RequestId] = []

    def take_note(_: Catalog, requests: Sequence[RequestId]) -> None:
        asked.extend(requests)

    monkeypatch.setattr(command, "find_dials", FixedDials)
    monkeypatch.setattr(command, "start_requests", take_note)
    return asked


def plan(*arguments: str) -> list[dict[str, Any]]:
    planned: list[dict[str, Any]] = json.loads(call("reprocess", *arguments, "--json"))["plan"]
    return planned


def test_a_setting_that_dials_does_not_know_is_refused_before_anything_is_asked_for(
    plate: FilledCatalogue, started: list[RequestId]
) -> None:
    with pytest.raises(InvalidInputError, match=r"dials\.index has no option 'indexing\.methods'") as refused:
        call("reprocess", "plate3", "--set", "index.indexing.methods=fft1d")
    assert "indexing.method" in refused.value.try_next
    assert not started


def test_other_parameters_make_a_new_run_and_keep_the_old(
    plate: FilledCatalogue, started: list[RequestId]
) -> None:
    said = call("reprocess", "plate3", "xtal1_1", "--set", "index.indexing.method=fft1d")
    assert "+ index.indexing.method=fft1d" in said
    (request,) = started
    with plate.catalog.transaction() as connection:
        ((new_id, _),) = take_up(connection, request)
        new, old = load_run(connection, new_id), load_run(connection, plate.runs["xtal1_1"])
    assert new.parameters == parameters("index.indexing.method=fft1d")
    assert old.outcome is not None
    assert (old.outcome.code, old.parameters) == (OutcomeCode.NO_LATTICE, parameters())


def test_the_same_parameters_again_only_when_asked(plate: FilledCatalogue, started: list[RequestId]) -> None:
    assert "known with these parameters" in call("reprocess", "plate3", "xtal1_1", "--space-group", "H 3")
    assert started == []
    call("reprocess", "plate3", "xtal1_1", "--again")
    assert len(started) == 1


def test_what_is_not_said_is_as_in_the_newest_run(plate: FilledCatalogue, started: list[RequestId]) -> None:
    call("reprocess", "plate3", "xtal1_1", "--set", "refine.scan_varying=true")
    (second,) = plan("plate3", "xtal1_1", "--space-group", "none", "--dry-run")
    assert second["changes"] == ["space group H 3 → none"]
    assert second["parameters"]["options"]["refine"][-1] == "scan_varying=true"
    assert len(started) == 1


@pytest.mark.parametrize(
    ("arguments", "sweeps"),
    [
        (["plate3"], ["xtal1_1", "xtal2_1", "xtal10_1"]),
        (["plate3", "xtal1_1", "xtal2*"], ["xtal1_1", "xtal2_1"]),
        (["--outcome", "no_lattice"], ["xtal1_1"]),
        (["--since", "12h", "--beamline", "i24"], ["xtal1_1", "xtal2_1", "xtal10_1"]),
    ],
)
def test_sweeps_are_chosen_by_name_and_by_what_became_of_them(
    plate: FilledCatalogue, started: list[RequestId], arguments: list[str], sweeps: list[str]
) -> None:
    assert [entry["sweep"] for entry in plan(*arguments, "--dry-run")] == sweeps
    assert started == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "not said which"),
        (["plate4"], "no collection 'plate4'"),
        (["plate\udcff"], "no collection"),
        (["plate3", "ytal*"], r"called 'ytal\*'"),
        (["--outcome", "no_spots"], "No sweep that has a run fits"),
        (["--since", "12h", "--beamline", "i04"], "No sweep that has a run fits"),
        (["plate3", "--since", "soon"], "is no time"),
        (["plate3", "--space-group", "P 4"], "plate3, xtal1_1: .*does not obey"),
        (["plate3", "--set", "index.output.log=x"], "Beamloop sets"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_starts(
    plate: FilledCatalogue, started: list[RequestId], arguments: list[str], words: str
) -> None:
    with pytest.raises((InvalidInputError, NotFoundError), match=words):
        call("reprocess", *arguments)
    assert started == []


def test_two_collections_of_one_name_must_be_told_apart(
    plate: FilledCatalogue, started: list[RequestId], tmp_path: Path
) -> None:
    other = FilledCatalogue(plate.catalog, tmp_path / "elsewhere" / "plate3", beamline="i04")
    other.ask("xtal1_1")
    with pytest.raises(InvalidInputError, match="2 collections"):
        call("reprocess", "plate3")
    assert len(plan("plate3", "--beamline", "i04", "--dry-run")) == 1
    assert len(plan(str(plate.directory), "--dry-run")) == 3


def test_what_a_person_says_of_the_sample_applies_to_the_next_runs(
    plate: FilledCatalogue, started: list[RequestId]
) -> None:
    said = json.loads(call("sample", "set", "plate3", "--space-group", "R32", "--json"))
    assert (said["space_group"], said["unit_cell"], bool(said["said_by"])) == ("H 3 2", None, True)
    (entry,) = plan("plate3", "xtal1_1", "--dry-run")
    assert entry["changes"] == ["space group H 3 → H 3 2", "cell 98.3,98.3,136.6,90,90,120 → none"]
    (overruled,) = plan("plate3", "xtal1_1", "--space-group", "P 1", "--dry-run")
    assert overruled["parameters"]["space_group"] == "P 1"
    call("sample", "clear", "plate3")
    assert plan("plate3", "xtal1_1", "--dry-run")[0]["changes"] == []
    with plate.catalog.transaction() as connection:
        events = events_of_collection(connection, find_collections(connection, "plate3")[0])
    sentences = [(event.kind, event.sentence) for event in events if event.kind == "sample"]
    assert sentences == [
        ("sample", "By hand: H 3 2."),
        ("sample", "What was said of the sample by hand is taken back."),
    ]


def test_a_sample_may_be_said_before_its_first_image(
    catalog: Catalog, started: list[RequestId], tmp_path: Path
) -> None:
    call("sample", "set", str(tmp_path), "--space-group", "P 43 21 2")
    with catalog.transaction() as connection:
        assert know_sample(connection, tmp_path, HEXAGONAL).sample == Sample("P 43 21 2")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere", "--space-group", "P 1"], "neither"),
        (["plate\udcff", "--space-group", "P 1"], "not UTF-8"),
        (["plate3"], "Nothing is said"),
        (["plate3", "--space-group", "P 99"], "no space group"),
    ],
)
def test_a_sample_that_cannot_be_meant_is_refused(
    plate: FilledCatalogue, started: list[RequestId], arguments: list[str], words: str
) -> None:
    with pytest.raises((InvalidInputError, NotFoundError), match=words):
        call("sample", "set", *arguments)


def test_a_persons_word_goes_before_the_sidecar_and_the_sidecar_before_the_rules(
    catalog: Catalog, tmp_path: Path
) -> None:
    with catalog.transaction() as connection:
        rules = know_sample(connection, tmp_path, HEXAGONAL)
        (tmp_path / "beamloop_sample.yaml").write_text("space_group: P 1")
        sidecar = know_sample(connection, tmp_path, HEXAGONAL)
        set_sample(connection, tmp_path, Sample("C 1 2 1"), "anna")
        by_hand = know_sample(connection, tmp_path, HEXAGONAL)
    assert (rules.sample, rules.source) == (HEXAGONAL, SampleSource.RULES)
    assert (sidecar.sample, sidecar.source) == (Sample("P 1"), SampleSource.SIDECAR)
    assert (by_hand.sample, by_hand.source) == (Sample("C 1 2 1"), SampleSource.BY_HAND)


def test_a_bad_sidecar_leaves_the_rules_in_force_and_is_said_once_per_change(plate: FilledCatalogue) -> None:
    sidecar = plate.directory / "beamloop_sample.yaml"
    with plate.catalog.transaction() as connection:
        collection_id = find_collections(connection, "plate3")[0]
        for text in ("space_group: P 99", "space_group: P 99", "space_group: P 1", None):
            sidecar.write_text(text) if text else sidecar.unlink()
            known = know_sample(connection, plate.directory, HEXAGONAL)
            note_sidecar(connection, collection_id, known)
            assert known.sample == (Sample("P 1") if text == "space_group: P 1" else HEXAGONAL)
        said = [e.sentence for e in events_of_collection(connection, collection_id) if e.kind == "sidecar"]
    assert len(said) == 3
    assert "There is no space group 'P 99'" in said[0]
    assert said[1:] == ["beamloop_sample.yaml: P 1.", "There is no beamloop_sample.yaml any more."]
