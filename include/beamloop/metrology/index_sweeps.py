"""Step index: the chosen sweeps' spots on the panels, indexed with the crystals that are known."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.crystal_writing import primitive_crystal
from beamloop.dials_cli.experiments import read_experiments
from beamloop.dials_cli.paths import relative_to
from beamloop.dials_cli.program_outcomes import outcome_of_failure
from beamloop.dials_cli.reflections import summarise_indexing
from beamloop.errors import InvalidInputError
from beamloop.geometry.models import Document, first_models
from beamloop.geometry.move import carried, move_to_header, shape_difference
from beamloop.metrology.choice import FEWEST_REFLECTIONS, blocks_are_held_out
from beamloop.metrology.choose import CHOICE, import_panels
from beamloop.metrology.offers import CRYSTAL, Candidate, import_folder, read_candidates
from beamloop.metrology.work import MetrologyFinding, MetrologyWork, kept
from beamloop.records.geometry import SourceRole
from beamloop.records.identifiers import RunId
from beamloop.records.metrology import Choice
from beamloop.records.program import ProgramResult

HEADER = "header.expt"  # beam and detector as the headers of the strongest sweep's images have them
START = "start.expt"  # as they were imported
INDEXED = "indexed.json"


@dataclass(slots=True)
class _Sweep:
    """What has become of one sweep so far."""

    one: Candidate
    folder: Path
    programs: list[ProgramResult] = field(default_factory=list)
    fault: str = ""
    indexed_count: int = 0


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


def _index(work: MetrologyWork, one: Candidate) -> _Sweep:
    sweep = _Sweep(one, work.new_folder(f"run-{one.sweep.run_id}"))
    if one.imported_again:
        _from_images(work, sweep)
    else:
        _as_it_is(work, sweep)
    if not sweep.fault:
        _count(sweep)
    return sweep


def _count(sweep: _Sweep) -> None:
    try:
        models = read_experiments(sweep.folder / "indexed.expt").experiments
        sweep.indexed_count = summarise_indexing(sweep.folder / "indexed.refl", models)[CRYSTAL].indexed_count
    except InvalidInputError as error:
        sweep.fault = error.what
        return
    if sweep.indexed_count < FEWEST_REFLECTIONS:
        sweep.fault = f"{sweep.indexed_count} of its spots could be indexed, {FEWEST_REFLECTIONS} are needed"


def _as_it_is(work: MetrologyWork, sweep: _Sweep) -> None:
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
        if not _went_well(work, sweep, split, "its crystals could not be told apart"):
            return
        stem = sweep.folder / programs.split_name(CRYSTAL, count)
        files = stem.with_suffix(".expt"), stem.with_suffix(".refl")
    for path, suffix in zip(files, ("expt", "refl"), strict=True):
        shutil.copyfile(path, sweep.folder / f"indexed.{suffix}")
    imported = import_folder(work, run_id)
    for name, start in ((HEADER, "header.expt"), (START, "imported.expt")):
        known = imported / start
        shutil.copyfile(known if known.exists() else source.experiments, sweep.folder / name)


def _from_images(work: MetrologyWork, sweep: _Sweep) -> None:
    """Import panel by panel, find spots, index with the run's crystal."""
    imported = _import(work, sweep)
    if imported is None:
        return
    spots = programs.find_spots(
        work.services.dials,
        sweep.folder,
        relative_to(sweep.folder, imported),
        options=work.metrology.options.find_spots,
        limits=work.limits,
    )
    if not _went_well(work, sweep, spots, "no spots were found on its images"):
        return
    known = _with_known_crystal(work, sweep.one, imported)
    (sweep.folder / "known.expt").write_text(json.dumps(known), "utf-8")
    indexed = programs.index(
        work.services.dials,
        sweep.folder,
        Path("known.expt"),
        Path("strong.refl"),
        space_group=sweep.one.model.crystal.space_group if sweep.one.model.crystal else None,
        options=work.metrology.options.index,
        limits=work.limits,
    )
    _went_well(work, sweep, indexed, "its spots could not be indexed with the known crystal")


