"""Airflow's log files on this machine: of runs that are long over, and of days long past."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

from beamloop.housekeeping.trees import opened, remove_tree, size_below, subfolders, take_away

# As Airflow's defaults name them: dag_id=process_collection/run_id=plate3-1f0c9a.4be1c2f09a33/task_id=...
DAG, RUN = "dag_id=", "run_id="
# What reading the DAG files said, a folder for each day.
OF_DAG_FILES = "dag_processor"


def trim_logs(folder: Path, before: Mapping[str, datetime], *, dry_run: bool) -> tuple[int, int]:
    """Remove the log folders of runs in which nothing was written for long.

    Parameters
    ----------
    folder
        Airflow's folder of logs.
    before
        By DAG, when its last line must have been written, UTC; logs of other DAGs stay.
    dry_run
        Only count.

    Returns
    -------
    tuple of int
        How many folders, and their bytes.

    Raises
    ------
    OSError
        When the file system refuses.
    """
    if not folder.is_dir():
        return 0, 0
    sizes = []
    with opened(folder) as top:
        for place in subfolders(top):
            with opened(place, top) as parent:
                for name in list(_old(parent, place, before)):
                    sizes.append(size_below(parent, name))
                    if not dry_run:
                        remove_tree(parent, take_away(parent, name))
    return len(sizes), sum(sizes)


def _old(parent: int, place: str, before: Mapping[str, datetime]) -> Iterator[str]:
    """Yield the names of folders that go, in an open one of this name."""
    if place == OF_DAG_FILES and before:
        oldest = min(before.values()).date()
        yield from (name for name in subfolders(parent) if _is_day_before(name, oldest))
    moment = before.get(place.removeprefix(DAG)) if place.startswith(DAG) else None
    if moment is not None:
        for name in subfolders(parent):
            if name.startswith(RUN) and _last_written(parent, name) < moment:
                yield name


def _is_day_before(name: str, day: date) -> bool:
    with suppress(ValueError):
        return date.fromisoformat(name) < day
    return False


def _last_written(parent: int, name: str) -> datetime:
    """Return when the newest thing in a folder was written; its own time tells of new names in it."""
    newest_s = 0.0
    with opened(name, parent) as folder:
        for _, _, files, descriptor in os.fwalk(".", dir_fd=folder, follow_symlinks=False):
            newest_s = max(newest_s, os.fstat(descriptor).st_mtime)
            for file in files:
                with suppress(FileNotFoundError):
                    status = os.stat(file, dir_fd=descriptor, follow_symlinks=False)
                    newest_s = max(newest_s, status.st_mtime)
    return datetime.fromtimestamp(newest_s, UTC)
