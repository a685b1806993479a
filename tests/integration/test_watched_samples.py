"""What is known of a sample reaches the runs of a watched folder, and a bad file stops nothing."""

import os
from pathlib import Path

import pytest

from beamloop.catalog.connection import Catalog
from beamloop.catalog.events import events_of_collection
from beamloop.catalog.intake import take_up
from beamloop.catalog.results import find_collections
from beamloop.catalog.runs import load_run
from beamloop.catalog.samples import set_sample
from beamloop.records.identifiers import RunId
from beamloop.records.sample import Sample
from beamloop.watch.scan import scan

pytestmark = pytest.mark.integration

SIDECAR = "beamloop_sample.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A watched root whose rules know of every plate that it is H 3."""
    beamlines, root = tmp_path / "beamlines", tmp_path / "data"
    beamlines.mkdir()
    root.mkdir()
    rules = "beamline: i24\nroots: [../data]\nquiet_s: 0\nsamples: [{match: 'plate*', space_group: H 3}]\n"
    (beamlines / "i24.yaml").write_text(rules)
    return root


def write_plate(root: Path, name: str, sidecar: str | None = None) -> Path:
    folder = root / name
    folder.mkdir()
    image = folder / "x_001.cbf"
    image.write_bytes(b"###CBF: VERSION 1.5\r\nX-Binary-Size: 4\r\n\r\n\x0c\x1a\x04\xd5" + bytes(4))
    os.utime(image, (1, 1))
    if sidecar is not None:
        (folder / SIDECAR).write_text(sidecar)
    return folder


def test_each_plate_gets_its_own_sample_and_a_bad_file_stops_no_other(root: Path, catalog_dsn: str) -> None:
    write_plate(root, "plate1")
    write_plate(root, "plate2", "space_group: P 1")
    write_plate(root, "plate3", "space_group: P 99")
    by_hand = write_plate(root, "plate4", "space_group: P 1")
    with Catalog(catalog_dsn) as catalog:
        with catalog.transaction() as connection:
            set_sample(connection, by_hand, Sample("C 1 2 1"), "anna")
        for after_s in (0.0, 100.0):
            requests = scan(root.parent / "beamlines", catalog, "3.12.1", now_s=1e9 + after_s)
        with catalog.transaction() as connection:
            runs: list[RunId] = [run for r in requests for run, _ in take_up(connection, r.request_id)]
            loaded = [load_run(connection, run_id) for run_id in runs]
            (plate3,) = find_collections(connection, "plate3")
            told = [e.sentence for e in events_of_collection(connection, plate3) if e.kind == "sidecar"]
    groups = {run.images.directory.name: run.parameters.sample.space_group for run in loaded}
    assert groups == {"plate1": "H 3", "plate2": "P 1", "plate3": "H 3", "plate4": "C 1 2 1"}
    assert len(told) == 1
    assert "no space group 'P 99'" in told[0]
