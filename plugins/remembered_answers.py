"""Airflow's answers about connections and variables, kept for a while by all workers for all.

A step of a sweep asks for three connections and four variables, and most of what the API server does for a
task is to answer that (decision 28). They hardly ever change.
"""

import json
import time
import zlib
from collections.abc import Callable
from mmap import mmap
from struct import Struct
from typing import Any

from pydantic import TypeAdapter

# A changed password or path is noticed after so long; tasks that fail in between are tried again later.
KEPT_S = 60.0
ROOM_BYTES = 256 * 1024  # an answer has some 200 bytes; where there is no room, Airflow is asked each time
HEAD = Struct("=II")  # length and CRC of what follows

Answers = dict[str, tuple[float, str]]  # by name: seconds of the clock, and the answer as JSON


class SharedAnswers:
    """Answers in memory that the workers share, because they were forked after it was made.

    There is no lock, which a killed worker would keep: of two that write at once one is lost, and what is not
    whole is taken for nothing. Then Airflow is asked once more.
    """

    def __init__(self) -> None:
        self._memory = mmap(-1, ROOM_BYTES)

    def read(self) -> Answers:
        """Return what is known."""
        length, checksum = HEAD.unpack_from(self._memory)
        data = self._memory[HEAD.size : HEAD.size + length]
        return json.loads(data) if length and zlib.crc32(data) == checksum else {}

    def write(self, answers: Answers) -> None:
        """Replace what is known; where there is no room for it, nothing is."""
        data = json.dumps(answers).encode()
        if len(data) > ROOM_BYTES - HEAD.size:
            data = b""
        self._memory[HEAD.size : HEAD.size + len(data)] = data
        HEAD.pack_into(self._memory, 0, len(data), zlib.crc32(data))


def ask_seldom() -> None:
    """Let the supervisors of processes forked from here ask only what was not answered for a while."""
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
        Seconds that never go back, the same in all processes.
    """
    shared = SharedAnswers()
    form: TypeAdapter[Any] = TypeAdapter(answered)

    def get(operations: Any, name: str) -> Any:
        asked_at_s, kept = shared.read().get(name, (0.0, ""))
        if kept and clock_s() - asked_at_s <= KEPT_S:
            return form.validate_json(kept)
        asked_at_s, answer = clock_s(), ask(operations, name)
        known = {key: value for key, value in shared.read().items() if key != name}
        if isinstance(answer, answered):
            known[name] = asked_at_s, form.dump_json(answer, by_alias=True).decode()
        shared.write(known)
        return answer

    return get
