"""Where the seconds go from a sweep's last image to its result, in a stack that is up:

`.venv/bin/python -m tests.benchmarks.measure_latency STATE FOLDER...`

STATE is the stack's state directory (`.beamloop`), each FOLDER one of images that the stack has processed.
The time of an image is its inode's last change: the images must not have been touched since.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extras import RealDictCursor
from tests.services.sweep_timeline import Timeline, timelines

from beamloop.local_stack import load_stack_environment
from beamloop.local_stack.airflow_rest import AirflowClient


def table(timeline: Timeline) -> str:
    """Return one line for each part of a sweep's way, in seconds."""
    head = f"{timeline.sweep}: {timeline.outcome}, s"
    lines = [f"{head:24} {'waits':>7} {'starts':>7} {'DIALS':>7} {'ends':>7}"]
    for part in timeline.stretches:
        figures = (part.waits_s, part.starts_s, part.dials_s, part.ends_s)
        lines.append(f"  {part.name:22} " + " ".join(f"{figure:7.2f}" for figure in figures))
    sums = [
        sum(getattr(part, name) for part in timeline.stretches)
        for name in ("waits_s", "starts_s", "dials_s", "ends_s")
    ]
    lines.append(f"  {'in all':22} " + " ".join(f"{figure:7.2f}" for figure in sums))
    lines.append(
        f"  from the last image to the outcome {timeline.whole_s:.2f} s: DIALS {timeline.dials_s:.2f} s,"
        f" all else {timeline.platform_s:.2f} s"
    )
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> None:
    """Print a table for each sweep of the folders."""
    variables = load_stack_environment(Path(arguments[0]))
    connection = psycopg2.connect(variables["BEAMLOOP_CATALOG_DSN"], cursor_factory=RealDictCursor)

    def ask(query: str, *values: object) -> list[dict[str, Any]]:
        with connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return [dict(row) for row in cursor.fetchall()]

    names = ("BEAMLOOP_AIRFLOW_URL", "BEAMLOOP_AIRFLOW_USER", "BEAMLOOP_AIRFLOW_PASSWORD")
    with AirflowClient(*(variables[name] for name in names)) as airflow:
        for folder in arguments[1:]:
            for timeline in timelines(ask, airflow, Path(folder).resolve()):
                sys.stdout.write(f"{table(timeline)}\n\n")
    connection.close()


if __name__ == "__main__":
    main(sys.argv[1:])
