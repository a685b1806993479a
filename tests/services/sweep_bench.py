"""The sweep stage with real services and without Airflow: what several tests ask of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.services.served_dials import served_dials

from beamloop.beamlines.profiles import make_parameters
from beamloop.beamlines.samples import parse_sample
from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import request_processing, take_up
from beamloop.catalog.results import SweepResult, results_of_collection
from beamloop.records.collection import FoundCollection
from beamloop.records.identifiers import CollectionId, RunId
from beamloop.records.outcome import Outcome
from beamloop.records.parameters import STEPS
from beamloop.records.program import ProgramLimits
from beamloop.services import Services
from beamloop.settings import StoreSettings
from beamloop.storage.opening import open_store
from beamloop.sweep.stage import run_step
from beamloop.watch.find_sweeps import read_folder


@dataclass(frozen=True, slots=True)
class SweepBench:
    """Services in a folder of the test's own, and the runs of one collection."""

    folder: Path
    services: Services
    collection_id: CollectionId
    runs: dict[str, RunId]  # by the sweep's name

    @property
    def artifacts(self) -> Path:
        """Where the local store keeps its objects."""
        return self.folder / "artifacts"

    def do(self, sweep: str, *steps: str) -> Outcome | None:
        """Do some steps of a sweep, all where none is named; stop at an outcome."""
        for step in steps or STEPS:
            outcome = run_step(self.services, self.runs[sweep], step)
            if outcome:
                return outcome
        return None

    def result(self, sweep: str) -> SweepResult:
        """What the catalogue says of a sweep."""
        with self.services.catalog.transaction() as connection:
            results = results_of_collection(connection, self.collection_id)
        return {result.sweep: result for result in results}[sweep]

    def run_directory(self, sweep: str) -> Path:
        """The work folder of a sweep's run."""
        return next(self.services.run_root.glob(f"*/*/*/run-{self.runs[sweep]}"))


def open_bench(
    folder: Path,
    dsn: str,
    images: Path,
    *,
    space_group: str | None = None,
    unit_cell: str | None = None,
    settings: Sequence[str] = (),
    profile: str = "cells",
    refuse_gaps: bool = False,
    run_root: Path | None = None,
) -> SweepBench:
    """Register a folder of images; nothing is processed yet."""
    sample = parse_sample(space_group, unit_cell)
    chosen = make_parameters(profile, settings=settings, sample=sample, limits=ProgramLimits(time_s=300))
    parameters = replace(chosen, refuse_gaps=refuse_gaps)
    services = Services(
        Catalog(dsn),
        open_store(StoreSettings(directory=folder / "artifacts")),
        served_dials(),
        run_root or folder / "runs",
    )
    found = FoundCollection("bench", images, read_folder(images).sweeps, sample)
    with services.catalog.transaction() as connection:
        collection_id, requests = request_processing(
            connection, found, parameters, services.dials.version(), requested_by="a test"
        )
        runs = {name: run_id for request in requests for run_id, name in take_up(connection, request)}
    return SweepBench(folder, services, collection_id, runs)
