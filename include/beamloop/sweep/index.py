"""Step index: climb the ladder until a lattice is found, then settle what kind it is."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from beamloop.records.outcome import OutcomeCode
from beamloop.sweep.attempt import Attempt, Deadline
from beamloop.sweep.ladder import choose_rungs
from beamloop.sweep.larger_cell import look_for_larger_cell
from beamloop.sweep.rungs import climb, prepared_inputs, sweep_inputs
from beamloop.sweep.second_lattice import look_for_second
from beamloop.sweep.symmetry import settle_symmetry
from beamloop.sweep.work import Finding, StepWork, stopped

# Another rung does not mend images.
HOPELESS = (OutcomeCode.MISSING_IMAGES, OutcomeCode.UNREADABLE_IMAGES)
# What a run without a lattice is told: what the data say, before what befell a program.
MOST_TELLING = (OutcomeCode.WRONG_SYMMETRY, OutcomeCode.NO_LATTICE)


def perform(work: StepWork) -> Finding:
    """Try one way after the other until one finds a lattice, or time or ways run out."""
    deadline = Deadline(work.limits.index_time_s)
    attempts = list(_climb_ladder(work, deadline))
    if not attempts:
        method = "The method asked for needs a known cell and space group."
        return stopped(work, OutcomeCode.NO_LATTICE, method)
    if not attempts[-1].accepted:
        finding = _failure(work, attempts, deadline)
    else:
        later = settle_symmetry(work, attempts[-1])
        if not deadline.passed:
            later += look_for_larger_cell(deadline.limit(work), _last_accepted(attempts + later))
        if not deadline.passed:
            later += look_for_second(deadline.limit(work), _last_accepted(attempts + later))
        attempts += later
        kept = _last_accepted(attempts)
        _keep_result(kept.folder, work.staging)
        told = [kept.finding.text, *(attempt.finding.text for attempt in later if attempt is not kept)]
        finding = replace(kept.finding, text="; ".join(told))
    return replace(
        finding,
        programs=tuple(program for attempt in attempts for program in attempt.finding.programs),
        rungs=tuple(attempt.as_fact(number) for number, attempt in enumerate(attempts, start=1)),
    )


def _climb_ladder(work: StepWork, deadline: Deadline) -> Iterator[Attempt]:
    """Try the first rung whatever it takes, the others while there is time."""
    parameters = work.run.parameters
    rungs = choose_rungs(parameters.sample, work.run.images, work.options, work.rung_records)
    inputs = sweep_inputs(work)
    for number, rung in enumerate(rungs, start=1):
        if number > 1 and deadline.passed:
            return
        folder = work.staging / f"rung-{number}"
        folder.mkdir()
        finding = climb(work if number == 1 else deadline.limit(work), rung, folder, inputs)
        yield Attempt(rung.method, rung.reason, rung, prepared_inputs(rung, folder, inputs), folder, finding)
        if finding.outcome is None or finding.outcome.code in HOPELESS:
            return


def _last_accepted(attempts: list[Attempt]) -> Attempt:
    return [attempt for attempt in attempts if attempt.accepted][-1]


def _failure(work: StepWork, attempts: list[Attempt], deadline: Deadline) -> Finding:
    """Say what was tried, with the words of the attempt that came furthest."""
    outcomes = [attempt.finding.outcome for attempt in attempts if attempt.finding.outcome]
    telling = (outcome for code in MOST_TELLING for outcome in outcomes if outcome.code is code)
    chosen = next(telling, outcomes[-1])
    tried = "; ".join(attempt.method for attempt in attempts)
    limit_s = work.limits.index_time_s
    ended = f" The limit of {limit_s:.0f} s for indexing ended the search." if deadline.passed else ""
    return stopped(work, chosen.code, f"{chosen.sentence} Tried: {tried}.{ended}")


def _keep_result(folder: Path, staging: Path) -> None:
    """Put the accepted attempt's result where the next step looks for it."""
    for name in ("indexed.expt", "indexed.refl"):
        shutil.copyfile(folder / name, staging / name)
