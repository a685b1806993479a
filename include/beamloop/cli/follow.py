"""Follow a collection's runs until they and their second chances have ended."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from beamloop.catalog.connection import Catalog
from beamloop.catalog.requests import has_open_request
from beamloop.catalog.results import SweepResult, results_of_collection
from beamloop.errors import CatalogUnavailableError
from beamloop.records.identifiers import CollectionId, RequestId
from beamloop.records.outcome import OutcomeCode
from beamloop.records.parameters import STEPS

POLL_S = 1.0
# A large collection is read less often: the answer costs the machine that does the work.
POLL_S_PER_SWEEP = 0.01
LONGEST_POLL_S = 10.0
# Where there is no terminal, a line is printed when something has changed, but not more often.
QUIET_LINE_S = 10.0

Results = Sequence[SweepResult]


@dataclass(frozen=True, slots=True)
class Standing:
    """How sweeps stand at one moment."""

    results: Results
    has_open_request: bool = True  # a sweep with its outcome may still get a second chance


def read_standing(
    catalog: Catalog, collection_id: CollectionId, request_id: RequestId | None = None
) -> Standing:
    """Read how a collection's sweeps stand, or those of one of its requests."""
    with catalog.transaction() as connection:
        # In this order: what is read after the last request has ended is final.
        is_open = has_open_request(connection, collection_id, request_id)
        return Standing(results_of_collection(connection, collection_id, request_id), is_open)


def follow(console: Console, read: Callable[[], Standing], *, expected_sweeps: int = 0) -> Results:
    """Show progress until every sweep has its outcome and no request may give it a second chance.

    Parameters
    ----------
    console
        Where to.
    read
        Reads how the sweeps stand at present.
    expected_sweeps
        Go on at least until so many sweeps are there.

    Returns
    -------
    sequence of SweepResult
        The last ones read.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("steps"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("waiting", total=None)
        last_line, last_at = "", 0.0
        while True:
            standing = _patient(read)
            results = standing.results
            line = describe(standing)
            done = sum(len(STEPS) if result.outcome else len(result.steps_done) for result in results)
            total = max(len(results), expected_sweeps) * len(STEPS)
            progress.update(bar, description=line, completed=done, total=total or None)
            if not console.is_terminal and line != last_line and time.monotonic() - last_at > QUIET_LINE_S:
                console.print(f"{line}, {done} of {total} steps", highlight=False)
                last_line, last_at = line, time.monotonic()
            complete = len(results) >= max(1, expected_sweeps) and all(result.outcome for result in results)
            if complete and not standing.has_open_request:
                return results
            time.sleep(pause_s(len(results)))


def pause_s(sweeps: int) -> float:
    """Return how long to wait before so many sweeps are read again, in s."""
    return min(max(POLL_S, sweeps * POLL_S_PER_SWEEP), LONGEST_POLL_S)


def _patient(read: Callable[[], Standing]) -> Standing:
    """Read; a database that is away for a while is waited for, as the tasks do."""
    try:
        return read()
    except CatalogUnavailableError:
        return Standing(())


def describe(standing: Standing) -> str:
    """Say in one line how the sweeps stand: "7 processed, 1 without result, 2 at work, 2 waiting"."""
    results = standing.results
    ended = [result.outcome.code for result in results if result.outcome]
    processed = ended.count(OutcomeCode.PROCESSED)
    at_work = sum(1 for result in results if not result.outcome and result.started_at)
    waiting = len(results) - len(ended) - at_work
    parts = (
        (processed, "processed"),
        (len(ended) - processed, "without result"),
        (at_work, "at work"),
        (waiting, "waiting"),
    )
    words = ", ".join(f"{count} {words}" for count, words in parts if count) or "waiting for images"
    closing = results and len(ended) == len(results) and standing.has_open_request
    return f"{words}, looking for second chances" if closing else words
