"""Integrate the blocks of a sweep with missing images one by one, where one of them hinders the others.

DIALS stops as a whole where one experiment has too few reflections to model profiles, or none at all.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.crystal_facts import crystal_facts
from beamloop.dials_cli.experiments import read_experiments
from beamloop.dials_cli.failures import explain_failure
from beamloop.records.program import ProgramResult
from beamloop.records.run import CrystalFact
from beamloop.sweep.block_words import Block, ranges
from beamloop.sweep.integrate_pair import integrate_pair, wants_spots
from beamloop.sweep.work import StepWork

SPLIT = "split"


@dataclass(frozen=True, slots=True)
class IntegratedBlocks:
    """What became of the blocks."""

    results: tuple[ProgramResult, ...]
    facts: tuple[CrystalFact, ...] = ()  # of the blocks that are left, none where the step failed
    words: tuple[str, ...] = ()  # ("images 9-15 left out: Too few reflections ...",)


@dataclass(frozen=True, slots=True)
class _Alone:
    """One block, integrated by itself."""

    images: Block  # (9, 15)
    folder: Path
    reference: Path  # its refined reflections
    results: tuple[ProgramResult, ...]

    @property
    def succeeded(self) -> bool:
        return self.results[-1].succeeded


def integrate_singly(work: StepWork) -> IntegratedBlocks:
    """Integrate each block alone and put those together that succeed; the others leave by name.

    Parameters
    ----------
    work
        The step integrate of a sweep whose blocks could not be integrated together.
    """
    blocks = _refined_blocks(work)
    split = _split(work, len(blocks))
    if not split.succeeded:
        return IntegratedBlocks((split,))
    tried = [_integrate_alone(work, number, blocks) for number in range(len(blocks))]
    results = (split, *(result for block in tried for result in block.results))
    kept = [block for block in tried if block.succeeded]
    left = [block for block in tried if not block.succeeded]
    if not kept or not all(wants_spots(block.results[-1]) for block in left):
        return IntegratedBlocks(results)
    results += _put_together(work, kept)
    if not results[-1].succeeded:
        return IntegratedBlocks(results)
    words = (f"images {ranges([b.images])} left out: {explain_failure(b.results[-1]).quote}" for b in left)
    return IntegratedBlocks(results, _facts(kept), tuple(words))


def _refined_blocks(work: StepWork) -> list[Block]:
    experiments = read_experiments(work.output_of("refine", "refined.expt")).experiments
    return [(scan.first_image, scan.last_image) for e in experiments if (scan := e.scan)]


def _split(work: StepWork, count: int) -> ProgramResult:
    folder = work.staging / SPLIT
    folder.mkdir()
    files = [Path("..", work.input_from("refine", f"refined.{suffix}")) for suffix in ("expt", "refl")]
    return programs.split_experiments(work.dials, folder, *files, experiment_count=count, limits=work.limits)


def _integrate_alone(work: StepWork, number: int, blocks: Sequence[Block]) -> _Alone:
    folder = work.staging / f"block-{number + 1}"
    folder.mkdir()
    part = Path("..", SPLIT, programs.split_name(number, len(blocks)))
    reference = part.with_suffix(".refl")
    integrated = integrate_pair(work, folder, part.with_suffix(".expt"), reference)
    return _Alone(blocks[number], folder, folder / reference, integrated.results)


def _put_together(work: StepWork, kept: Sequence[_Alone]) -> tuple[ProgramResult, ...]:
    """Leave the integrated blocks in one pair of files, as when they are integrated together."""
    folder = work.staging / "together"
    folder.mkdir()
    parts = [Path("..", block.folder.name, "integrated") for block in kept]
    pairs = [(part.with_suffix(".expt"), part.with_suffix(".refl")) for part in parts]
    combined = programs.combine_experiments(work.dials, folder, pairs, limits=work.limits)
    if combined.succeeded:
        for suffix in ("expt", "refl"):
            shutil.copyfile(folder / f"combined.{suffix}", work.staging / f"integrated.{suffix}")
    return (combined,)


def _facts(kept: Sequence[_Alone]) -> tuple[CrystalFact, ...]:
    """Return the crystals, numbered as they stand in the files put together."""
    return tuple(
        replace(fact, crystal_number=number)
        for number, block in enumerate(kept, start=1)
        for fact in crystal_facts(block.folder / "integrated.expt", block.reference)
    )
