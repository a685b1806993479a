"""How the platform is: catalogue, store, Airflow's programs, room on the disk. Looks, never changes."""

import shutil
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswerError
from dataclasses import dataclass
from functools import cache

from airflow.api.common.airflow_health import get_airflow_health
from airflow.models.dag import DagModel
from airflow.utils.session import create_session

from airflow_services import run_root, store_settings
from beamloop.catalog.watched import clock_s
from beamloop.errors import BeamloopError
from beamloop.storage.contract import ArtifactStore
from beamloop.storage.opening import open_store
from beamloop_ui.reading import transaction

# As `beamloop status` has it: below this there is room for small trials only.
COMFORTABLE_FREE_BYTES = 3_000_000_000
# The store proves itself by writing; many browsers must not make it write all the time.
STORE_LOOK_EVERY_S = 30.0
ANSWER_LIMIT_S = 5.0
AIRFLOW_PARTS = ("scheduler", "triggerer", "dag_processor")
NEEDED_DAGS = ("process_collection", "watch_collections", "tend_requests", "check_isomorphism")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str  # "Catalogue"
    is_well: bool
    words: str  # "answers in 3 ms"
    try_next: str = ""


def check_all() -> list[Check]:
    """Return how everything is; nothing here raises because something is away."""
    return [_catalogue(), _store(), *_airflow(), *_paused(), *_disk()]


def _catalogue() -> Check:
    began = time.monotonic()
    try:
        with transaction() as connection:
            clock_s(connection)
    except BeamloopError as error:
        return Check("Catalogue", False, error.what, error.try_next)
    took_ms = (time.monotonic() - began) * 1000
    # In steps, so that the page does not change with every look.
    return Check("Catalogue", True, "answers at once" if took_ms < 100 else "answers slowly")


class _StoreWatch:
    """Asks the store in a thread of its own: one that hangs must not hold up the page."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, "store-health")
        self._asked: Future[None] | None = None
        self._asked_at = 0.0

    def look(self) -> Check:
        """Return what the last question brought, asked again when that is old."""
        with self._lock:
            old = time.monotonic() - self._asked_at > STORE_LOOK_EVERY_S
            if self._asked is None or (old and self._asked.done()):
                self._asked, self._asked_at = self._thread.submit(self._ask), time.monotonic()
            asked = self._asked
        try:
            asked.result(ANSWER_LIMIT_S)
        except NoAnswerError:
            return Check("Store", False, f"The store has not answered within {ANSWER_LIMIT_S:.0f} s.")
        except BeamloopError as error:
            return Check("Store", False, error.what, error.try_next)
        return Check("Store", True, "can be written to")

    @staticmethod
    def _ask() -> None:
        store().check()


@cache
def store() -> ArtifactStore:
    """Return the artifact store of this process."""
    return open_store(store_settings())


_store_watch = _StoreWatch()


def _store() -> Check:
    return _store_watch.look()


def _airflow() -> list[Check]:
    report = get_airflow_health()
    checks = []
    for part in AIRFLOW_PARTS:
        is_well = report[part]["status"] == "healthy"
        words = "gives signs of life" if is_well else "gives no sign of life"
        name = f"Airflow's {part.replace('_', '-')}"
        checks.append(Check(name, is_well, words, "" if is_well else "`beamloop status`, then its log."))
    return checks


def _paused() -> list[Check]:
    with create_session() as session:
        dags = [session.get(DagModel, dag_id) for dag_id in NEEDED_DAGS]
        names = [dag.dag_id for dag in dags if dag is not None and dag.is_paused]
    if not names:
        return []
    return [Check("DAGs", False, f"Paused: {', '.join(names)}.", "Let them go on in Airflow's list of DAGs.")]


def _disk() -> list[Check]:
    try:
        free_bytes = shutil.disk_usage(run_root()).free
    except FileNotFoundError:
        return []  # the sweeps' work is on other machines
    words = f"{free_bytes / 1e9:.0f} GB free for the sweeps' work"
    return [
        Check("Disk", free_bytes >= COMFORTABLE_FREE_BYTES, words, "`beamloop clean` removes what may go.")
    ]
