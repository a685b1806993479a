"""Follow a collection's runs until they have ended."""

import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from beamloop.catalog.results import SweepResult
from beamloop.errors import CatalogUnavailableError
from beamloop.records.outcome import OutcomeCode
from beamloop.records.parameters import STEPS

POLL_S = 1.0
# Where there is no terminal, a line is printed when something has changed, but not more often.
QUIET_LINE_S = 10.0

Results = Sequence[SweepResult]


def follow(console: Console, read: Callable[[], Results], *, expected_sweeps: int = 0) -> Results:
    """Show progress until every sweep has its outcome.

    Parameters
    ----------
    console
        Where to.
    read
        Reads the present results.
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
            results = _patient(read)
            line = describe(results)
            done = sum(len(STEPS) if result.outcome else len(result.steps_done) for result in results)
            total = max(len(results), expected_sweeps) * len(STEPS)
            progress.update(bar, description=line, completed=done, total=total or None)
            if not console.is_terminal and line != last_line and time.monotonic() - last_at > QUIET_LINE_S:
                console.print(f"{line}, {done} of {total} steps", highlight=False)
                last_line, last_at = line, time.monotonic()
            if len(results) >= max(1, expected_sweeps) and all(result.outcome for result in results):
                return results
            time.sleep(POLL_S)


def _patient(read: Callable[[], Results]) -> Results:
    """Read; a database that is away for a while is waited for, as the tasks do."""
    try:
        return read()
    except CatalogUnavailableError:
        return ()


def describe(results: Results) -> str:
    """Say in one line how the sweeps stand: "7 processed, 1 without result, 2 at work, 2 waiting"."""
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
    return ", ".join(f"{count} {words}" for count, words in parts if count) or "waiting for images"
