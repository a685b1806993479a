"""Step refine: the detector as one body, then in ever smaller parts, all sweeps together."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.experiments import read_experiments
from beamloop.dials_cli.paths import relative_to
from beamloop.dials_cli.selecting import deal_reflections
from beamloop.geometry.hierarchy import hierarchy_depth, tidied
from beamloop.geometry.models import first_models
from beamloop.metrology.index_sweeps import INDEXED, pair_of
from beamloop.metrology.levels import LEVELS, Level, Pair, level_figures, words_of
from beamloop.metrology.work import MetrologyFinding, MetrologyWork, failed
from beamloop.records.identifiers import RunId
from beamloop.records.program import ProgramResult

SHARED = ("beam", "detector")  # each keeps its goniometer: kappa may differ, and nothing of it is refined
HELD_OUT_BLOCKS = "AAAAB"  # every fifth block of rotation
BLOCK_COUNT = 20  # of each sweep: 4.5 deg each of 90
# Of several crystals, one with too few reflections is taken out; alone it has to be refined.
TAKE_OUT = "auto_reduction.action=remove"
TIDY = "tidy/tidied.expt"


def perform(work: MetrologyWork) -> MetrologyFinding:
    """Refine level by level; write level_0/refined.expt and so on, as deep as it goes."""
    started: list[ProgramResult] = []
    pair = _together(work, started)
    if pair is None:
        return failed(work, started)
    pair = _tidied(work, pair)
    depth = min(hierarchy_depth(first_models(pair[0])), work.metrology.options.deepest_level)
    levels: list[Level] = []
    for level in range(depth + 1):
        folder = work.new_folder(f"level_{level}")
        started.append(refine_level(work, folder, pair, level, several=_several(pair[0])))
        if not started[-1].succeeded:
            break
        refined = folder / "refined.expt", folder / "refined.refl"
        levels.append(level_figures(level, pair if levels else None, refined))
        pair = refined
    stopped = None if started[-1].succeeded else failed(work, started)
    # A level that the data do not carry leaves those above it; what a crash leaves is no result.
    if stopped and (stopped.outcome or not levels):
        return stopped
    (work.staging / LEVELS).write_text(json.dumps([asdict(level) for level in levels], indent=1), "utf-8")
    words = words_of(levels[-1], first_models(pair[0]))
    if stopped:
        words += f"; level {len(levels)} could not be refined: {stopped.text}"
    return MetrologyFinding(words, tuple(started))


def _together(work: MetrologyWork, started: list[ProgramResult]) -> Pair | None:
    """Put the refined sweeps on one beam and one detector, without what is held out of them."""
    indexed = json.loads(work.output_of("index", INDEXED).read_text("utf-8"))
    pairs = [pair_of(work.directory / "index", RunId(run_id)) for run_id in indexed["refined"]]
    pair = pairs[0]
    if len(pairs) > 1:
        pair = combine(work, "together", pairs, SHARED, started)
        if not started[-1].succeeded:
            return None
    if not indexed["held_out_blocks"]:
        return pair
    folder = work.new_folder("blocks")
    started.append(deal(work, folder, pair, HELD_OUT_BLOCKS))
    return (pair[0], folder / "part_A.refl") if started[-1].succeeded else None


def _tidied(work: MetrologyWork, pair: Pair) -> Pair:
    """Let every level of the detector divide the one above; files with nothing to tidy stay as they are."""
    document = json.loads(pair[0].read_bytes())
    detectors = [tidied(detector) for detector in document["detector"]]
    if detectors == document["detector"]:
        return pair
    path = work.staging / TIDY
    path.parent.mkdir()
    path.write_text(json.dumps(document | {"detector": detectors}), "utf-8")
    return path, pair[1]


def combine(
    work: MetrologyWork,
    name: str,
    pairs: Sequence[Pair],
    shared: Sequence[str],
    started: list[ProgramResult],
) -> Pair:
    """Put pairs of files into one, in a new folder."""
    folder = work.new_folder(name)
    relative = [(relative_to(folder, expt), relative_to(folder, refl)) for expt, refl in pairs]
    started.append(
        programs.combine_experiments(work.services.dials, folder, relative, shared=shared, limits=work.limits)
    )
    return folder / "combined.expt", folder / "combined.refl"


def deal(work: MetrologyWork, folder: Path, pair: Pair, pattern: str) -> ProgramResult:
    """Deal the reflections of a pair of files to parts, by blocks of rotation."""
    return deal_reflections(
        work.services.dials,
        folder,
        *(relative_to(folder, path) for path in pair),
        pattern=pattern,
        block_count=BLOCK_COUNT,
        limits=work.limits,
    )


def refine_level(
    work: MetrologyWork, folder: Path, pair: Pair, level: int, *, several: bool
) -> ProgramResult:
    """Refine the detector at a level of its hierarchy, and the crystals with it.

    Parameters
    ----------
    work
        The step.
    folder
        Where the program runs.
    pair
        Experiments and reflections, all sweeps in one list.
    level
        0: the detector as a whole; n: the groups n levels below, or the panels.
    several
        Whether there are several experiments.
    """
    return programs.refine(
        work.services.dials,
        folder,
        *(relative_to(folder, path) for path in pair),
        engine=work.services.dials.settings.refinement_engine,
        options=level_options(work, level, several=several),
        limits=work.limits,
    )


def level_options(work: MetrologyWork, level: int, *, several: bool) -> tuple[str, ...]:
    """Return the options of dials.refine for a level."""
    options = work.metrology.options
    of_panels = (*options.panels, f"auto_reduction.min_nref_per_parameter={options.least_panel_count}")
    of_level = of_panels if level else (TAKE_OUT,) if several else ()
    return (*options.refine, *of_level, f"hierarchy_level={level}")


def _several(experiments: Path) -> bool:
    return len(read_experiments(experiments).experiments) > 1
