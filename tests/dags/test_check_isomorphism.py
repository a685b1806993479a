"""A collection's check as a person sees it in Airflow's grid."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.dags.conftest import RunDag
from tests.services.isomorphism_bench import (
    IsomorphismBench,
    alike,
    leave_out_pictures,
    open_isomorphism_bench,
    scaled,
)
from tests.services.shell_calls import EVERY_COMMAND

pytestmark = pytest.mark.dags

PROJECT = Path(__file__).parents[2]
REPORT, JUDGED = ("report", -1), ("isomorphous", -1)


@pytest.fixture
def bench(
    tmp_path: Path, catalog_connection: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[IsomorphismBench]:
    leave_out_pictures(monkeypatch)
    opened = open_isomorphism_bench(tmp_path, catalog_connection)
    yield opened
    opened.services.catalog.close()


def states(bench: IsomorphismBench, run_dag: RunDag) -> dict[tuple[str, int], str]:
    return run_dag("check_isomorphism", {"collection_id": bench.collection_id})


def test_a_collection_that_belongs_together_is_all_green(bench: IsomorphismBench, run_dag: RunDag) -> None:
    bench.process(alike(4))
    assert states(bench, run_dag) == {("run", -1): "success", REPORT: "success", JUDGED: "success"}
    assert bench.groups() == {"A": ["xtal1", "xtal2", "xtal3", "xtal4"]}


def test_crystals_that_differ_are_a_skipped_task_with_the_report_made(
    bench: IsomorphismBench, run_dag: RunDag
) -> None:
    bench.process(alike(4) | {"other": scaled(1.05)})
    assert states(bench, run_dag) == {("run", -1): "success", REPORT: "success", JUDGED: "skipped"}


def test_cells_that_cannot_be_right_are_a_failed_run_that_is_not_tried_again(
    bench: IsomorphismBench, run_dag: RunDag
) -> None:
    bench.process(alike(3) | {"skew": (98.3, 98.3, 136.6, 90.0, 92.0, 120.0)})
    assert states(bench, run_dag) == {("run", -1): "failed", REPORT: "success", JUDGED: "failed"}


def test_great_expectations_is_loaded_by_nothing_but_a_validation() -> None:
    code = (
        "import sys; sys.path[:0] = ['dags'];"
        "import watch_collections, check_isomorphism, process_collection;"
        "import beamloop.sweep.stage, beamloop.watch.scan, beamloop.isomorphism.check;"
        f"{EVERY_COMMAND};"
        "print(sorted({'great_expectations', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
