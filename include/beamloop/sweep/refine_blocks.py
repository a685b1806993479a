"""Refine the blocks of a sweep with missing images: each with its own crystal, all with one detector."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.crystal_facts import crystal_facts
from beamloop.dials_cli.experiments import read_experiments
from beamloop.dials_cli.failures import FailureCause, explain_failure
from beamloop.dials_cli.reflections import summarise_indexing
from beamloop.records.program import ProgramEnd, ProgramResult
from beamloop.sweep.block_words import Block, ranges
from beamloop.sweep.failures import explain
from beamloop.sweep.few_spots import refinement_options
from beamloop.sweep.work import Finding, StepWork

SPLIT = "split"
# What profile modelling needs of each experiment, profile.gaussian_rs.min_spots.overall in profiles.yaml: one
# block with fewer stops the integration of all.
FEWEST_USED = 10


@dataclass(frozen=True, slots=True)
class _IndexedBlock:
    """One block as indexing left it."""

    images: Block  # (9, 15)
    spots: int  # 19, indexed
    stem: str  # "split_1", its files' name


def refine_blocks(work: StepWork) -> Finding:
    """Refine all blocks together; one that has too few reflections leaves, so that the others go on.

    Parameters
    ----------
    work
        The step refine of a sweep whose blocks are indexed with one crystal.
    """
    blocks = _indexed_blocks(work)
    results: tuple[ProgramResult, ...] = (_split(work, len(blocks)),)
    if not results[-1].succeeded:
        return explain(work, results)
    left: list[_IndexedBlock] = []
    while True:
        folder = work.staging / f"try-{len(results)}"
        results += _refine_together(work, folder, blocks)
        weak = _weak_blocks(folder, blocks, results[-1])
        if not weak:
            break
        left += weak
        blocks = [block for block in blocks if block not in weak]
    if not results[-1].succeeded:
        return explain(work, results)
    for name in ("refined.expt", "refined.refl"):
        shutil.copyfile(folder / name, work.staging / name)
    return _finding(work, blocks, left, results)


def _indexed_blocks(work: StepWork) -> list[_IndexedBlock]:
    experiments = read_experiments(work.output_of("index", "indexed.expt")).experiments
    summaries = summarise_indexing(work.output_of("index", "indexed.refl"), experiments)
    return [
        _IndexedBlock(
            images=(experiment.scan.first_image, experiment.scan.last_image),
            spots=summary.indexed_count,
            stem=programs.split_name(number, len(experiments)),
        )
        for number, (experiment, summary) in enumerate(zip(experiments, summaries, strict=True))
        if experiment.scan
    ]


def _split(work: StepWork, count: int) -> ProgramResult:
    """Take the blocks apart: from here on each has a copy of the crystal that they were indexed with."""
    folder = work.staging / SPLIT
    folder.mkdir()
    indexed = [Path("..", work.input_from("index", f"indexed.{suffix}")) for suffix in ("expt", "refl")]
    return programs.split_experiments(
        work.dials, folder, *indexed, experiment_count=count, limits=work.limits
    )


def _refine_together(
    work: StepWork, folder: Path, blocks: Sequence[_IndexedBlock]
) -> tuple[ProgramResult, ...]:
    folder.mkdir()
    parts = [Path("..", SPLIT, block.stem) for block in blocks]
    pairs = [(part.with_suffix(".expt"), part.with_suffix(".refl")) for part in parts]
    combined = programs.combine_experiments(work.dials, folder, pairs, limits=work.limits)
    if not combined.succeeded:
        return (combined,)
    refined = programs.refine(
        work.dials,
        folder,
        Path("combined.expt"),
        Path("combined.refl"),
        options=(*refinement_options(sum(block.spots for block in blocks)), *work.options),
        limits=work.limits,
    )
    return combined, refined


def _weak_blocks(
    folder: Path, blocks: Sequence[_IndexedBlock], result: ProgramResult
) -> Sequence[_IndexedBlock]:
    """Name the blocks that hinder the others; never all of them."""
    if len(blocks) == 1:
        return []
    by_spots = sorted(blocks, key=lambda block: block.spots)
    if not result.succeeded:
        too_few = result.end is ProgramEnd.EXITED and _says_too_few(result)
        return by_spots[:1] if too_few else []
    experiments = read_experiments(folder / "refined.expt").experiments
    summaries = summarise_indexing(folder / "refined.refl", experiments)
    used = {block: summary.used_count for block, summary in zip(blocks, summaries, strict=True)}
    return [block for block in by_spots[:-1] if used[block] < FEWEST_USED]


def _says_too_few(result: ProgramResult) -> bool:
    return explain_failure(result).cause is FailureCause.TOO_FEW_REFLECTIONS


def _finding(
    work: StepWork,
    blocks: Sequence[_IndexedBlock],
    left: Sequence[_IndexedBlock],
    results: tuple[ProgramResult, ...],
) -> Finding:
    facts = crystal_facts(work.staging / "refined.expt", work.staging / "refined.refl")
    parts = [
        f"images {ranges([block.images])}: RMSD {fact.rmsd_x_px:.2f} {fact.rmsd_y_px:.2f} px"
        for block, fact in zip(blocks, facts, strict=True)
        if fact.rmsd_x_px is not None and fact.rmsd_y_px is not None
    ]
    parts += [
        f"images {ranges([block.images])} left out, {block.spots} spots are too few"
        for block in sorted(left, key=lambda block: block.images)
    ]
    return Finding("; ".join(parts), programs=results, crystals=facts)
