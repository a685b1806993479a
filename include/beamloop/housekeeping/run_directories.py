"""Directories of runs: those of ended runs go when their time is over and everything in them is stored."""

import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from beamloop.catalog.connection import Catalog
from beamloop.catalog.housekeeping import EndedRun, artifacts_of_run, ended_run, hold_ended_run
from beamloop.housekeeping.accounts import STAGING, why_not_accounted_for
from beamloop.housekeeping.report import Kept, Kind, Removed, Report
from beamloop.housekeeping.trees import REMOVED, opened, remove_tree, size_below, subfolders, take_away
from beamloop.records.identifiers import SAFE_NAME, RunId
from beamloop.storage.contract import ArtifactStore

log = logging.getLogger(__name__)

RUN = re.compile(r"run-([1-9][0-9]{0,17})")
# Longer than any task lives on after its run was given up: Airflow misses a dead one within minutes.
STAGING_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the directories of ended runs are kept."""

    by_beamline: Mapping[str, timedelta | None]  # None: for ever
    otherwise: timedelta | None

    def of(self, beamline: str) -> timedelta | None:
        """Return the time for a beamline."""
        return self.by_beamline.get(beamline, self.otherwise)


@dataclass(frozen=True, slots=True)
class Round:
    """One round through the run directories."""

    run_root: Path
    catalog: Catalog
    store: ArtifactStore
    retention: Retention
    now: datetime  # UTC, the catalogue's
    dry_run: bool


def clean_run_directories(around: Round, report: Report) -> None:
    """Go through all run directories on this disk; what cannot be removed is kept and said.

    A directory first gets, in a transaction that keeps its run from going on, a name under which nobody looks
    for it. Whoever is killed later leaves a folder of that name, which the next round removes; a run never
    sees half of its files.

    Raises
    ------
    TransientError
        When catalogue or store are away: nothing can be proven then.
    """
    with suppress(FileNotFoundError), opened(around.run_root) as root:
        for place, folder in _sweep_folders(root):
            for name in subfolders(folder):
                try:
                    _look_at(around, report, folder, place, name)
                except OSError as error:
                    report.kept.append(Kept(f"{place}/{name}", f"the file system refuses: {error.strerror}"))


def _sweep_folders(root: int) -> Iterator[tuple[str, int]]:
    """Yield the folders BEAMLINE/COLLECTION/SWEEP, open."""
    for beamline in _safe(root):
        with suppress(OSError), opened(beamline, root) as in_beamline:
            for collection in _safe(in_beamline):
                with suppress(OSError), opened(collection, in_beamline) as in_collection:
                    for sweep in _safe(in_collection):
                        with suppress(OSError), opened(sweep, in_collection) as in_sweep:
                            yield f"{beamline}/{collection}/{sweep}", in_sweep


def _safe(folder: int) -> list[str]:
    return [name for name in subfolders(folder) if SAFE_NAME.fullmatch(name)]


def _look_at(around: Round, report: Report, folder: int, place: str, name: str) -> None:
    what = f"{place}/{name}"
    if name.startswith(REMOVED):
        _remove(around, report, folder, Removed(Kind.HALF_REMOVED, what, size_below(folder, name)), name)
        return
    number = RUN.fullmatch(name)
    if not number:
        return
    with around.catalog.transaction() as connection:
        run = ended_run(connection, RunId(int(number[1])))
    # A directory of another catalogue, or of a run that goes on.
    if run is None or run.place != what:
        return
    age, kept_for = around.now - run.ended_at, around.retention.of(run.beamline)
    if kept_for is not None and age > kept_for:
        _clear_run(around, report, folder, run, name)
    elif age > STAGING_KEPT:
        _clear_staging(around, report, folder, run, name)


def _clear_run(around: Round, report: Report, folder: int, run: EndedRun, name: str) -> None:
    with around.catalog.transaction() as connection:
        artifacts = artifacts_of_run(connection, run.run_id)
    with opened(name, folder) as directory:
        why = why_not_accounted_for(directory, artifacts, around.store)
    if why:
        report.kept.append(Kept(run.place, why))
        return
    removed = Removed(Kind.RUN_DIRECTORY, run.place, size_below(folder, name))
    _take_and_remove(around, report, folder, run, removed, name)


def _clear_staging(around: Round, report: Report, folder: int, run: EndedRun, name: str) -> None:
    with opened(name, folder) as directory:
        for staging in filter(STAGING.fullmatch, subfolders(directory)):
            removed = Removed(Kind.STAGING, f"{run.place}/{staging}", size_below(directory, staging))
            _take_and_remove(around, report, directory, run, removed, staging)
        for gone in subfolders(directory):
            if gone.startswith(REMOVED):
                half = Removed(Kind.HALF_REMOVED, f"{run.place}/{gone}", size_below(directory, gone))
                _remove(around, report, directory, half, gone)


def _take_and_remove(
    around: Round, report: Report, parent: int, run: EndedRun, removed: Removed, name: str
) -> None:
    if around.dry_run:
        report.removed.append(removed)
        return
    with around.catalog.transaction() as connection:
        if not hold_ended_run(connection, run):
            return
        gone = take_away(parent, name)
    _remove(around, report, parent, removed, gone)


def _remove(around: Round, report: Report, parent: int, removed: Removed, name: str) -> None:
    if not around.dry_run:
        remove_tree(parent, name)
        os.fsync(parent)
        log.info("Removed %s, %d bytes", removed.what, removed.size_bytes)
    report.removed.append(removed)
