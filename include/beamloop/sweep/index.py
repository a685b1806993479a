"""Step index: climb the ladder until a lattice is found."""

from dataclasses import replace

from beamloop.records.program import ProgramResult
from beamloop.records.run import RungFact
from beamloop.sweep.rungs import Rung, choose_rungs, indexed_count, keep_result
from beamloop.sweep.work import Finding, StepWork


def perform(work: StepWork) -> Finding:
    """Try one way after the other; the first that finds a lattice counts, else the last one's failure."""
    finding = Finding("")
    programs: tuple[ProgramResult, ...] = ()
    facts: tuple[RungFact, ...] = ()
    for number, rung in enumerate(choose_rungs(work.run.parameters.sample), start=1):
        folder = work.staging / f"rung-{number}"
        folder.mkdir()
        finding = rung.climb(work, folder)
        programs += finding.programs
        facts += (_fact(number, rung, finding),)
        if not finding.outcome:
            keep_result(folder, work.staging)
            break
    return replace(finding, programs=programs, rungs=facts)


def _fact(number: int, rung: Rung, finding: Finding) -> RungFact:
    return RungFact(
        rung=number,
        method=rung.method,
        reason=rung.reason,
        accepted=finding.outcome is None,
        indexed_count=indexed_count(finding.crystals),
        finding=finding.text,
        cpu_s=sum(program.cpu_s for program in finding.programs),
    )
