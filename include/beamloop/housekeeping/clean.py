"""One round of housekeeping: run directories, staging folders, leftovers of the store."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

from beamloop.beamlines.beamline_file import Beamline, read_beamlines
from beamloop.catalog.connection import Catalog
from beamloop.catalog.events import note_event
from beamloop.catalog.watched import clock_s
from beamloop.housekeeping.report import Kind, Removed, Report
from beamloop.housekeeping.run_directories import Retention, Round, clean_run_directories
from beamloop.storage.contract import ArtifactStore

log = logging.getLogger(__name__)

# A writer needs minutes for the largest file.
LEFTOVERS_KEPT = timedelta(days=1)


def clean(
    run_root: Path,
    catalog: Catalog,
    store: ArtifactStore,
    beamlines_directory: Path,
    *,
    dry_run: bool = False,
) -> Report:
    """Remove what is not needed any more, and say what and how many bytes.

    Parameters
    ----------
    run_root
        Where the run directories of this machine are.
    catalog, store
        What must vouch for everything that goes.
    beamlines_directory
        Folder of the beamlines' files, which say how long run directories are kept.
    dry_run
        Only say what would be removed.

    Raises
    ------
    TransientError
        When catalogue or store are away.
    """
    report = Report()
    with catalog.transaction() as connection:
        now = datetime.fromtimestamp(clock_s(connection), UTC)
    retention = read_retention(beamlines_directory)
    clean_run_directories(Round(run_root, catalog, store, retention, now, dry_run), report)
    for leftover in store.leftovers(now - LEFTOVERS_KEPT, remove=not dry_run):
        report.removed.append(Removed(Kind.LEFTOVER, leftover.what, leftover.size_bytes))
    for kept in report.kept:
        log.warning("Kept although old: %s: %s", kept.what, kept.why)
    words = report.summary(dry_run=dry_run)
    log.info("%s", words)
    if report.removed and not dry_run:
        with catalog.transaction() as connection:
            note_event(connection, "housekeeping", "cleaned", None, words)
    return report


def read_retention(beamlines_directory: Path) -> Retention:
    """Read how long run directories are kept.

    While a beamline's file cannot be read, nothing is removed of beamlines without one: it may be theirs.
    """
    beamlines, faults = read_beamlines(beamlines_directory)
    return Retention(
        by_beamline={b.beamline: _days(b.keep_runs_days) for b in beamlines},
        otherwise=None if faults else _days(Beamline.model_fields["keep_runs_days"].default),
    )


def _days(days: float | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)
