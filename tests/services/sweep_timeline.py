"""Where the seconds of a sweep go, from its last image to its outcome: the catalogue's and Airflow's word."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.services.task_instances import task_instances

from beamloop.local_stack.airflow_rest import AirflowClient
from beamloop.records.parameters import STEPS

Row = Mapping[str, Any]
Ask = Callable[..., list[dict[str, Any]]]

RUNS = """
SELECT r.run_id, s.name, s.prefix, s.digits, s.suffix, s.image_first, s.image_last, s.missing_images,
       c.directory, q.dag_run_id, q.requested_at, q.started_at AS taken_up_at, o.code, o.recorded_at
FROM beamloop.outcomes o JOIN beamloop.runs r USING (run_id) JOIN beamloop.sweeps s USING (sweep_id)
JOIN beamloop.collections c USING (collection_id) JOIN beamloop.requests q USING (request_id)
WHERE c.directory = %s ORDER BY r.run_id
"""
PROGRAMS = """
SELECT step, min(started_at) AS began_at, sum(wall_s) AS dials_s FROM beamloop.program_starts
WHERE run_id = %s GROUP BY step
"""


@dataclass(frozen=True)
class Stretch:
    """One part of the way, in seconds of wall time."""

    name: str  # "find_spots"
    waits_s: float  # since the end of the part before
    starts_s: float  # from Airflow's start of the task to the first DIALS program
    dials_s: float  # DIALS programs
    ends_s: float  # from there to the end of the task


@dataclass(frozen=True)
class Timeline:
    """A sweep's way from its last image to its outcome."""

    sweep: str  # "w1_1"
    outcome: str  # "processed"
    stretches: tuple[Stretch, ...]
    whole_s: float  # from the last image to the outcome

    @property
    def dials_s(self) -> float:
        """Wall time of the sweep's DIALS programs, in seconds."""
        return sum(stretch.dials_s for stretch in self.stretches)

    @property
    def platform_s(self) -> float:
        """All the rest, in seconds."""
        return self.whole_s - self.dials_s


def timelines(ask: Ask, airflow: AirflowClient, directory: Path) -> list[Timeline]:
    """Put together what is known of each run of a folder that has ended, in the order of the runs.

    Parameters
    ----------
    ask
        Asks the catalogue: a query and its values.
    airflow
        The Airflow that has processed the folder.
    directory
        The folder of the images.
    """
    return [_timeline(ask, airflow, row) for row in ask(RUNS, str(directory))]


def _timeline(ask: Ask, airflow: AirflowClient, row: Row) -> Timeline:
    last_image_at = _last_image_at(row)
    tasks = task_instances(airflow, "process_collection", row["dag_run_id"])
    by_task = {
        task["task_id"].removeprefix("sweep."): (_time(task["start_date"]), _time(task["end_date"]))
        for task in tasks
        if task["rendered_map_index"] in (None, row["name"]) and task["end_date"]
    }
    programs = {program["step"]: program for program in ask(PROGRAMS, row["run_id"])}
    stretches = [Stretch("request", _s(last_image_at, row["requested_at"]), 0.0, 0.0, 0.0)]
    before = row["requested_at"]
    for name in ("list_runs", *STEPS):
        if name not in by_task:
            continue
        started_at, ended_at = by_task[name]
        # The last task is over, for whoever waits for the result, when the outcome is there.
        ended_at = min(ended_at, row["recorded_at"]) if name in programs else ended_at
        program = programs.get(name, {"began_at": row["taken_up_at"], "dials_s": 0.0})
        starts_s, dials_s = _s(started_at, program["began_at"]), float(program["dials_s"])
        ends_s = _s(started_at, ended_at) - starts_s - dials_s
        stretches.append(Stretch(name, _s(before, started_at), starts_s, dials_s, ends_s))
        before = ended_at
    whole_s = _s(last_image_at, row["recorded_at"])
    return Timeline(row["name"], row["code"], tuple(stretches), whole_s)


def _last_image_at(row: Row) -> datetime:
    """Return when the newest image got its name: a rename or a link changes that time, and not the mtime."""
    numbers = set(range(row["image_first"], row["image_last"] + 1)) - set(row["missing_images"])
    names = [f"{row['prefix']}{number:0{row['digits']}d}{row['suffix']}" for number in numbers]
    newest_s = max((Path(row["directory"]) / name).stat().st_ctime for name in names)
    return datetime.fromtimestamp(newest_s, UTC)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _s(earlier: datetime, later: datetime) -> float:
    return (later - earlier).total_seconds()
