"""Which executor runs Airflow's tasks on one machine."""

from beamloop.errors import InvalidInputError

LEAN, STOCK = "lean", "stock"


def executor_settings(name: str) -> dict[str, dict[str, str]]:
    """Return Airflow's settings for an executor, by section and option.

    Parameters
    ----------
    name
        "lean", Beamloop's `plugins/lean_executor.py`, or "stock", Airflow's LocalExecutor.

    Raises
    ------
    InvalidInputError
        When it is neither.
    """
    if name not in (LEAN, STOCK):
        raise InvalidInputError(
            f"BEAMLOOP_EXECUTOR is {name!r}.", try_next='Set it to "lean" or "stock"; "lean" is the default.'
        )
    if name == STOCK:
        return {"core": {"executor": "LocalExecutor"}}
    return {
        "core": {"executor": "lean_executor.LeanExecutor"},
        # The executor itself waits between two passes, up to a second, and ends its wait with a task. The
        # scheduler would not notice a task's end in this sleep.
        "scheduler": {"scheduler_idle_sleep_time": "0.01"},
        # The executor sees the end of a task without it: what is left of this is how often Airflow hears that
        # a task lives, and how soon a task hears that a person has ended it.
        "workers": {"min_heartbeat_interval": "5"},
    }
