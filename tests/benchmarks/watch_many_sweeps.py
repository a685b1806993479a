"""What a look costs: `.venv/bin/python -m tests.benchmarks.watch_many_sweeps [SWEEPS] [FOLDERS]`.

Empty files in a temporary folder, a PostgreSQL of the benchmark's own. CPU s are this process's; wall s hold
the database's work too.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.services.postgres_server import TEMPLATE, running_postgres

from beamloop.catalog.connection import Catalog
from beamloop.watch.scan import scan

QUIET_S = 60.0
IMAGES = 2  # of each sweep


def write_sweeps(root: Path, sweeps: int, folders: int) -> None:
    """Write empty images, the same number of sweeps in each folder."""
    for folder in (root / f"plate{number}" for number in range(folders)):
        folder.mkdir(parents=True)
        for sweep in range(sweeps // folders):
            for image in range(1, IMAGES + 1):
                (folder / f"xtal{sweep}_{image:05d}.cbf").touch()


def report(words: str, beamlines: Path, catalog: Catalog, now_s: float) -> None:
    """Look once and print the cost."""
    wall, cpu = time.perf_counter(), time.process_time()
    requests = scan(beamlines, catalog, "3.12.1", now_s=now_s)
    wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    sys.stdout.write(f"{words:34} {cpu_s:7.2f} CPU s {wall_s:7.2f} wall s, {len(requests)} requests wait\n")


def main(arguments: Sequence[str]) -> None:
    """Print a line for each kind of look."""
    sweeps, folders = (int(text) for text in (*arguments, "10000", "500")[:2])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        place = Path(name)
        place.chmod(0o755)
        write_sweeps(place / "data", sweeps, folders)
        (place / "beamlines").mkdir()
        (place / "beamlines" / "i24.yaml").write_text("beamline: i24\nroots: [../data]\n")
        with running_postgres(place / "state") as server, Catalog(server.dsn(TEMPLATE)) as catalog:
            report("first look", place / "beamlines", catalog, 0.0)
            report("all of them arriving, no change", place / "beamlines", catalog, QUIET_S / 2)
            report("all of them complete", place / "beamlines", catalog, QUIET_S)
            report("nothing new", place / "beamlines", catalog, QUIET_S + 20)
            write_sweeps(place / "data" / "late", 20, 1)
            report("one new folder of 20 sweeps", place / "beamlines", catalog, QUIET_S + 40)


if __name__ == "__main__":
    main(sys.argv[1:])
