"""Adopt a folder: from the files that DIALS left elsewhere to runs in the catalogue."""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from beamloop.adopt.find_pairs import FoundPairs, steps_by_sweep
from beamloop.adopt.foreign_sweeps import ForeignSweep, Refusal, make_sweeps
from beamloop.adopt.read_pairs import read_pairs
from beamloop.adopt.step_reports import is_for_merging, report_steps
from beamloop.catalog.adoption import begin_adopted_run, open_adoption, record_adoption
from beamloop.catalog.connection import Connection
from beamloop.catalog.events import note_event
from beamloop.catalog.runs import record_step
from beamloop.errors import InvalidInputError
from beamloop.records.adoption import ADOPTED_PROFILE
from beamloop.records.collection import FoundCollection, FoundSweep
from beamloop.records.identifiers import CollectionId, RunId
from beamloop.records.images import NumberedImages
from beamloop.records.parameters import Parameters
from beamloop.records.run import Run, StepReport
from beamloop.services import Services
from beamloop.storage.contract import ArtifactStore


@dataclass(frozen=True, slots=True)
class AdoptionRequest:
    """Who adopts what."""

    directory: Path  # Path("/data/visit/wedges"): becomes the collection
    found: FoundPairs
    beamline: str  # "local"
    adopted_by: str  # "anna"
    trust_pickles: bool = False


@dataclass(frozen=True, slots=True)
class AdoptedSweep:
    """A sweep that the catalogue has."""

    name: str  # "sweep_002"
    run_id: RunId  # 17
    is_new: bool  # False: its newest run was of the same files already
    crystal_count: int  # 2
    steps: tuple[str, ...]  # ("refine",)


@dataclass(frozen=True, slots=True)
class AdoptionSummary:
    """What came of adopting a folder."""

    collection_id: CollectionId | None  # None where nothing could be adopted
    sweeps: tuple[AdoptedSweep, ...]
    refusals: tuple[Refusal, ...]
    alone: tuple[Path, ...]  # files without a partner


@dataclass(frozen=True, slots=True)
class _Told:
    """A sweep with what the catalogue and the store are to get."""

    sweep: ForeignSweep
    found: FoundSweep
    reports: list[tuple[StepReport, tuple[Path, ...]]]


def adopt(services: Services, request: AdoptionRequest) -> AdoptionSummary:
    """Adopt every pair that can be; each sweep whole or not at all, and once.

    Parameters
    ----------
    services
        Catalogue, store, DIALS.
    request
        Who adopts what.

    Raises
    ------
    TransientError
        When store or catalogue are away; the sweeps adopted until then stay.
    ProgramFailedError
        When DIALS does not work.
    """
    services.run_root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".adopt-", dir=services.run_root) as folder:
        scratch = Path(folder)
        reads, refusals = read_pairs(
            services.dials, request.found.pairs, scratch, trust_pickles=request.trust_pickles
        )
        groups = steps_by_sweep([read.pair for read in reads])
        by_pair = {read.pair: read for read in reads}
        sweeps, twins = make_sweeps(
            [(key, [by_pair[pair] for pair in pairs]) for key, pairs in groups.items()], request.directory
        )
        told = _report_all(sweeps, request, scratch, refusals)
        collection_id, adopted = _record(services, request, told)
    return AdoptionSummary(collection_id, tuple(adopted), (*refusals, *twins), request.found.alone)


def _report_all(
    sweeps: Sequence[ForeignSweep], request: AdoptionRequest, scratch: Path, refusals: list[Refusal]
) -> list[_Told]:
    told = []
    for sweep in sweeps:
        try:
            reports = report_steps(sweep, request.directory, request.adopted_by, scratch)
        except InvalidInputError as error:
            pair = sweep.steps[-1].read.pair
            refusals.append(Refusal(pair.name, pair.experiments.parent, error.what))
            continue
        found = FoundSweep(_images(request.directory, sweep), sweep.content_sha256())
        told.append(_Told(sweep, found, reports))
    return told


def _record(
    services: Services, request: AdoptionRequest, told: Sequence[_Told]
) -> tuple[CollectionId | None, list[AdoptedSweep]]:
    collection_id = None
    collection = FoundCollection(request.beamline, request.directory, tuple(one.found for one in told))
    contents = "\n".join(found.content_sha256 for found in collection.sweeps)
    digest = hashlib.sha256(contents.encode()).hexdigest()[:12]
    adopted = []
    for one in told:
        # One transaction with the uploads in it: a killed adoption leaves no run without its results.
        with services.catalog.transaction() as connection:
            collection_id, request_id = open_adoption(connection, collection, digest, request.adopted_by)
            parameters = Parameters(ADOPTED_PROFILE, is_for_merging(one.sweep), {})
            alone = replace(collection, sweeps=(one.found,))
            run, is_new = begin_adopted_run(connection, collection_id, request_id, alone, parameters)
            if is_new:
                _bring(connection, services.store, run, one, request)
        steps = tuple(report.step for report, _ in one.reports)
        count = len(one.reports[-1][0].crystals)
        adopted.append(AdoptedSweep(one.sweep.name, run.run_id, is_new, count, steps))
    new = sum(sweep.is_new for sweep in adopted)
    if new:
        with services.catalog.transaction() as connection:
            sentence = f"{new} sweeps adopted from {ascii(str(request.directory))[1:-1]}"
            note_event(connection, request.adopted_by, "adopt", collection_id, sentence)
    return collection_id, adopted


def _images(directory: Path, sweep: ForeignSweep) -> NumberedImages:
    """Describe images that are not here; the suffix keeps them apart from images of the same name."""
    first, last = sweep.blocks[0][0], sweep.blocks[-1][1]
    there = {number for begin, end in sweep.blocks for number in range(begin, end + 1)}
    missing = tuple(number for number in range(first, last + 1) if number not in there)
    return NumberedImages(directory, sweep.name, 1, ".expt", first, last, missing)


def _bring(
    connection: Connection, store: ArtifactStore, run: Run, one: _Told, request: AdoptionRequest
) -> None:
    files = {copy.source.path: copy.source for step in one.sweep.steps for copy in step.copies}
    record_adoption(
        connection,
        run.run_id,
        request.adopted_by,
        request.directory,
        one.sweep.template,
        list(files.values()),
    )
    for report, paths in one.reports:
        stored = [
            store.put(f"{run.place}/{report.step}/{name}", path)
            for name, path in zip(report.artifact_names, paths, strict=True)
        ]
        record_step(connection, run.run_id, report, stored)
