"""What must be true of every run in the end, whatever was killed on the way."""

import hashlib
import os
from dataclasses import asdict, dataclass

import psutil
import pytest
from tests.end_to_end.platform_bench import Platform

from beamloop.records.parameters import STEPS


@dataclass(frozen=True)
class RunFacts:
    """What a run has found: the same for the same images, parameters and DIALS."""

    outcome: str
    steps: list[str]
    spots_per_image: list[int]
    indexed: dict[str, int]  # by step
    integrated: tuple[int, int]
    rungs: list[tuple[str, bool, int]]
    programs: list[tuple[str, str, int]]  # step, name, exit code
    artifacts: set[tuple[str, str]]  # step, name
    cells: dict[str, list[float]]  # by step; angstrom, degrees

    def exact(self) -> dict[str, object]:
        """Return what must be the same to the last digit: all but the cells."""
        return {name: value for name, value in asdict(self).items() if name != "cells"}


def facts_of(platform: Platform, run_id: int) -> RunFacts:
    """Read what a run has found from the catalogue."""

    def ask(columns: str, table: str, order: str) -> list[tuple[object, ...]]:
        query = f"SELECT {columns} FROM beamloop.{table} WHERE run_id = %s ORDER BY {order}"  # noqa: S608
        return [tuple(row.values()) for row in platform.ask(query, run_id)]

    crystals = platform.ask(
        "SELECT step, cell, indexed_count FROM beamloop.crystals WHERE run_id = %s AND crystal_number = 1",
        run_id,
    )
    (outcome,) = platform.ask("SELECT code FROM beamloop.outcomes WHERE run_id = %s", run_id)
    (spots,) = platform.ask("SELECT spots_per_image FROM beamloop.spot_counts WHERE run_id = %s", run_id)
    (integrated,) = platform.ask(
        "SELECT summed_count, profile_fitted_count FROM beamloop.integrations WHERE run_id = %s", run_id
    )
    return RunFacts(
        outcome=outcome["code"],
        steps=platform.steps_done(run_id),
        spots_per_image=spots["spots_per_image"],
        indexed={row["step"]: row["indexed_count"] for row in crystals},
        integrated=(integrated["summed_count"], integrated["profile_fitted_count"]),
        rungs=ask("method, accepted, indexed_count", "rungs", "rung"),  # type: ignore[arg-type]
        programs=ask("step, argv[1], exit_code", "program_starts", "started_at"),  # type: ignore[arg-type]
        artifacts=set(ask("step, name", "artifacts", "key")),  # type: ignore[arg-type]
        cells={row["step"]: row["cell"] for row in crystals},
    )


def assert_same_facts(found: RunFacts, expected: RunFacts) -> None:
    """What one run has found is what another has found, to the last digit of its counts."""
    assert found.outcome == expected.outcome == "processed"
    assert found.exact() == expected.exact()
    assert found.cells.keys() == expected.cells.keys()
    for step, cell in found.cells.items():
        # DIALS computes in double precision, the same way each time.
        assert cell == pytest.approx(expected.cells[step], rel=1e-6)


def assert_store_and_catalogue_agree(platform: Platform, run_id: int) -> None:
    """Every artifact is recorded once, is in the store byte for byte, and nothing else is there."""
    recorded = platform.ask(
        "SELECT step, name, key, sha256 FROM beamloop.artifacts WHERE run_id = %s", run_id
    )
    names = [(row["step"], row["name"]) for row in recorded]
    assert len(set(names)) == len(names)
    place = platform.run_directory(run_id).relative_to(platform.runs).as_posix()
    assert {stored.key for stored in platform.store.list(f"{place}/")} == {row["key"] for row in recorded}
    for row in recorded:
        digest = hashlib.sha256()
        for chunk in platform.store.stream(row["key"], sha256=row["sha256"]):
            digest.update(chunk)
        assert digest.hexdigest() == row["sha256"]


def assert_nothing_is_left_over(platform: Platform, run_id: int) -> None:
    """No half-made step, and no process of the stack that its supervisor does not answer for."""
    folder = platform.run_directory(run_id)
    assert [path.name for path in folder.iterdir() if path.name.startswith(".staging")] == []
    assert {path.name for path in folder.iterdir() if path.is_dir()} <= {*STEPS, "images"}
    assert strangers(platform) == []


def strangers(platform: Platform) -> list[str]:
    """Return the command lines of processes that belong to this stack but stand outside its tree."""
    supervisor = int((platform.state / "supervisor" / "supervisord.pid").read_text())
    tree = {supervisor, *(child.pid for child in psutil.Process(supervisor).children(recursive=True))}
    # This process and those that it has started: the commands of the tests, and the keeper.
    tree |= {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
    found = []
    for process in psutil.process_iter():
        try:
            said = "\n".join((*process.cmdline(), process.cwd(), *process.environ().values()))
            if process.pid not in tree and str(platform.state) in said:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:  # ended in between
            continue
    return found
