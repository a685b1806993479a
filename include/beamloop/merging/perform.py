"""The programs of a merge, one after the other, and what came out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.experiments import read_experiments
from beamloop.dials_cli.failures import TOO_FEW_TO_MERGE
from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.merging_statistics import read_merging_statistics
from beamloop.dials_cli.paths import relative_to
from beamloop.dials_cli.program_outcomes import outcome_of_failure
from beamloop.dials_cli.programs.merging import STATISTICS_NAME, SYMMETRIZED
from beamloop.errors import InvalidInputError
from beamloop.records.merging import MERGE_STEP, MergedData, MergeOptions, MergeReport
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.program import ProgramResult

Pair = tuple[Path, Path]  # experiments, reflections


@dataclass(slots=True)
class MergeWork:
    """A merge about to be done."""

    dials: Dials
    staging: Path  # where the programs run
    pairs: tuple[Pair, ...]  # integrated ones, one for each sweep
    options: MergeOptions
    started: list[ProgramResult] = field(default_factory=list)

    def run(
        self, program: Callable[..., ProgramResult], *inputs: object, options: Sequence[str] = ()
    ) -> bool:
        """Run a program after the others; False where it failed."""
        limits = self.options.limits
        self.started.append(program(self.dials, self.staging, *inputs, options=options, limits=limits))
        return self.started[-1].succeeded


def perform(work: MergeWork) -> MergeReport:
    """Settle the symmetry, scale, merge; read the statistics.

    Raises
    ------
    TransientError
        When a program was ended from outside, or the disk is full.
    """
    pair = _symmetrized(work)
    cut = (f"d_min={work.options.d_min_angstrom}",) if work.options.d_min_angstrom else ()
    done = (
        pair is not None
        and work.run(programs.scale, *pair, options=cut)
        and work.run(programs.merge, Path("scaled.expt"), Path("scaled.refl"), options=cut)
    )
    if not done:
        outcome = outcome_of_failure(work.started[-1], work.options.limits, MERGE_STEP)
        return MergeReport(outcome.sentence, programs=tuple(work.started), outcome=outcome)
    return _report(work)


def _symmetrized(work: MergeWork) -> Pair | None:
    """Return the sweeps with their space group and indexed alike; None where a program failed."""
    pairs = [(relative_to(work.staging, expt), relative_to(work.staging, refl)) for expt, refl in work.pairs]
    told = work.options.space_group
    here = (Path(SYMMETRIZED[0]), Path(SYMMETRIZED[1]))
    if len(pairs) == 1:
        # A sweep alone that people gave a space group was indexed and integrated in it.
        if told:
            return pairs[0]
        return here if work.run(programs.symmetry, *pairs[0]) else None
    known = (f"space_group={told.replace(' ', '')}",) if told else ()
    if not work.run(programs.cosym, pairs, options=known):
        return None
    # dials.cosym does not look for screw axes.
    return here if told or work.run(programs.symmetry, *here, options=("laue_group=None",)) else None


def _without_data(work: MergeWork, code: OutcomeCode, words: str) -> MergeReport:
    return MergeReport(words, programs=tuple(work.started), outcome=Outcome(code, words, MERGE_STEP))


def _report(work: MergeWork) -> MergeReport:
    try:
        statistics = read_merging_statistics(work.staging / STATISTICS_NAME)
    except InvalidInputError as error:
        return _without_data(work, OutcomeCode.PROGRAM_CRASHED, error.what)
    if statistics is None:
        said = f"{work.started[-1].program} says: {TOO_FEW_TO_MERGE}"
        return _without_data(work, OutcomeCode.TOO_FEW_REFLECTIONS, said)
    overall, shells = statistics
    found = read_experiments(work.staging / "scaled.expt").experiments
    crystals = [experiment.crystal for experiment in found if experiment.crystal]
    cells = [crystal.cell.as_tuple() for crystal in crystals]
    cell = tuple(sum(values) / len(cells) for values in zip(*cells, strict=True))
    merged = MergedData(crystals[0].space_group, cell, len(crystals), overall, shells)
    sentence = (
        f"{len(crystals)} of {len(work.pairs)} sweeps merged in {merged.space_group} to "
        f"{overall.d_min_angstrom:.2f} Å: {overall.unique_count} unique reflections of "
        f"{overall.observation_count} observations."
    )
    return MergeReport(sentence, merged, programs=tuple(work.started))
