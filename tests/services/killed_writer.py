"""A writer that is killed in the middle, for tests: run in a process of its own."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import urllib3

from beamloop.settings import StoreSettings
from beamloop.storage import open_store
from beamloop.storage.s3_store import S3Store
from beamloop.storage.s3_writing import SMALLEST_PART_BYTES


def put_and_be_killed(
    settings: StoreSettings, key: str, source: Path, owner: str, function: str, call: int
) -> None:
    """Store a file, and die by SIGKILL just before the `call`-th call of a function.

    Parameters
    ----------
    owner, function
        ("os", "symlink") or ("http", "urlopen"): what is counted.
    call
        From 1; when there are fewer calls, the writer comes to its end.
    """
    store = open_store(settings)
    if settings.endpoint:
        # So that a small file has several parts.
        store = S3Store(settings, largest_whole_bytes=SMALLEST_PART_BYTES, part_bytes=SMALLEST_PART_BYTES)
    target: Any = {"os": os, "http": urllib3.HTTPConnectionPool}[owner]
    setattr(target, function, dying(getattr(target, function), call))
    store.put(key, source)


def dying(function: Callable[..., Any], call: int) -> Callable[..., Any]:
    """Wrap a function so that its `call`-th call kills this process."""
    calls = 0

    def wrapper(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)

    return wrapper
