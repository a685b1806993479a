"""`beamloop show` and `beamloop failures` on a real catalogue."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.services.filled_catalogue import HEXAGONAL, FilledCatalogue, parameters
from tests.services.shell_calls import call, point_at

from beamloop.catalog.connection import Catalog
from beamloop.catalog.events import note_event
from beamloop.catalog.results import find_collections
from beamloop.errors import InvalidInputError, NotFoundError
from beamloop.records.outcome import OutcomeCode
from beamloop.records.sample import Sample

pytestmark = pytest.mark.integration

HOSTILE = "xtal\x1b[31m$(x)\n"


@pytest.fixture
def plate(catalog_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FilledCatalogue]:
    """A sweep with two runs, one with a hostile name, one that waits."""
    point_at(monkeypatch, catalog_dsn, tmp_path)
    with Catalog(catalog_dsn) as catalog:
        filled = FilledCatalogue(catalog, tmp_path / "plate3")
        filled.ask("xtal1_1", HOSTILE)
        filled.end("xtal1_1", OutcomeCode.NO_LATTICE, "No lattice fits the 214 spots.")
        filled.end(HOSTILE, OutcomeCode.NO_LATTICE, "No lattice fits the 90 spots of \x1b[2J.")
        filled.ask("xtal1_1", how=parameters("index.indexing.method=fft1d", sample=Sample("P 1")))
        filled.end("xtal1_1", OutcomeCode.REFINEMENT_FAILED, "dials.refine says: no.", "refine")
        filled.ask("xtal2_1")
        yield filled


def document(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call(*arguments, "--json"))
    return found


def test_a_sweep_is_told_step_by_step_with_reason_and_remedy(plate: FilledCatalogue) -> None:
    said = call("show", "plate3", "xtal1_1")
    assert "At refine: dials.refine says: no." in said
    assert "→ Look at the residuals" in said
    assert "12 images of 0.5 deg" in said
    assert "not done: find_spots, index, integrate, export" in said
    assert "DIALS 3.12.1" in said


def test_an_earlier_run_is_told_with_its_rungs(plate: FilledCatalogue) -> None:
    first = document("show", "plate3", "xtal1_1")["runs"][-1]["run_id"]
    said = call("show", "plate3", "xtal1_1", "--run", str(first))
    assert "rung 2, fft1d, no symmetry: 5 spots [5 indexed, 1.5 CPU s] Why: It failed." in said
    assert f"(cd try-run-{first}/index/rung-1 && dials.index ../../import/imported.expt)" in said


def test_all_runs_are_listed_with_how_they_differ(plate: FilledCatalogue) -> None:
    shown, other = document("show", "plate3", "xtal1_1")["runs"]
    assert shown["changes"] == []
    assert other["changes"] == [
        "space group P 1 → H 3",
        f"cell none → {HEXAGONAL.unit_cell}",
        "- index.indexing.method=fft1d",
    ]
    assert (shown["outcome"], other["outcome"]) == ("refinement_failed", "no_lattice")


def test_a_command_can_be_copied_as_it_stands(plate: FilledCatalogue) -> None:
    said = call("show", "plate3", "xtal1_1")
    (line,) = (line for line in said.splitlines() if "dials.import" in line)
    quoted = line.partition("&& ")[2].removesuffix(")")
    echoed = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {quoted}"], capture_output=True, text=True, check=True
    )
    assert echoed.stdout.splitlines() == ["dials.import", "template=it's $(x)_####.cbf"]


def test_the_json_of_a_sweep_names_folder_and_store(plate: FilledCatalogue, tmp_path: Path) -> None:
    found = document("show", "plate3", "xtal1_1")
    assert found["format"] == 1
    run_directory = Path(found["run_directory"])
    assert run_directory.is_relative_to(tmp_path / "runs")
    (program,) = found["steps"][1]["programs"]
    assert program["folder"] == str(run_directory / "refine" / "rung-1")
    assert found["store"] == str(tmp_path / "artifacts")
    assert found["spots"]["spots_per_image"] == [19] * 12


@pytest.mark.parametrize(
    "arguments",
    [("show",), ("show", "plate3"), ("show", "plate3", HOSTILE), ("failures",), ("failures", "--json")],
)
def test_no_escape_of_a_hostile_name_reaches_the_terminal(
    plate: FilledCatalogue, arguments: tuple[str, ...]
) -> None:
    said = call(*arguments)
    assert "\x1b" not in said
    assert ("x1b[31m" in said or "u001b[31m" in said) is (arguments != ("show",))


def test_a_sweep_that_waits_is_told_too(plate: FilledCatalogue) -> None:
    said = call("show", "plate3", "xtal2_1")
    assert "… 0 of 6 steps" in said
    assert "waiting" in said
    assert "cp -a" not in said


def test_a_slip_of_the_pen_is_named_with_what_there_is(plate: FilledCatalogue) -> None:
    with pytest.raises(NotFoundError, match="no sweep 'xtal9_1'"):
        call("show", "plate3", "xtal9_1")
    with pytest.raises(NotFoundError, match="no such run"):
        call("show", "plate3", "xtal1_1", "--run", "4711")
    with pytest.raises(InvalidInputError, match="is no time"):
        call("failures", "--since", "late")


def test_a_name_of_a_sweep_that_is_no_text_is_named_as_any_other(plate: FilledCatalogue) -> None:
    # A shell passes bytes as they are, and the catalogue holds text only.
    with pytest.raises(NotFoundError, match=r"has no sweep 'xtal\\udcff'"):
        call("show", "plate3", "xtal\udcff")


def test_what_a_person_should_know_of_a_collection_stands_below_its_table(plate: FilledCatalogue) -> None:
    with plate.catalog.transaction() as connection:
        collection_id = find_collections(connection, "plate3")[0]
        for _ in range(2):
            note_event(connection, "watch", "stranger", collection_id, "No image of a sweep: 'a\x1b.cbf'")
    said = call("show", "plate3")
    assert said.count("stranger (watch): No image of a sweep: 'a\\x1b.cbf'") == 1
    assert "sweeps asked for" not in said
    kinds = [event["kind"] for event in document("show", "plate3")["events"]]
    assert kinds.count("stranger") == 1
    assert "request" in kinds


def test_failures_are_grouped_and_only_those_of_newest_runs(plate: FilledCatalogue) -> None:
    found = document("failures", "--since", "1h")
    causes = {cause["outcome"]: [sweep["sweep"] for sweep in cause["sweeps"]] for cause in found["causes"]}
    assert causes == {"refinement_failed": ["xtal1_1"], "no_lattice": [HOSTILE]}
    assert found["causes"][0]["first_at"] == found["causes"][0]["last_at"]


def test_failures_of_one_cause_come_together_with_their_places(plate: FilledCatalogue) -> None:
    other = FilledCatalogue(plate.catalog, Path("/data/plate4"))
    other.ask("a", "b")
    for name in "ab":
        other.end(name, OutcomeCode.NO_LATTICE, f"No lattice fits the {len(name)} spots.")
    said = call("failures")
    assert "2 x no_lattice" in said
    assert "No lattice fits the N spots." in said
    assert "i24  plate4: a, b" in said
    assert "4 sweeps without a result" in said


@pytest.mark.parametrize("arguments", [("--beamline", "i04"), ("--since", "2999-01-01")])
def test_a_quiet_night_is_said_to_be_one(plate: FilledCatalogue, arguments: tuple[str, ...]) -> None:
    assert "failed since" in call("failures", *arguments)
    assert document("failures", *arguments)["causes"] == []
