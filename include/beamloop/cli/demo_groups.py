"""Wait for a collection's report on isomorphism."""

import time

from beamloop.catalog.connection import Catalog
from beamloop.catalog.results import find_places
from beamloop.cli.groups_account import GroupsAccount, gather_groups

LOOK_EVERY_S = 1.0
# The watcher looks every second, and the report takes ten; a busy machine takes several times as long.
PATIENCE_S = 180.0


def wait_for_groups(catalog: Catalog, directory: str, patience_s: float = PATIENCE_S) -> GroupsAccount | None:
    """Return the newest report of a folder's collection as soon as it is of all that is processed.

    Parameters
    ----------
    catalog
        The catalogue.
    directory
        The collection's folder.
    patience_s
        After this, the report that is there, or None where there is none.
    """
    end_s = time.monotonic() + patience_s
    while True:
        with catalog.transaction() as connection:
            place = next(iter(find_places(connection, directory)), None)
            account = gather_groups(connection, place) if place else None
        if (account and account.is_current) or time.monotonic() > end_s:
            return account
        time.sleep(LOOK_EVERY_S)
