"""Looks at a beamline's folders with a real catalogue, at times of the test's own."""

from pathlib import Path

from psycopg2.extensions import cursor

from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import DagRequest, take_up
from beamloop.watch.scan import scan

NOW_S = 1_700_000_000.0  # seconds since 1970, by the catalogue's clock; no file's time is compared with it
QUIET_S = 60.0


def set_rules(folder: Path, *lines: str) -> None:
    text = "\n".join(("beamline: i24", "roots: [../data]", f"quiet_s: {QUIET_S}", *lines))
    (folder / "i24.yaml").write_text(text)


def look(beamlines: Path, catalog: Catalog, after_s: float = 0.0) -> list[DagRequest]:
    return scan(beamlines, catalog, "3.12.1", now_s=NOW_S + after_s)


def names(catalog: Catalog, requests: list[DagRequest]) -> list[str]:
    with catalog.transaction() as connection:
        return [name for request in requests for _, name in take_up(connection, request.request_id)]


def events(catalog: Catalog, kind: str) -> list[str]:
    with catalog.transaction() as connection, connection.cursor(cursor_factory=cursor) as rows:
        rows.execute("SELECT sentence FROM beamloop.events WHERE kind = %s ORDER BY event_id", (kind,))
        return [sentence for (sentence,) in rows]


def done(beamlines: Path, catalog: Catalog, from_s: float = 0.0) -> list[str]:
    """Look twice, a quiet period apart, and take up what is asked for."""
    look(beamlines, catalog, from_s)
    return names(catalog, look(beamlines, catalog, from_s + QUIET_S))
