"""Climb one rung of the indexing ladder, in a folder of its own."""

from dataclasses import dataclass, replace
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.failures import FailureCause
from beamloop.dials_cli.paths import relative_to
from beamloop.dials_cli.program_outcomes import Meanings
from beamloop.dials_cli.reflection_table import read_reflections
from beamloop.records.outcome import OutcomeCode
from beamloop.records.program import ProgramResult
from beamloop.records.sample import Sample
from beamloop.sweep.failures import explain
from beamloop.sweep.few_spots import refinement_options
from beamloop.sweep.judge import judge
from beamloop.sweep.known_rungs import Rung
from beamloop.sweep.oriented_start import write_oriented
from beamloop.sweep.work import Finding, StepWork, stopped

NO_LATTICE: Meanings = {
    FailureCause.NO_SUITABLE_LATTICE: OutcomeCode.NO_LATTICE,
    FailureCause.WRONG_SYMMETRY: OutcomeCode.NO_LATTICE,
    FailureCause.TOO_FEW_REFLECTIONS: OutcomeCode.NO_LATTICE,
    FailureCause.REFINEMENT_DIVERGED: OutcomeCode.NO_LATTICE,
    FailureCause.NO_SPOTS: OutcomeCode.NO_LATTICE,
}
# A lattice was found; what fails afterwards is the symmetry imposed on it.
WRONG_SYMMETRY: Meanings = dict.fromkeys(NO_LATTICE, OutcomeCode.WRONG_SYMMETRY)

# DIALS's default of 4 mm reaches the next spots of a large cell: on a wedge that was 1.4 px off it moved the
# beam by 15 px. Beam centres are off by a few pixels.
BEAM_SEARCH_MM = 1.0
# With the header's detector and another crystal's cell few spots fit closely at first. A blank's best
# orientation has a chance of 1.
WORTH_A_START = 1e-2
ORIENTED = "oriented.expt"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a search starts from."""

    experiments: Path
    spots: Path


def sweep_inputs(work: StepWork) -> Inputs:
    """Return the experiments and spots that the earlier steps left."""
    beside = work.staging.parent
    return Inputs(beside / "import" / "imported.expt", beside / "find_spots" / "strong.refl")


def climb(work: StepWork, rung: Rung, folder: Path, inputs: Inputs) -> Finding:
    """Prepare what the rung asks for, search, impose the known symmetry, judge.

    Parameters
    ----------
    work
        The step; its limits hold for each program.
    rung
        The way to index.
    folder
        The rung's own, empty. The result stands in indexed.expt and indexed.refl.
    inputs
        Imported experiments and strong spots.
    """
    done = _prepare(work, rung, folder, inputs)
    if done and not done[-1].succeeded:
        return explain(work, done, NO_LATTICE)
    prepared = prepared_inputs(rung, folder, inputs)
    sample = work.run.parameters.sample
    if rung.by_orientation:
        return _with_results(done, _orient(work, rung, folder, prepared, sample))
    if rung.with_cell:
        return _with_results(done, _search(work, rung, folder, prepared, sample))
    if not sample.space_group:
        return _with_results(done, _search(work, rung, folder, prepared, Sample()))
    search_folder = folder / "search"
    search_folder.mkdir()
    found = _with_results(done, _search(work, rung, search_folder, prepared, Sample()))
    if found.outcome:
        return found
    known = replace(prepared, experiments=search_folder / "indexed.expt")
    return _with_results(found.programs, impose(work, rung, folder, known, sample))


def impose(work: StepWork, rung: Rung, folder: Path, known: Inputs, sample: Sample) -> Finding:
    """Index again with a crystal's orientation and another symmetry; a failure is the symmetry's.

    Parameters
    ----------
    work
        The step.
    rung
        The one that has found the crystal.
    folder
        Where the program runs.
    known
        The spots, and the experiments with the crystal.
    sample
        The symmetry to impose, and the cell where that is known.

    Raises
    ------
    TransientError
        When the program was ended from outside, or the disk is full.
    """
    result = _index(work, rung, folder, known, sample)
    if not result.succeeded:
        return explain(work, (result,), WRONG_SYMMETRY)
    return judge(work, folder, result, OutcomeCode.WRONG_SYMMETRY, sample)


def prepared_inputs(rung: Rung, folder: Path, inputs: Inputs) -> Inputs:
    """Return what a rung searches: its own spots or beam centre where it makes them, else the sweep's."""
    return Inputs(
        folder / "optimised.expt" if rung.search_beam else inputs.experiments,
        folder / "strong.refl" if rung.spot_options else inputs.spots,
    )


def _prepare(work: StepWork, rung: Rung, folder: Path, inputs: Inputs) -> tuple[ProgramResult, ...]:
    """Find spots anew or search the beam centre, where the rung says so."""
    experiments, spots = relative_to(folder, inputs.experiments), relative_to(folder, inputs.spots)
    if rung.spot_options:
        options = (*work.run.parameters.options.get("find_spots", ()), *rung.spot_options)
        return (programs.find_spots(work.dials, folder, experiments, options=options, limits=work.limits),)
    if rung.search_beam:
        options = (f"mm_search_scope={BEAM_SEARCH_MM}",)
        return (
            programs.search_beam_position(
                work.dials, folder, experiments, spots, options=options, limits=work.limits
            ),
        )
    return ()


def _search(work: StepWork, rung: Rung, folder: Path, inputs: Inputs, sample: Sample) -> Finding:
    result = _index(work, rung, folder, inputs, sample)
    if not result.succeeded:
        return explain(work, (result,), NO_LATTICE)
    return judge(work, folder, result, OutcomeCode.NO_LATTICE, sample)


def _index(work: StepWork, rung: Rung, folder: Path, inputs: Inputs, sample: Sample) -> ProgramResult:
    spot_count = read_reflections(inputs.spots).row_count
    return programs.index(
        work.dials,
        folder,
        relative_to(folder, inputs.experiments),
        relative_to(folder, inputs.spots),
        space_group=sample.space_group,
        unit_cell=sample.unit_cell,
        options=(
            f"indexing.method={rung.algorithm}",
            *refinement_options(spot_count),
            *rung.index_options,
            *work.options,
        ),
        limits=work.limits,
    )


def _orient(work: StepWork, rung: Rung, folder: Path, inputs: Inputs, sample: Sample) -> Finding:
    """Begin with the known cell's likeliest orientation; a poor one is not worth a program."""
    start = folder / ORIENTED
    found = write_oriented(inputs.experiments, inputs.spots, sample, start)
    if found is None or found.chance > WORTH_A_START:
        told = f"{found.close_count} of {found.spot_count}" if found else "No two"
        return stopped(work, OutcomeCode.NO_LATTICE, f"{told} spots fit the known cell, as random ones may.")
    result = _index(work, rung, folder, replace(inputs, experiments=start), sample)
    if not result.succeeded:
        return explain(work, (result,), NO_LATTICE)
    return judge(work, folder, result, OutcomeCode.NO_LATTICE, sample, start_chance=found.chance)


def _with_results(earlier: tuple[ProgramResult, ...], finding: Finding) -> Finding:
    return replace(finding, programs=earlier + finding.programs)
