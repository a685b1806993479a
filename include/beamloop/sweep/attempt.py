"""One attempt of the indexing step, and the time that is left for the next."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from beamloop.records.run import RungFact
from beamloop.sweep.judge import indexed_count
from beamloop.sweep.known_rungs import Rung
from beamloop.sweep.rungs import Inputs
from beamloop.sweep.work import Finding, StepWork


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something that was tried, where its files are, and what came of it."""

    method: str  # "fft1d, known cell"
    reason: str
    rung: Rung  # how it searched
    inputs: Inputs  # what it searched
    folder: Path
    finding: Finding
    counts: bool = True  # False: a lattice that is only told of

    @property
    def accepted(self) -> bool:
        """Whether its lattice is the sweep's."""
        return self.counts and self.finding.outcome is None

    def as_fact(self, number: int) -> RungFact:
        """Return what the catalogue keeps; `number` counts from 1."""
        return RungFact(
            rung=number,
            method=self.method,
            reason=self.reason,
            accepted=self.accepted,
            indexed_count=indexed_count(self.finding.crystals),
            finding=self.finding.text,
            cpu_s=sum(program.cpu_s for program in self.finding.programs),
        )


class Deadline:
    """The time that indexing one sweep may take, from now on.

    Parameters
    ----------
    limit_s
        Wall-clock time.
    """

    def __init__(self, limit_s: float) -> None:
        self._end = time.monotonic() + limit_s

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self._end

    def limit(self, work: StepWork) -> StepWork:
        """Return the step with programs that end when the time does."""
        parameters = work.run.parameters
        left_s = max(1.0, self._end - time.monotonic())
        limits = replace(parameters.limits, time_s=min(parameters.limits.time_s, left_s))
        return replace(work, run=replace(work.run, parameters=replace(parameters, limits=limits)))
