"""Export the blocks of a sweep with missing images, each to an MTZ file of its own."""

from collections.abc import Sequence
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.experiments import read_experiments
from beamloop.dials_cli.failures import FailureCause, explain_failure
from beamloop.records.program import ProgramEnd, ProgramResult
from beamloop.sweep.block_words import Block, ranges
from beamloop.sweep.failures import explain
from beamloop.sweep.work import Finding, StepWork, processed

SPLIT = "split"
# A block with nothing to export: all its reflections are cut by its ends, or none was integrated.
EMPTY = (FailureCause.NOTHING_LEFT, FailureCause.TOO_FEW_REFLECTIONS)


def export_blocks(work: StepWork) -> Finding:
    """Write integrated_1.mtz, ... in the blocks' order, or integrated.mtz where one block is left.

    Parameters
    ----------
    work
        The step export of a sweep whose blocks are integrated.
    """
    blocks = _integrated_blocks(work)
    split = _split(work, len(blocks))
    if not split.succeeded:
        return explain(work, (split,))
    results, written = [split], {}
    for number, block in enumerate(blocks, start=1):
        name = f"integrated_{number}.mtz" if len(blocks) > 1 else "integrated.mtz"
        result = _export(work, number, len(blocks), name)
        results.append(result)
        if result.succeeded:
            written[block] = name
        elif not _is_empty(result):
            return explain(work, tuple(results))
    if not written:
        return explain(work, tuple(results))
    return processed(work, ", ".join(written.values()), _words(work, list(written)), results)


def _integrated_blocks(work: StepWork) -> list[Block]:
    experiments = read_experiments(work.output_of("integrate", "integrated.expt")).experiments
    return [(scan.first_image, scan.last_image) for e in experiments if (scan := e.scan)]


def _split(work: StepWork, count: int) -> ProgramResult:
    folder = work.staging / SPLIT
    folder.mkdir()
    files = [Path("..", work.input_from("integrate", f"integrated.{suffix}")) for suffix in ("expt", "refl")]
    return programs.split_experiments(work.dials, folder, *files, experiment_count=count, limits=work.limits)


def _export(work: StepWork, number: int, count: int, name: str) -> ProgramResult:
    """Export one block in a folder of its own, so that no program overwrites another's log."""
    folder = work.staging / f"block-{number}"
    folder.mkdir()
    part = Path("..", SPLIT, programs.split_name(number - 1, count))
    return programs.export(
        work.dials,
        folder,
        part.with_suffix(".expt"),
        part.with_suffix(".refl"),
        mtz=Path("..", name),
        options=work.options,
        limits=work.limits,
    )


def _is_empty(result: ProgramResult) -> bool:
    return result.end is ProgramEnd.EXITED and explain_failure(result).cause in EMPTY


def _words(work: StepWork, written: Sequence[Block]) -> str:
    """Say which blocks came to an MTZ file and which did not."""
    left = [block for block in work.run.images.blocks() if block not in written]
    each = "one for each block" if len(written) > 1 else "one block"
    words = f"Images to MTZ, {each}: {ranges(written)}."
    return f"{words} Left out, with too few reflections: images {ranges(left)}." if left else words
