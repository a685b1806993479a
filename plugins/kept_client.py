# ruff: noqa: SLF001 - Airflow has no public way to what is changed here
"""Let a worker keep its client of Airflow's API from one task to the next.

Airflow 3.3.2 makes a client, a connection and all that a client consists of, for each task.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpx

# Less than the two minutes after which Airflow's server closes a connection that nobody uses: a request that
# meets this is tried again a second later.
KEPT_S = 30.0


def keep_client() -> None:
    """Let the workers forked from here keep their clients."""
    from airflow.sdk.execution_time import supervisor

    supervisor._ensure_client = kept_client(supervisor._ensure_client)  # type: ignore[assignment]


def kept_client(
    ensure: Callable[..., AbstractContextManager[Any]],
) -> Callable[..., AbstractContextManager[Any]]:
    """Return a way to have a client that makes one for each server, and gives it the next task's token.

    Parameters
    ----------
    ensure
        Airflow's own way, which is left to make all other kinds of clients.
    """
    from airflow.sdk.api.client import BearerAuth, Client

    kept: dict[str, Client] = {}

    @contextmanager
    def ensure_kept(
        server: str | None, token: str, client: Client | None = None, dry_run: bool = False
    ) -> Iterator[Client]:
        if client or dry_run or not server:
            with ensure(server, token, client=client, dry_run=dry_run) as made:
                yield made
            return
        if server not in kept:
            limits = httpx.Limits(max_keepalive_connections=1, max_connections=10, keepalive_expiry=KEPT_S)
            kept[server] = Client(base_url=server, limits=limits, token=token)
        # The server may have renewed the last task's token, which the client then uses.
        kept[server].auth = BearerAuth(token)
        yield kept[server]

    return ensure_kept
