"""What the pages Collections and Collection cost with 5000 sweeps in a collection and 100 000 in all.

    .venv/bin/python -m tests.benchmarks.page_times

CPU time of this process and of the backend of PostgreSQL together, so that other work on the machine does not
count; the least of three. Half a minute of CPU for filling the catalogue.
"""

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from time import process_time

from tests.services.large_catalogue import fill, publish
from tests.services.postgres_server import TEMPLATE, running_postgres

from beamloop.catalog.connection import Catalog, Connection
from beamloop.catalog.isomorphism import newest_report
from beamloop.catalog.page_collection import (
    SweepWish,
    collection_counts,
    collection_sweeps,
    list_collections,
    report_is_due,
)
from beamloop.catalog.page_report import crystals_of_report, groups_listed
from beamloop.records.identifiers import CollectionId
from beamloop.settings import StoreSettings
from beamloop.storage.opening import open_store

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
TRIES = 3
ROUNDS = 10  # the kernel counts a backend's time in hundredths of a second


def main() -> None:
    """Fill a catalogue and print what each question costs."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with running_postgres(Path(folder) / "state") as server:
            server.execute(f"CREATE DATABASE large TEMPLATE {TEMPLATE}")
            with Catalog(server.dsn("large")) as catalog:
                collection_id = fill(catalog, first=5000, others=1000, collections=96)
                publish(
                    catalog, open_store(StoreSettings(directory=Path(folder) / "artifacts")), collection_id
                )
                with catalog.transaction() as connection:
                    measure(connection, collection_id)


def measure(connection: Connection, collection_id: CollectionId) -> None:
    """Print the cost of each question."""
    header = newest_report(connection, collection_id)
    assert header is not None
    report_id = header.report_id

    def sweeps(**wish: object) -> Callable[[], object]:
        asked = SweepWish(**wish)  # type: ignore[arg-type]
        return lambda: [
            asdict(row) for row in collection_sweeps(connection, collection_id, report_id, asked)[0]
        ]

    questions: dict[str, Callable[[], object]] = {
        "all collections": lambda: list_collections(connection, text=None, beamline=None, limit=25, offset=0),
        "sweeps by name": sweeps(),
        "sweeps by a, the last page": sweeps(order="a", down=True, offset=4950),
        "sweeps without a lattice": sweeps(state="no_lattice"),
        "sweeps of a name": sweeps(text="99"),
        "how a collection stands": lambda: (
            collection_counts(connection, collection_id),
            groups_listed(connection, report_id),
            report_is_due(connection, collection_id, report_id),
        ),
        "crystals of a report": lambda: json.dumps(
            [[one.serial, one.sweep, one.common_cell] for one in crystals_of_report(connection, report_id)]
        ),
    }  # fmt: skip
    for words, question in questions.items():
        print(f"{words:30s} {min(cost_ms(connection, question) for _ in range(TRIES)):6.0f} ms")  # noqa: T201


def cost_ms(connection: Connection, question: Callable[[], object]) -> float:
    """Return the mean CPU time of a question, ours and the backend's, in ms."""
    pid = connection.info.backend_pid
    began = process_time() + backend_cpu_s(pid)
    for _ in range(ROUNDS):
        question()
    return (process_time() + backend_cpu_s(pid) - began) / ROUNDS * 1000


def backend_cpu_s(pid: int) -> float:
    """Return user and system time of a process on this machine, in seconds."""
    # The numbers follow the name, which is in brackets.
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) * TICK_S


if __name__ == "__main__":
    main()