def _import(work: MetrologyWork, sweep: _Sweep) -> Path | None:
    """Import with the geometry that serves these data; None where that failed."""
    header_folder = work.new_folder(f"run-{sweep.one.sweep.run_id}/header")
    header = header_folder / "imported.expt"
    result = import_panels(work, header_folder, sweep.one)
    if not _went_well(work, sweep, result, "its images could not be imported"):
        return None
    shutil.copyfile(header, sweep.folder / HEADER)
    use = work.metrology.start
    if use is None:
        shutil.copyfile(header, sweep.folder / START)
        return header
    folder = work.new_folder(f"run-{sweep.one.sweep.run_id}/geometry")
    moved = _moved(work, sweep.one, first_models(header))
    if isinstance(moved, str):
        sweep.fault = f"geometry {use.geometry_id} is of another detector: {moved}"
        return None
    (folder / "moved_geometry.expt").write_text(json.dumps(moved, indent=1, sort_keys=True), "utf-8")
    takes = f"use_beam_reference={use.takes_beam}", f"use_gonio_reference={use.takes_goniometer}"
    result = import_panels(work, folder, sweep.one, Path("moved_geometry.expt"), *takes)
    if not _went_well(work, sweep, result, f"it could not be imported with geometry {use.geometry_id}"):
        return None
    shutil.copyfile(folder / "imported.expt", sweep.folder / START)
    return folder / "imported.expt"


def _moved(work: MetrologyWork, one: Candidate, header: Document) -> Document | str:
    """Return the geometry that serves these data where their headers have it, or why that cannot be."""
    use = work.metrology.start
    if use is None:
        return header
    path = work.directory / "serving.expt"
    if not path.exists():
        work.services.store.fetch(use.models.key, path, sha256=use.models.sha256)
    serving = first_models(path)
    whole = import_folder(work, one.sweep.run_id) / "header.expt"
    if not use.multi_panel and len(header["detector"][0]["panels"]) > 1 and whole.exists():
        # Panels imported by themselves, and a geometry of the whole: each keeps its place in it.
        serving = carried(header, first_models(whole), serving)
    return shape_difference(serving, header) or move_to_header(serving, header, use)


def _with_known_crystal(work: MetrologyWork, one: Candidate, imported: Path) -> Document:
    """Return imported experiments with the run's crystal, beam, and detector, moved as the run refined it."""
    document: Document = json.loads(imported.read_bytes())
    known: Document = json.loads(one.source.experiments.read_bytes())
    refined, start = (
        first_models(one.source.experiments),
        import_folder(work, one.sweep.run_id) / "imported.expt",
    )
    if len(refined["detector"][0]["panels"]) == len(document["detector"][0]["panels"]):
        document["detector"], document["beam"] = refined["detector"], refined["beam"]
    elif start.exists():
        document = carried(document, first_models(start), refined)
    crystal = known["crystal"][known["experiment"][CRYSTAL]["crystal"]]
    document["crystal"] = [primitive_crystal(crystal)]
    for experiment in document["experiment"]:
        experiment["crystal"] = 0
    return document


def _went_well(work: MetrologyWork, sweep: _Sweep, result: ProgramResult, fault: str) -> bool:
    """Keep a program; where it failed, say why the sweep cannot be used.

    Raises
    ------
    TransientError
        When it was ended from outside, or the disk is full.
    """
    sweep.programs.append(result)
    if not result.succeeded:
        ended = outcome_of_failure(result, work.limits, work.step)
        sweep.fault = f"{fault}: {ended.sentence}"
    return result.succeeded


def _keep_geometries(work: MetrologyWork, first: _Sweep) -> None:
    for name in (HEADER, START):
        shutil.copyfile(first.folder / name, work.staging / name)
