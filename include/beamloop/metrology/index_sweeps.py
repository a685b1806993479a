"""Step index: the chosen sweeps' spots on the panels, indexed with the crystals that are known."""

import json
import shutil
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.experiments import read_experiments
from beamloop.dials_cli.paths import relative_to
from beamloop.dials_cli.reflections import summarise_indexing
from beamloop.errors import InvalidInputError
from beamloop.metrology.choice import FEWEST_REFLECTIONS, blocks_are_held_out
from beamloop.metrology.choose import CHOICE
from beamloop.metrology.index_images import index_images
from beamloop.metrology.offers import CRYSTAL, Candidate, import_folder, read_candidates
from beamloop.metrology.sweep_on_panels import HEADER, START, SweepOnPanels
from beamloop.metrology.work import MetrologyFinding, MetrologyWork, kept
from beamloop.records.geometry import SourceRole
from beamloop.records.identifiers import RunId
from beamloop.records.metrology import Choice

INDEXED = "indexed.json"


def perform(work: MetrologyWork) -> MetrologyFinding:
    """Index every chosen sweep; write a pair of files for each, and the geometry before."""
    choice = json.loads(work.output_of("choose", CHOICE).read_text("utf-8"))
    chosen = [RunId(number) for role in SourceRole for number in choice[role.value]]
    candidates = {one.sweep.run_id: one for one in read_candidates(work)[0]}
    sweeps = [_index(work, candidates[run_id]) for run_id in chosen if run_id in candidates]
    started = [program for sweep in sweeps for program in sweep.programs]
    good = {sweep.one.sweep.run_id for sweep in sweeps if not sweep.fault}
    left = [
        Choice(sweep.one.sweep.run_id, None, f"chosen, but {sweep.fault}") for sweep in sweeps if sweep.fault
    ]
    refined = [run_id for run_id in choice["refined"] if run_id in good]
    if not refined:
        named = "; ".join(f"{sweep.one.sweep.name}: {sweep.fault}" for sweep in sweeps)
        return kept(f"No candidate: no sweep could be indexed on the panels. {named}", started, left)
    _keep_geometries(work, next(s for s in sweeps if s.one.sweep.run_id == refined[0]))
    held = [run_id for run_id in choice["held_out"] if run_id in good]
    document = choice | {"refined": refined, "held_out": held}
    held_count = sum(sweep.indexed_count for sweep in sweeps if sweep.one.sweep.run_id in held)
    document["held_out_blocks"] = blocks_are_held_out(held_count, work.metrology.options)
    (work.staging / INDEXED).write_text(json.dumps(document, indent=1), "utf-8")
    total = sum(sweep.indexed_count for sweep in sweeps if sweep.one.sweep.run_id in good)
    text = f"{total} reflections of {len(good)} sweeps on the panels, {held_count} of them held out"
    if left:
        text += f"; {len(left)} left"
    return MetrologyFinding(text, tuple(started), choices=tuple(left))


def pair_of(folder: Path, run_id: RunId) -> tuple[Path, Path]:
    """Return where a sweep's indexed experiments and reflections are, below the step's folder."""
    return folder / f"run-{run_id}" / "indexed.expt", folder / f"run-{run_id}" / "indexed.refl"


def _index(work: MetrologyWork, one: Candidate) -> SweepOnPanels:
    sweep = SweepOnPanels(one, work.new_folder(f"run-{one.sweep.run_id}"))
    if one.imported_again:
        index_images(work, sweep)
    else:
        _as_it_is(work, sweep)
    if not sweep.fault:
        _count(sweep)
    return sweep


def _count(sweep: SweepOnPanels) -> None:
    try:
        models = read_experiments(sweep.folder / "indexed.expt").experiments
        sweep.indexed_count = summarise_indexing(sweep.folder / "indexed.refl", models)[CRYSTAL].indexed_count
    except InvalidInputError as error:
        sweep.fault = error.what
        return
    if sweep.indexed_count < FEWEST_REFLECTIONS:
        sweep.fault = f"{sweep.indexed_count} of its spots could be indexed, {FEWEST_REFLECTIONS} are needed"


def _as_it_is(work: MetrologyWork, sweep: SweepOnPanels) -> None:
    """Take the run's own spots; of several crystals the first."""
    source, run_id = sweep.one.source, sweep.one.sweep.run_id
    files = source.experiments, source.reflections
    count = len(read_experiments(source.experiments).experiments)
    if count > 1:
        split = programs.split_experiments(
            work.services.dials,
            sweep.folder,
            *(relative_to(sweep.folder, path) for path in files),
            experiment_count=count,
            limits=work.limits,
        )
        if not sweep.went_well(work, split, "its crystals could not be told apart"):
            return
        stem = sweep.folder / programs.split_name(CRYSTAL, count)
        files = stem.with_suffix(".expt"), stem.with_suffix(".refl")
    for path, suffix in zip(files, ("expt", "refl"), strict=True):
        shutil.copyfile(path, sweep.folder / f"indexed.{suffix}")
    imported = import_folder(work, run_id)
    for name, start in ((HEADER, "header.expt"), (START, "imported.expt")):
        known = imported / start
        shutil.copyfile(known if known.exists() else source.experiments, sweep.folder / name)


def _keep_geometries(work: MetrologyWork, first: SweepOnPanels) -> None:
    for name in (HEADER, START):
        shutil.copyfile(first.folder / name, work.staging / name)
