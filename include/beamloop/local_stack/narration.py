"""Tell a person what is being done and how long it took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Narration:
    """Where the sentences go, e.g. a terminal's line printer."""

    note: Callable[[str], None]

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Time a block and tell its name and its wall time when it has ended well."""
        began_s = time.monotonic()
        yield
        self.note(f"{what}: {time.monotonic() - began_s:.1f} s")
