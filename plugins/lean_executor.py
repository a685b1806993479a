# ruff: noqa: SLF001 - Airflow has no public way to what is changed here
"""Airflow's LocalExecutor with less waiting and with less done in every task's process anew.

Measured in decision 28. What is changed of Airflow's private parts was read in, and is done with, one version
only; any other version is used as it is. `BEAMLOOP_EXECUTOR=stock` chooses the LocalExecutor itself.
"""

import importlib
import logging
import time
from contextlib import suppress
from importlib.metadata import version
from typing import Any

from airflow.executors.local_executor import LocalExecutor
from airflow.models.taskinstancekey import TaskInstanceKey

from certain_tasks import ask_nothing_of_certain_tasks
from instances_of_run import load_run_once
from kept_client import keep_client
from kept_processes import keep_task_processes
from parsed_dags import share_parsed_dags
from quiet_runs import RunsWithNews, look_at_runs_with_news
from ready_tasks import ask_only_of_hopeful_tasks
from remembered_answers import ask_seldom
from remembered_results import remember_results
from stuck_runs import ask_first_of_tasks_at_work
from task_start import configure_logs_at_once, make_for_tasks
from work_of_workers import WorkOfWorkers

log = logging.getLogger("beamloop.lean_executor")

READ_IN = "3.3.2"
# Between two passes of the scheduler in which no task has ended; a new request waits for the next one. A pass
# costs little at rest (`resting_scheduler.py`), but not while tasks are at work.
LONGEST_WAIT_S = 1.5
# Tasks that end together are one pass.
GATHER_S = 0.02
# What the process of every task imports, and what every step of a sweep does: once, before the workers are
# forked. Great Expectations costs more than the check of isomorphism that it is imported for.
IN_EVERY_TASK = (
    "airflow.dag_processing.bundles.local",
    "airflow.dag_processing.dagbag",
    "airflow.providers.standard.decorators.python",
    "airflow.providers.standard.operators.trigger_dagrun",
    "airflow.sdk.definitions.asset.metadata",
    "airflow.sdk.definitions.decorators",
    "airflow.sdk.execution_time.cache",
    "airflow.sdk.execution_time.callback_runner",
    "airflow.sdk.execution_time.context",
    "airflow.sdk.execution_time.secrets.execution_api",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow_services",
    "beamloop.records.isomorphism",
    "beamloop.records.joint",
    "beamloop.records.metrology",
    "beamloop.services",
    "beamloop.storage.opening",
    "beamloop.sweep.stage",
    "beamloop.watch.work",
    "great_expectations",
    "jinja2.ext",
)


class LeanExecutor(LocalExecutor):
    """A LocalExecutor whose tasks start and end faster."""

    _news: RunsWithNews | None = None
    _work: WorkOfWorkers | None = None

    def start(self) -> None:
        """Prepare what the workers share with this process, then fork them."""
        if version("apache-airflow") == READ_IN:
            self._news = look_at_runs_with_news()
            self._work = WorkOfWorkers()
            load_run_once()
            ask_nothing_of_certain_tasks()
            ask_only_of_hopeful_tasks()
            ask_first_of_tasks_at_work()
            share_type_adapters()
            supervise_leanly()
            ask_seldom()
            remember_results()
            import_for_tasks()
            configure_logs_at_once()
            make_for_tasks()
            share_parsed_dags()
            keep_client()
            keep_task_processes()
        else:
            log.warning("Airflow is not %s: tasks are run as its LocalExecutor does.", READ_IN)
        super().start()

    def sync(self) -> None:
        """Take results up, and let the scheduler look again when there may be something to see.

        The scheduler looks at every unfinished task in each pass, and starts the next one of a sweep only
        then: at once when a task has ended, and not while work waits in the queue, for that is enough.
        """
        deadline_s = time.monotonic() + LONGEST_WAIT_S
        wait_s = LONGEST_WAIT_S
        # multiprocessing's queue has no other way to wait for a while.
        while self.result_queue._reader.poll(wait_s):  # type: ignore[attr-defined]
            self._read_results()  # type: ignore[no-untyped-call] # Airflow's
            left_s = deadline_s - time.monotonic()
            wait_s = max(0.0, left_s if self._unread_messages.value else min(left_s, GATHER_S))
        super().sync()

    def change_state(self, key: Any, state: Any, info: Any = None, remove_running: bool = True) -> None:
        """Take up what became of a task; its run has news then."""
        if self._news and isinstance(key, TaskInstanceKey):
            self._news.note(key.dag_id, key.run_id)
        if self._work and state != "running":
            self._work.note_end(key)
        super().change_state(key, state, info, remove_running)

    def _spawn_worker(self) -> None:
        """Fork a worker that reads from an inbox of its own."""
        if not self._work:
            super()._spawn_worker()  # type: ignore[no-untyped-call] # Airflow's
            return
        self.activity_queue = inbox = self._work.make_inbox()
        super()._spawn_worker()  # type: ignore[no-untyped-call]
        self.activity_queue = self._work  # type: ignore[assignment] # it has what the executor asks of it
        self._work.add(next(reversed(self.workers)), inbox)

    def _check_workers(self) -> None:
        if self._work:
            self._work.forget([pid for pid, worker in self.workers.items() if not worker.is_alive()])
        super()._check_workers()  # type: ignore[no-untyped-call]


def import_for_tasks() -> None:
    """Import what tasks need; a task imports by itself, and says so, what cannot be imported here."""
    for name in IN_EVERY_TASK:
        with suppress(ImportError):
            importlib.import_module(name)
    from airflow.sdk.listener import get_listener_manager

    # Reads the plugins folder, Beamloop's pages with it.
    get_listener_manager()


def share_type_adapters() -> None:
    """Build pydantic's adapters once: they are built twice in every task's process otherwise."""
    from airflow.sdk.execution_time import comms, task_runner
    from pydantic import TypeAdapter

    # By identity: annotated types cannot all be hashed. The types are kept with their adapters.
    known: dict[int, tuple[Any, TypeAdapter[Any]]] = {}

    def adapter_of(kind: Any) -> TypeAdapter[Any]:
        if id(kind) not in known:
            known[id(kind)] = (kind, TypeAdapter(kind))
        return known[id(kind)][1]

    for module in (comms, task_runner):
        module.TypeAdapter = adapter_of  # type: ignore[attr-defined]
    adapter_of(comms.ToTask)


def supervise_leanly() -> None:
    """Let a supervisor see the end of its task at once, and say that the task lives when that is news."""
    from airflow.sdk.execution_time.supervisor import ActivitySubprocess

    started = ActivitySubprocess._on_child_started
    serviced = ActivitySubprocess._service_subprocess

    def on_child_started(self: Any, **details: Any) -> None:
        started(self, **details)
        # The server has just been told of the start.
        self._last_heartbeat_attempt = time.monotonic()

    def service_subprocess(self: Any, max_wait_time: float, **expected: Any) -> Any:
        if not self._open_sockets:
            # Nothing is left to hear: the wait below would last `min_heartbeat_interval`, however soon the
            # process ends.
            with suppress(self._process.TimeoutExpired):
                self._process.wait(timeout=max_wait_time)
            max_wait_time = 0.0
        return serviced(self, max_wait_time, **expected)

    ActivitySubprocess._on_child_started = on_child_started  # type: ignore[method-assign]
    ActivitySubprocess._service_subprocess = service_subprocess  # type: ignore[method-assign,assignment]
