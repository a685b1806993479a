"""Step index: a lattice without symmetry first, then the known symmetry on the orientation found."""

import shutil
from dataclasses import replace
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.failures import FailureCause
from beamloop.records.outcome import OutcomeCode
from beamloop.records.program import ProgramResult
from beamloop.records.run import CrystalFact, RungFact
from beamloop.sweep.crystal_facts import crystal_facts
from beamloop.sweep.failures import explain
from beamloop.sweep.work import Finding, StepWork, stopped

RUNG_DIRECTORY = "rung-1"
P1_STEM = "P1_models"
# Chance lattices on noise index few spots, and refinement of a triclinic crystal with its detector has
# 15 parameters against three observations a spot.
FEWEST_INDEXED = 8
NO_LATTICE = {
    FailureCause.TOO_FEW_REFLECTIONS: OutcomeCode.TOO_FEW_SPOTS,
    FailureCause.REFINEMENT_DIVERGED: OutcomeCode.NO_LATTICE,
}
# A lattice was found; what fails afterwards is the symmetry imposed on it.
WRONG_SYMMETRY = {
    FailureCause.NO_SUITABLE_LATTICE: OutcomeCode.WRONG_SYMMETRY,
    FailureCause.TOO_FEW_REFLECTIONS: OutcomeCode.WRONG_SYMMETRY,
    FailureCause.REFINEMENT_DIVERGED: OutcomeCode.WRONG_SYMMETRY,
}


def perform(work: StepWork) -> Finding:
    """Search without symmetry, which finds more wedges, then impose what is known."""
    search = _search(work)
    if not search.succeeded:
        finding = explain(work, (search,), NO_LATTICE)
        return replace(finding, rungs=(_rung(work, search, (), finding.text),))
    p1 = _facts(work, work.staging / RUNG_DIRECTORY, P1_STEM)
    found = f"{_indexed(p1)} spots indexed without symmetry"
    rungs = (_rung(work, search, p1, found),)
    if _indexed(p1) < FEWEST_INDEXED:
        words = f"The best lattice indexes only {_indexed(p1)} spots; {FEWEST_INDEXED} are needed."
        finding = stopped(work, OutcomeCode.NO_LATTICE, words, (search,))
        return replace(finding, rungs=(replace(rungs[0], accepted=False, finding=words),))
    finding = _impose(work, search) if work.run.parameters.sample.space_group else _keep(work, search)
    return replace(finding, rungs=rungs)


def _search(work: StepWork) -> ProgramResult:
    directory = work.staging / RUNG_DIRECTORY
    directory.mkdir()
    up = Path("..")
    return programs.index(
        work.dials,
        directory,
        up / work.input_from("import", "imported.expt"),
        up / work.input_from("find_spots", "strong.refl"),
        output_stem=P1_STEM,
        options=work.options,
        limits=work.limits,
    )


def _impose(work: StepWork, search: ProgramResult) -> Finding:
    sample = work.run.parameters.sample
    result = programs.index(
        work.dials,
        work.staging,
        Path(RUNG_DIRECTORY, f"{P1_STEM}.expt"),
        work.input_from("find_spots", "strong.refl"),
        space_group=sample.space_group,
        unit_cell=sample.unit_cell,
        options=work.options,
        limits=work.limits,
    )
    if not result.succeeded:
        return explain(work, (search, result), WRONG_SYMMETRY)
    return _accept(work, (search, result))


def _keep(work: StepWork, search: ProgramResult) -> Finding:
    """Take the triclinic lattice as it is: nothing is known of the symmetry."""
    for suffix in (".expt", ".refl"):
        shutil.copyfile(
            work.staging / RUNG_DIRECTORY / f"{P1_STEM}{suffix}", work.staging / f"indexed{suffix}"
        )
    return _accept(work, (search,))


def _accept(work: StepWork, results: tuple[ProgramResult, ...]) -> Finding:
    facts = _facts(work, work.staging, "indexed")
    if _indexed(facts) < FEWEST_INDEXED:
        group = work.run.parameters.sample.space_group
        words = f"With {group} imposed only {_indexed(facts)} spots are indexed; {FEWEST_INDEXED} are needed."
        return stopped(work, OutcomeCode.WRONG_SYMMETRY, words, results)
    text = f"{_indexed(facts)} spots indexed, {facts[0].space_group}"
    return Finding(text, programs=results, crystals=facts)


def _facts(work: StepWork, directory: Path, stem: str) -> tuple[CrystalFact, ...]:
    return crystal_facts(directory / f"{stem}.expt", directory / f"{stem}.refl")


def _indexed(facts: tuple[CrystalFact, ...]) -> int:
    return sum(fact.indexed_count for fact in facts)


def _rung(work: StepWork, search: ProgramResult, facts: tuple[CrystalFact, ...], finding: str) -> RungFact:
    given = [option.partition("=")[2] for option in work.options if option.startswith("indexing.method=")]
    return RungFact(
        rung=1,
        method=f"{given[-1] if given else 'fft3d'}, no symmetry",
        reason="The first attempt of every sweep.",
        accepted=bool(facts),
        indexed_count=_indexed(facts),
        finding=finding,
        cpu_s=search.cpu_s,
    )
