"""Ways to index a sweep: each is one rung of the ladder, done in a folder of its own."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.failures import FailureCause
from beamloop.records.outcome import OutcomeCode
from beamloop.records.program import ProgramResult
from beamloop.records.run import CrystalFact
from beamloop.records.sample import Sample
from beamloop.sweep.crystal_facts import crystal_facts
from beamloop.sweep.failures import Meanings, explain
from beamloop.sweep.work import Finding, StepWork, stopped

# Chance lattices on noise index few spots, and refinement of a triclinic crystal with its detector has
# 15 parameters against three observations a spot.
FEWEST_INDEXED = 8
NO_LATTICE: Meanings = {
    FailureCause.NO_SUITABLE_LATTICE: OutcomeCode.NO_LATTICE,
    FailureCause.WRONG_SYMMETRY: OutcomeCode.NO_LATTICE,
    FailureCause.TOO_FEW_REFLECTIONS: OutcomeCode.TOO_FEW_SPOTS,
    FailureCause.REFINEMENT_DIVERGED: OutcomeCode.NO_LATTICE,
}
# A lattice was found; what fails afterwards is the symmetry imposed on it.
WRONG_SYMMETRY: Meanings = {
    FailureCause.NO_SUITABLE_LATTICE: OutcomeCode.WRONG_SYMMETRY,
    FailureCause.WRONG_SYMMETRY: OutcomeCode.WRONG_SYMMETRY,
    FailureCause.TOO_FEW_REFLECTIONS: OutcomeCode.WRONG_SYMMETRY,
    FailureCause.REFINEMENT_DIVERGED: OutcomeCode.WRONG_SYMMETRY,
}


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to index."""

    method: str  # "no symmetry, then H 3"
    reason: str  # "The first attempt where no cell is known."
    climb: Callable[[StepWork, Path], Finding]


def choose_rungs(sample: Sample) -> list[Rung]:
    """Return the ways to try, in order, by what is known of the sample.

    A search without symmetry finds more narrow wedges than one with it (41 of 73 against fewer in the
    multi-crystal tutorial), unless the cell is known too: it then picks the right vectors among few spots.
    """
    free = Rung(
        f"no symmetry, then {sample.space_group}" if sample.space_group else "no symmetry",
        "No cell is known: a search without symmetry finds most.",
        _search_freely,
    )
    if not (sample.space_group and sample.unit_cell):
        return [free]
    known = Rung(
        f"the known cell in {sample.space_group}",
        "The cell is known: it picks the right lattice among few spots.",
        _search_known,
    )
    return [known, replace(free, reason="The known cell was not found: the sample may be another.")]


def _search_known(work: StepWork, folder: Path) -> Finding:
    result = _index(work, folder, "import", "imported.expt", work.run.parameters.sample)
    if not result.succeeded:
        return explain(work, (result,), NO_LATTICE)
    return _judge(work, folder, (result,), OutcomeCode.NO_LATTICE)


def _search_freely(work: StepWork, folder: Path) -> Finding:
    sample = work.run.parameters.sample
    search_folder = folder / "search" if sample.space_group else folder
    search_folder.mkdir(exist_ok=True)
    search = _index(work, search_folder, "import", "imported.expt", Sample())
    if not search.succeeded:
        return explain(work, (search,), NO_LATTICE)
    found = _judge(work, search_folder, (search,), OutcomeCode.NO_LATTICE)
    if found.outcome or not sample.space_group:
        return found
    imposed = _index(work, folder, "search", "indexed.expt", sample)
    if not imposed.succeeded:
        return explain(work, (search, imposed), WRONG_SYMMETRY)
    return _judge(work, folder, (search, imposed), OutcomeCode.WRONG_SYMMETRY)


def _index(work: StepWork, folder: Path, origin: str, experiments: str, sample: Sample) -> ProgramResult:
    """Run dials.index in a rung's folder, from the images' experiments or from a search's crystal."""
    up = Path(*[".."] * len(folder.relative_to(work.staging.parent).parts))
    start = Path(origin, experiments) if origin == "search" else up / origin / experiments
    return programs.index(
        work.dials,
        folder,
        start,
        up / "find_spots" / "strong.refl",
        space_group=sample.space_group,
        unit_cell=sample.unit_cell,
        options=work.options,
        limits=work.limits,
    )


def _judge(work: StepWork, folder: Path, results: tuple[ProgramResult, ...], failure: OutcomeCode) -> Finding:
    """Accept a lattice that indexes enough spots."""
    facts = crystal_facts(folder / "indexed.expt", folder / "indexed.refl")
    count = indexed_count(facts)
    if count < FEWEST_INDEXED:
        words = f"The best lattice indexes only {count} spots; {FEWEST_INDEXED} are needed."
        return stopped(work, failure, words, results)
    text = f"{count} spots indexed, {facts[0].space_group}"
    return Finding(text, programs=results, crystals=facts)


def indexed_count(facts: tuple[CrystalFact, ...]) -> int:
    """Count the spots that all lattices index."""
    return sum(fact.indexed_count for fact in facts)


def keep_result(folder: Path, staging: Path) -> None:
    """Put the accepted rung's result where the next step looks for it."""
    for name in ("indexed.expt", "indexed.refl"):
        shutil.copyfile(folder / name, staging / name)
