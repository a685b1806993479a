"""The script of `beamloop reproduce` with hostile names, run by a shell; the programs only take notes."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.services.filled_catalogue import NOW, VERSION, parameters, started
from tests.services.shell_calls import call, point_at

from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import request_processing, take_up
from beamloop.catalog.runs import load_run, record_step, start_run
from beamloop.errors import InvalidInputError, NotFoundError
from beamloop.records.collection import FoundCollection, FoundSweep
from beamloop.records.identifiers import RunId
from beamloop.records.images import NumberedImages
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.run import StepReport
from beamloop.settings import StoreSettings
from beamloop.storage import open_store
from beamloop.sweep.manifest import write_manifest

pytestmark = pytest.mark.integration

HOSTILE = "it's $(touch pwned) `touch pwned`\n#"
NOTE_TAKER = """\
#!/bin/sh
printf '%s\\0' "$@" > argv
"""


@pytest.fixture
def images(tmp_path: Path) -> NumberedImages:
    """Two images with a hostile name."""
    folder = tmp_path / HOSTILE
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{HOSTILE}_000{number}.cbf").write_text("an image")
    return NumberedImages(folder, f"{HOSTILE}_", 4, ".cbf", 1, 2)


@pytest.fixture
def run_id(
    catalog_dsn: str, tmp_path: Path, images: NumberedImages, monkeypatch: pytest.MonkeyPatch
) -> RunId:
    """A run that imported the images, by links with plain names, and found no spots."""
    point_at(monkeypatch, catalog_dsn, tmp_path)
    store = open_store(StoreSettings(directory=tmp_path / "artifacts"))
    found = FoundCollection("i24", images.directory, (FoundSweep(images, images.content_sha256()),))
    with Catalog(catalog_dsn) as catalog, catalog.transaction() as connection:
        _, (request,) = request_processing(connection, found, parameters(), VERSION, requested_by="a test")
        ((made, _),) = take_up(connection, request)
        start_run(connection, made)
        run = load_run(connection, made)
        template = f"template=/srv/runs/{run.place}/images/image_######.cbf"
        reports = (
            StepReport("import", NOW, NOW, "",
                       programs=(started("dials.import", template, f"note={HOSTILE}", step="import"),),
                       artifact_names=("imported.expt",)),
            StepReport("find_spots", NOW, NOW, "no spots",
                       outcome=Outcome(OutcomeCode.NO_SPOTS, HOSTILE, "find_spots"),
                       programs=(started("dials.find_spots", "../import/imported.expt", step="find_spots",
                                         exit_code=1),),
                       artifact_names=("manifest.json",)),
        )  # fmt: skip
        staging = tmp_path / "staging"
        staging.mkdir()
        write_manifest(run, tmp_path / "nowhere", staging, reports[-1])
        for report, content in zip(reports, (b"{}", (staging / "manifest.json").read_bytes()), strict=True):
            (name,) = report.artifact_names
            stored = store.put_bytes(f"{run.place}/{report.step}/{name}", content)
            record_step(connection, made, report, [stored])
    return made


def test_hostile_names_reach_the_programs_as_they_are_and_nothing_else(
    run_id: RunId, images: NumberedImages, tmp_path: Path
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("dials.import", "dials.find_spots"):
        (programs / name).write_text(NOTE_TAKER)
        (programs / name).chmod(0o755)
    (programs / "dials.version").write_text("#!/bin/sh\necho DIALS 3.12\n")
    (programs / "dials.version").chmod(0o755)
    script = tmp_path / "again.sh"
    call("reproduce", str(run_id), "--output", str(script))
    empty = tmp_path / "empty"
    empty.mkdir()
    environment = {"PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", script], cwd=empty, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    argv = (empty / "import" / "argv").read_bytes().decode().split("\0")[:-1]
    assert argv == ["template=../images/image_######.cbf", f"note={HOSTILE}"]
    assert (empty / "images" / "image_000002.cbf").resolve() == images.path(2)
    assert (empty / "find_spots" / "argv").exists()
    assert list(tmp_path.rglob("pwned")) == []


def test_a_file_that_is_there_is_not_written_over(run_id: RunId, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(InvalidInputError, match="cannot be written"):
        call("reproduce", str(run_id), "--output", str(tmp_path / "mine"))
    assert (tmp_path / "mine").read_text() == "mine"


def test_what_is_missing_is_named(run_id: RunId, images: NumberedImages) -> None:
    with pytest.raises(NotFoundError, match="no run 999"):
        call("reproduce", "999")
    os.utime(images.path(1), (0, 0))
    with pytest.raises(InvalidInputError, match="have changed since"):
        call("reproduce", str(run_id))
    images.path(1).unlink()
    with pytest.raises(InvalidInputError, match="are not all there"):
        call("reproduce", str(run_id))


def test_the_manifest_that_is_read_is_the_one_of_the_store(run_id: RunId, tmp_path: Path) -> None:
    (manifest,) = (tmp_path / "artifacts").rglob("manifest.json")
    assert json.loads(manifest.read_text())["run"] == run_id
    assert call("reproduce", str(run_id)).startswith("#!/bin/sh\n# Repeats run")
