"""Read the DAG files once, before the workers are forked, instead of in every task's process.

Airflow 3.3.2 reads a task's DAG file in the task's process: a third of what an empty task needs there.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# By path below the folder: when it was written, and how many bytes it has.
FileStates = dict[str, tuple[int, int]]


def share_parsed_dags() -> None:
    """Let tasks find the DAGs of Airflow's folder parsed, as long as no file in it has changed."""
    from airflow import settings
    from airflow.dag_processing import dagbag

    dagbag.BundleDagBag = parsed_before(dagbag.BundleDagBag, Path(settings.DAGS_FOLDER))  # type: ignore[assignment,misc]


def parsed_before(read: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    """Read all DAG files of a folder; return a way to read a file that returns what is known already.

    A file that cannot be read is left to the tasks, which say so. Once a file of the folder has changed,
    every task reads its own anew, and the modules beside it.

    Parameters
    ----------
    read
        Airflow's `BundleDagBag`.
    folder
        Of the DAG files.
    """
    before = file_states(folder)
    bags: dict[str, Any] = {}
    with signals_kept():
        for name in before:
            path = str(folder / name)
            # As a task reads it.
            bag = read(dag_folder=path, safe_mode=False, load_op_links=False, bundle_path=folder)
            if bag.dags and not bag.import_errors:
                bags[path] = bag

    def read_if_new(*, dag_folder: str, **how: Any) -> Any:
        if dag_folder in bags and file_states(folder) == before:
            return bags[dag_folder]
        forget_modules(folder)
        return read(dag_folder=dag_folder, **how)

    return read_if_new


def file_states(folder: Path) -> FileStates:
    """Return what tells a changed file of a folder."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        status = path.stat()
        found[str(path.relative_to(folder))] = (status.st_mtime_ns, status.st_size)
    return found


def forget_modules(folder: Path) -> None:
    """Let modules of a folder be imported anew."""
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(f"{folder}{os.sep}"):
            del sys.modules[name]


@contextmanager
def signals_kept() -> Iterator[None]:
    """Put the answers to signals back: reading a DAG file leaves its own for a crash and for a time-out."""
    numbers = (signal.SIGALRM, signal.SIGSEGV)
    answers = [signal.getsignal(number) for number in numbers]
    try:
        yield
    finally:
        for number, answer in zip(numbers, answers, strict=True):
            signal.signal(number, answer)
