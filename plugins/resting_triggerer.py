"""Let Airflow's triggerer ask the database once a second instead of seven times.

Airflow 3.3.2 looks each second for triggers that nobody runs, in four statements, for those that are its own,
and for those that nobody needs any more, in two more, each time in a transaction of its own.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

# What nobody needs is what a person has made an end of: a trigger that has given its event is cleared away at
# once. Until then it runs on, and what it says is not heard.
CLEAN_AFTER_S = 10.0
# Airflow measures ten times a second whether a trigger holds up the others.
WATCH_S = 0.5


def ask_for_triggers_at_once() -> None:
    """Ask for all triggers in one statement; where each one is this triggerer's, that is all to know."""
    from airflow.jobs.triggerer_job_runner import TriggerRunner, TriggerRunnerSupervisor

    load = TriggerRunnerSupervisor.load_triggers

    def load_triggers(self: Any) -> None:
        own = own_triggers(self)
        if own is None:
            load(self)
        else:
            self.update_triggers(own)

    TriggerRunnerSupervisor.load_triggers = load_triggers  # type: ignore[method-assign]
    clean_when_due(TriggerRunnerSupervisor)
    TriggerRunner.block_watchdog = watch_for_blocking  # type: ignore[method-assign]


def own_triggers(supervisor: Any) -> set[int] | None:
    """Return the triggers to run, None where Airflow has to sort out whose they are.

    Parameters
    ----------
    supervisor
        The triggerer's `TriggerRunnerSupervisor`.
    """
    from airflow.configuration import conf

    # Triggers that are not for every triggerer.
    if supervisor.job is None or supervisor.queues or conf.getboolean("core", "multi_team"):
        return None
    found = all_triggers()
    if any((triggerer, queue) != (supervisor.job.id, None) for _, triggerer, queue in found):
        return None
    return {number for number, _, _ in found}


def all_triggers() -> Sequence[Any]:
    """Return number, triggerer and queue of each trigger; while the database is away, try again.

    Airflow's own clearing away does so too, which was what met a database that had gone, most of the time.
    """
    from airflow.models.trigger import Trigger
    from airflow.utils.retries import run_with_db_retries
    from airflow.utils.session import create_session

    def ask() -> Sequence[Any]:
        with create_session() as session:
            return session.execute(select(Trigger.id, Trigger.triggerer_id, Trigger.queue)).all()

    found: Sequence[Any] = run_with_db_retries()(ask)
    return found


def clean_when_due(supervisor: Any) -> None:
    """Let a triggerer clear away what nobody needs after an event or failure, else now and then.

    Parameters
    ----------
    supervisor
        The class `TriggerRunnerSupervisor`.
    """
    due_s = 0.0
    clean = supervisor.clean_unused

    def clean_unused(self: Any) -> None:
        nonlocal due_s
        if time.monotonic() >= due_s:
            clean(self)
            due_s = time.monotonic() + CLEAN_AFTER_S

    def then_clean(end: Any) -> Any:
        def ended(self: Any, **details: Any) -> None:
            nonlocal due_s
            # Before what may fail: the trigger is not to be made a second time.
            due_s = 0.0
            end(self, **details)

        return ended

    supervisor.clean_unused = clean_unused
    supervisor.on_trigger_event = then_clean(supervisor.on_trigger_event)
    supervisor.on_trigger_failure = then_clean(supervisor.on_trigger_failure)


async def watch_for_blocking(runner: Any) -> None:
    """Say when a trigger has held up the others for longer than Airflow's threshold."""
    while not runner.stop:
        began_s = time.monotonic()
        await asyncio.sleep(WATCH_S)
        late_s = time.monotonic() - began_s - WATCH_S
        if late_s > runner.blocked_main_thread_warning_threshold:
            await runner.log.ainfo(
                f"The triggerer was held up for {late_s:.2f} s, by a trigger that does not wait as it should."
            )
