"""A whole Beamloop as a person meets it: commands, watched folders, the catalogue, Airflow's grid."""

import json
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extras import RealDictCursor
from tests.services.stack_commands import BEAMLOOP, StackCommands
from tests.services.task_instances import task_instances

from beamloop.catalog.connection import Catalog
from beamloop.catalog.runs import load_run
from beamloop.errors import NotFoundError
from beamloop.local_stack import load_stack_environment
from beamloop.local_stack.airflow_rest import AirflowClient
from beamloop.records.identifiers import RunId
from beamloop.records.parameters import STEPS
from beamloop.settings import StoreSettings
from beamloop.storage.contract import ArtifactStore
from beamloop.storage.opening import open_store

# Generous: a machine may be busy with other work. What takes longer has gone wrong.
PATIENCE_S = 300.0
POLL_S = 0.1
IMAGES = 4  # of each simulated sweep
# What a person would know of the sample. fft1d needs a third of the time of the default fft3d.
KNOWN = (
    *("--space-group", "H 3", "--unit-cell", "98.3,98.3,136.6,90,90,120"),
    *("--set", "index.indexing.method=fft1d"),
)
KNOWN_OF_SAMPLES = """\
settings: [index.indexing.method=fft1d]
samples:
  - {match: "*", space_group: H 3, unit_cell: "98.3,98.3,136.6,90,90,120"}
"""
BEAMLINE_FILE = f"""\
beamline: hutch
roots: [../hutch]
quiet_s: 2
{KNOWN_OF_SAMPLES}"""

Row = dict[str, Any]


