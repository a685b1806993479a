"""The catalogue as the pages read it: a bounded number of connections, short transactions."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from airflow_services import connect_catalog
from beamloop.catalog.connection import Catalog, Connection

# The api-server answers forty requests at once in its threads; the others wait for a connection here.
CONNECTIONS = 8
_slots = threading.BoundedSemaphore(CONNECTIONS)


@cache
def catalog() -> Catalog:
    """Return the catalogue of this process, for what opens its transactions by itself."""
    return connect_catalog(CONNECTIONS)


@contextmanager
def transaction() -> Iterator[Connection]:
    """Lend a connection to the catalogue; commit at the end.

    Raises
    ------
    CatalogUnavailableError
        When the database does not answer: the page says so and tries again.
    """
    with _slots, catalog().transaction() as connection:
        yield connection


def forget() -> None:
    """Close the connections; the next question opens new ones, wherever the catalogue is then."""
    if catalog.cache_info().currsize:
        catalog().close()
        catalog.cache_clear()
