"""Airflow's answers about connections and variables, kept for a while by the worker that asked for them.

A step of a sweep asks for three connections and four variables, and most of what the API server does for a
task is to answer that (decision 28). They hardly ever change.
"""

import time
from collections.abc import Callable
from typing import Any

# A changed password or path is noticed after so long; tasks that fail in between are tried again later.
KEPT_S = 60.0


def ask_seldom() -> None:
    """Let the supervisors of this process ask anew only what has not been answered for a while."""
    from airflow.sdk.api.client import ConnectionOperations, VariableOperations
    from airflow.sdk.api.datamodels._generated import ConnectionResponse, VariableResponse

    ConnectionOperations.get = remembered(ConnectionOperations.get, ConnectionResponse)  # type: ignore[method-assign,assignment]
    VariableOperations.get = remembered(VariableOperations.get, VariableResponse)  # type: ignore[method-assign,assignment]


def remembered(
    ask: Callable[[Any, str], Any], answered: type, *, clock_s: Callable[[], float] = time.monotonic
) -> Callable[[Any, str], Any]:
    """Return a way to ask that repeats an answer which is not older than :data:`KEPT_S`.

    Parameters
    ----------
    ask
        Asks Airflow's API by name, as a method of its client.
    answered
        Type of an answer that may be kept: "there is none" and "not allowed" are asked again.
    clock_s
        Seconds that never go back.
    """
    kept: dict[str, tuple[float, Any]] = {}

    def get(operations: Any, name: str) -> Any:
        asked_at_s, answer = kept.get(name, (0.0, None))
        if answer is None or clock_s() - asked_at_s > KEPT_S:
            asked_at_s, answer = clock_s(), ask(operations, name)
            if not isinstance(answer, answered):
                kept.pop(name, None)
                return answer
            kept[name] = (asked_at_s, answer)
        return answer

    return get