@dataclass(frozen=True)
class Platform:
    """A started stack and ways to use it."""

    commands: StackCommands

    @property
    def state(self) -> Path:
        """The stack's state directory."""
        return self.commands.state

    @property
    def runs(self) -> Path:
        """Where the sweeps are worked on."""
        return self.state / "runs"

    @property
    def watched(self) -> Path:
        """Where the beamline `hutch` writes its collections."""
        return self.state / "hutch"

    @cached_property
    def variables(self) -> Mapping[str, str]:
        """The stack's `BEAMLOOP_*` variables."""
        return load_stack_environment(self.state)

    @cached_property
    def store(self) -> ArtifactStore:
        """The artifact store that the tasks write to."""
        return open_store(StoreSettings(directory=Path(self.variables["BEAMLOOP_ARTIFACTS"])))

    def ask(self, query: str, *values: object) -> list[Row]:
        """Ask the catalogue."""
        connection = psycopg2.connect(
            self.variables["BEAMLOOP_CATALOG_DSN"], cursor_factory=RealDictCursor, connect_timeout=60
        )
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query, values)
                return [dict(row) for row in cursor.fetchall()]
        finally:
            connection.close()

    def airflow(self) -> AirflowClient:
        """Log in to Airflow."""
        names = ("BEAMLOOP_AIRFLOW_URL", "BEAMLOOP_AIRFLOW_USER", "BEAMLOOP_AIRFLOW_PASSWORD")
        url, user, password = (self.variables[name] for name in names)
        return AirflowClient(url, user, password)

    def process(self, directory: Path, *options: str) -> Row:
        """Process a folder from the shell to its end; return the JSON document."""
        return finish(self.begin(directory, *options))

    def begin(self, directory: Path, *options: str) -> "subprocess.Popen[str]":
        """Start to process a folder from the shell."""
        return subprocess.Popen(
            [BEAMLOOP, "process", str(directory), *KNOWN, "--wait", "--json", *options],
            env=self.commands.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep Airflow from taking up requests: what is asked for meanwhile waits."""
        self._pause(True)
        try:
            yield
        finally:
            self._pause(False)

    def _pause(self, is_paused: bool) -> None:
        with self.airflow() as airflow:
            answer = airflow.call("PATCH", "/dags/process_collection", {"is_paused": is_paused})
        assert answer.is_success, answer.text

    def requests(self, directory: Path) -> list[str]:
        """Return the names of Airflow's runs for a folder, the oldest first."""
        found = self.ask(
            "SELECT dag_run_id FROM beamloop.requests r JOIN beamloop.collections c USING (collection_id)"
            " WHERE c.directory = %s ORDER BY r.request_id",
            str(directory),
        )
        return [row["dag_run_id"] for row in found]

    def run_ids(self, directory: Path) -> dict[str, int]:
        """Return the newest run of each sweep of a folder, by the sweep's name."""
        found = self.ask(
            "SELECT s.name, max(r.run_id) AS run_id FROM beamloop.runs r JOIN beamloop.sweeps s"
            " USING (sweep_id) JOIN beamloop.collections c USING (collection_id)"
            " WHERE c.directory = %s GROUP BY s.name",
            str(directory),
        )
        return {row["name"]: row["run_id"] for row in found}

    def outcomes(self, directory: Path) -> dict[str, tuple[str, str, str]]:
        """Return code, step and sentence of the newest run of each sweep, by the sweep's name."""
        runs = self.run_ids(directory)
        found = self.ask(
            "SELECT run_id, code, step, sentence FROM beamloop.outcomes WHERE run_id = ANY(%s)",
            list(runs.values()),
        )
        by_run = {row["run_id"]: (row["code"], row["step"], row["sentence"]) for row in found}
        return {sweep: by_run[run_id] for sweep, run_id in runs.items() if run_id in by_run}

    def wait_until_ended(self, directory: Path) -> None:
        """Wait until Airflow has ended every request for a folder."""
        ended = ("success", "failed")
        wait_for(
            "the end of all requests",
            lambda: all(self.dag_run_state(request) in ended for request in self.requests(directory)),
        )

    def last_trouble(self, directory: Path) -> str:
        """Return the words of the last transient error of a folder's only run, "" while there is none."""
        (run_id,) = self.run_ids(directory).values() or (0,)
        found = self.ask("SELECT last_trouble FROM beamloop.runs WHERE run_id = %s", run_id)
        return str(found[0]["last_trouble"]) if found else ""

    def steps_done(self, run_id: int) -> list[str]:
        """Return the recorded steps of a run, in their order."""
        found = self.ask("SELECT step FROM beamloop.steps WHERE run_id = %s", run_id)
        return sorted((row["step"] for row in found), key=STEPS.index)

    def run_directory(self, run_id: int) -> Path:
        """Return where a run is worked on."""
        with Catalog(self.variables["BEAMLOOP_CATALOG_DSN"]) as catalog, catalog.transaction() as connection:
            return self.runs / load_run(connection, RunId(run_id)).place

    def dag_run_state(self, dag_run_id: str) -> str:
        """Return what Airflow says of a request: queued, running, success, failed, or "" before all that."""
        with self.airflow() as airflow:
            try:
                return airflow.dag_run_state("process_collection", dag_run_id)
            except NotFoundError:
                return ""

    def call_dispatcher(self) -> dict[str, str]:
        """Let watch_collections run once, to its end; return the states of its tasks."""
        name = f"by_a_test_{uuid.uuid4()}"
        with self.airflow() as airflow:
            assert airflow.trigger("watch_collections", name, {})
            wait_for("the dispatcher", lambda: airflow.dag_run_state("watch_collections", name) == "success")
            tasks = task_instances(airflow, "watch_collections", name)
        return {task["task_id"]: task["state"] for task in tasks}

    def dag_runs(self, dag_id: str) -> list[str]:
        """Return the names of all runs of a DAG."""
        with self.airflow() as airflow:
            answer = airflow.call("GET", f"/dags/{dag_id}/dagRuns?limit=100").json()
        assert answer["total_entries"] <= 100
        return [run["dag_run_id"] for run in answer["dag_runs"]]

    def grid(self, dag_run_id: str) -> dict[str, dict[str, str]]:
        """Return what Airflow's grid shows of a request: the states of the six tasks by sweep."""
        return self._by_sweep(dag_run_id, "state")

    def tries(self, dag_run_id: str) -> dict[str, dict[str, int]]:
        """Return how often Airflow has tried the six tasks of each sweep."""
        return self._by_sweep(dag_run_id, "try_number")

    def weights(self, dag_run_id: str) -> dict[str, dict[str, int]]:
        """Return what the six tasks of each sweep weigh among those that wait."""
        return self._by_sweep(dag_run_id, "priority_weight")

    def _by_sweep(self, dag_run_id: str, field: str) -> dict[str, dict[str, Any]]:
        with self.airflow() as airflow:
            found = task_instances(airflow, "process_collection", dag_run_id)
        shown: dict[str, dict[str, Any]] = {}
        for instance in found:
            group, _, step = instance["task_id"].rpartition(".")
            if group == "sweep":
                shown.setdefault(instance["rendered_map_index"], {})[step] = instance[field]
        return shown


def finish(command: "subprocess.Popen[str]", exit_code: int = 0) -> Row:
    """Wait for a command to end as it should; return the JSON document that it has printed."""
    with command:
        out, said = command.communicate(timeout=PATIENCE_S)
    assert command.returncode == exit_code, said
    document: Row = json.loads(out)
    return document


def wait_for(what: str, look: Callable[[], Any], time_limit_s: float = PATIENCE_S) -> Any:
    """Look again and again until there is something true, and return it."""
    deadline = time.monotonic() + time_limit_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what}: not within {time_limit_s:.0f} s"
        time.sleep(POLL_S)
    return found


def deliver(images: Path, target: Path, sweeps: Mapping[str, str]) -> None:
    """Make sweeps appear in a folder, a new one or one that is there, all at once and long finished.

    Parameters
    ----------
    images
        The simulated images.
    target
        The folder.
    sweeps
        The simulated sweep behind each new name, e.g. {"first_1": "xtal1_1"}.
    """
    with tempfile.TemporaryDirectory(dir=images.parent) as folder:
        staging = Path(folder) / target.name
        staging.mkdir()
        for name, simulated in sweeps.items():
            for number in range(1, IMAGES + 1):
                # Hard links: the same bytes and times under another name.
                os.link(images / f"{simulated}_{number:05d}.cbf", staging / f"{name}_{number:05d}.cbf")
        if target.exists():
            for image in staging.iterdir():
                os.rename(image, target / image.name)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(staging, target)
