"""Look again and again, in one process, and have everything that is to do started once."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from beamloop.catalog.connection import Catalog
from beamloop.errors import BeamloopError
from beamloop.watch.work import DagWork, look_for_work

log = logging.getLogger(__name__)

# A look at a few folders takes 2 ms of one core.
SHORTEST_PAUSE_S = 1.0
# Where there are so many folders that a look takes long, the pauses grow with it: a look takes at most a
# twentieth of the time, until the pause is as long as a person would still call prompt.
PAUSE_PER_LOOK = 20.0
LONGEST_PAUSE_S = 20.0

Start = Callable[[DagWork], None]


@dataclass(frozen=True, slots=True)
class LookResult:
    """What one look leaves to do."""

    not_started: tuple[DagWork, ...]  # work without a DAG run that could not be started
    pause_s: float  # until the next look


class Watcher:
    """Looks when told to, and remembers only what it has started and said.

    What it forgets with its process does no harm: work is started under the same name again, which is no
    second run, and a sentence is said twice.

    Parameters
    ----------
    beamlines_directory
        Folder of the beamlines' YAML files.
    catalog
        Where work, and what was seen, are kept.
    dials_version
        Returns the version of the DIALS that will do the work, e.g. "3.12.1".
    start
        Starts the DAG run of some work, if there is none of its name; raises a BeamloopError where it cannot.
    """

    def __init__(
        self,
        beamlines_directory: Path,
        catalog: Catalog,
        dials_version: Callable[[], str],
        start: Start,
    ) -> None:
        self._beamlines_directory = beamlines_directory
        self._catalog = catalog
        self._dials_version = dials_version
        self._start = start
        self._started: set[str] = set()
        self._said: set[str] = set()
        self._saying: set[str] = set()

    def look(self) -> LookResult:
        """Look at every beamline's folders once, and start what waits.

        Raises
        ------
        CatalogUnavailableError
            When the database does not answer.
        InvalidInputError
            When there is no DIALS.
        """
        began_s = time.monotonic()
        self._saying = set()
        version = self._dials_version()
        work = look_for_work(self._beamlines_directory, self._catalog, version, say=self._say)
        # What a DAG run has taken up is forgotten.
        self._started &= {piece.dag_run_id for piece in work}
        left = self._start_each([piece for piece in work if piece.dag_run_id not in self._started])
        self._said = self._saying
        pause_s = PAUSE_PER_LOOK * (time.monotonic() - began_s)
        return LookResult(tuple(left), min(max(pause_s, SHORTEST_PAUSE_S), LONGEST_PAUSE_S))

    def _start_each(self, work: list[DagWork]) -> list[DagWork]:
        """Start one after the other, up to the first that cannot be started; return that and the rest."""
        for number, piece in enumerate(work):
            try:
                self._start(piece)
            except BeamloopError as error:
                self._say(str(error))
                return work[number:]
            self._started.add(piece.dag_run_id)
        return []

    def _say(self, words: str) -> None:
        """Write what stands in the way into the log, once for as long as it does."""
        if words not in self._said | self._saying:
            log.warning("%s", words)
        self._saying.add(words)
