# ruff: noqa: SLF001 - Airflow has no public way to what is changed here
"""Airflow's LocalExecutor with less waiting and with less done in every task's process anew.

Measured in decision 28. What is changed of Airflow's private parts was read in, and is done with, one version
only; any other version is used as it is. `BEAMLOOP_EXECUTOR=stock` chooses the LocalExecutor itself.
"""

import logging
import time
from importlib.metadata import version
from typing import Any

from airflow.executors.local_executor import LocalExecutor
from airflow.models.taskinstancekey import TaskInstanceKey

from certain_tasks import ask_nothing_of_certain_tasks
from ended_tasks import note_ends_of_tasks_only
from instances_of_run import load_run_once
from kept_client import keep_client
from kept_processes import keep_task_processes
from known_versions import remember_newest_versions
from lean_supervisor import supervise_leanly
from parsed_dags import share_parsed_dags
from quiet_runs import RunsWithNews, look_at_runs_with_news
from rare_collections import collect_rarely
from ready_tasks import ask_only_of_hopeful_tasks
from remembered_answers import ask_seldom
from remembered_results import remember_results
from seldom_looks import Looks, look_seldom_for_new_runs
from stuck_runs import ask_first_of_tasks_at_work
from task_start import configure_logs_at_once, import_for_tasks, make_for_tasks, share_type_adapters
from work_of_workers import WorkOfWorkers

log = logging.getLogger("beamloop.lean_executor")

READ_IN = "3.3.2"
# Between two passes of the scheduler in which no task has ended; a new request waits for the next one. A pass
# costs little at rest (`resting_scheduler.py`), but not while tasks are at work.
LONGEST_WAIT_S = 1.5
# Tasks that end together are one pass.
GATHER_S = 0.02


class LeanExecutor(LocalExecutor):
    """A LocalExecutor whose tasks start and end faster."""

    _looks: Looks | None = None
    _news: RunsWithNews | None = None
    _work: WorkOfWorkers | None = None

    def start(self) -> None:
        """Prepare what the workers share with this process, then fork them."""
        if version("apache-airflow") == READ_IN:
            self._news = look_at_runs_with_news()
            self._looks = look_seldom_for_new_runs()
            self._work = WorkOfWorkers()
            note_ends_of_tasks_only()
            remember_newest_versions()
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
        wait_s = self._looks.left_s(LONGEST_WAIT_S) if self._looks else LONGEST_WAIT_S
        deadline_s = time.monotonic() + wait_s
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

    def _spawn_workers_with_gc_freeze(self, spawn_number: int) -> None:
        """Fork workers; what Airflow has kept from Python's collector meanwhile is kept from it again."""
        super()._spawn_workers_with_gc_freeze(spawn_number)  # type: ignore[no-untyped-call] # Airflow's
        if self._work:
            collect_rarely()

    def _check_workers(self) -> None:
        if self._work:
            self._work.forget([pid for pid, worker in self.workers.items() if not worker.is_alive()])
        super()._check_workers()  # type: ignore[no-untyped-call]
