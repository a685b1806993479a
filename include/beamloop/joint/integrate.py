"""Step integrate: intensities and an MTZ file for each crystal, with the joint models."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.paths import relative_to
from beamloop.dials_cli.program_outcomes import outcome_of_failure
from beamloop.joint.refine_divided import pairs_of_split, split_pairs
from beamloop.joint.work import REPORTS, JointFinding, JointWork, failed
from beamloop.records.identifiers import safe_name
from beamloop.records.joint import MemberFigures
from beamloop.records.program import ProgramResult
from beamloop.records.run import Run

RESULTS_NAME = "integration.json"


@dataclass(frozen=True, slots=True)
class Integrated:
    """What became of one crystal."""

    name: str  # "xtal2_1"
    mtz: str  # "xtal2_1.mtz"; "" where there is none
    why: str  # why there is none
    for_merging: bool


def perform(work: JointWork) -> JointFinding:
    """Integrate every crystal that was refined, where the result is published and its images are here."""
    comparison = REPORTS.read(work.directory / "refine").comparison
    if comparison is None or comparison.worse:
        return JointFinding("not integrated: the result is kept, not published")
    members = [member for member in comparison.members if member.after]
    if not any(_missing_images(work.runs[member.run_id]) == "" for member in members):
        _write(work, [_without_images(work, member) for member in members])
        return JointFinding("not integrated: no images on this machine")
    folder = work.new_folder("split")
    files = (work.output_of("refine", "refined.expt"), work.output_of("refine", "refined.refl"))
    split = split_pairs(work, folder, files, len(members))
    if not split.succeeded:
        return failed(work, (split,))
    started, done = [split], []
    for member, pair in zip(members, pairs_of_split(folder, len(members)), strict=True):
        result, results = _integrate(work, member, pair)
        started += results
        done.append(result)
    _write(work, done)
    return JointFinding(_words(done), tuple(started))


def read_integrated(directory: Path) -> list[Integrated]:
    """Return what the step wrote down; nothing where nothing was integrated."""
    path = directory / RESULTS_NAME
    return [Integrated(**entry) for entry in json.loads(path.read_bytes())] if path.exists() else []


def _write(work: JointWork, done: list[Integrated]) -> None:
    (work.staging / RESULTS_NAME).write_text(json.dumps([asdict(one) for one in done], indent=1), "utf-8")


def _missing_images(run: Run) -> str:
    """Say that images are missing; "" where all that the run had are here."""
    paths = run.images.paths()
    gone = [path for path in paths if not path.exists()]
    return f"{len(gone)} of its {len(paths)} image files are not on this machine" if gone or not paths else ""


def _without_images(work: JointWork, member: MemberFigures) -> Integrated:
    run = work.runs[member.run_id]
    return Integrated(member.name, "", _missing_images(run), run.parameters.for_merging)


def _integrate(
    work: JointWork, member: MemberFigures, pair: tuple[Path, Path]
) -> tuple[Integrated, list[ProgramResult]]:
    run = work.runs[member.run_id]
    if _missing_images(run):
        return _without_images(work, member), []
    key_name = safe_name(member.name)
    folder = work.new_folder(key_name)
    integrated = programs.integrate(
        work.dials,
        folder,
        *(relative_to(folder, path) for path in pair),
        options=run.parameters.options.get("integrate", ()),
        limits=work.limits,
    )
    results = [integrated]
    if integrated.succeeded:
        results.append(_export(work, run, folder, Path("..", f"{key_name}.mtz")))
    why = "" if results[-1].succeeded else _why(work, results[-1])
    mtz = "" if why else f"{key_name}.mtz"
    return Integrated(member.name, mtz, why, run.parameters.for_merging), results


def _export(work: JointWork, run: Run, folder: Path, mtz: Path) -> ProgramResult:
    return programs.export(
        work.dials,
        folder,
        Path("integrated.expt"),
        Path("integrated.refl"),
        mtz=mtz,
        options=run.parameters.options.get("export", ()),
        limits=work.limits,
    )


def _why(work: JointWork, result: ProgramResult) -> str:
    """Say why one crystal has no MTZ file; the others go on."""
    return outcome_of_failure(result, work.limits, work.step).sentence


def _words(done: list[Integrated]) -> str:
    written = sum(1 for one in done if one.mtz)
    without = [f"{one.name} ({one.why})" for one in done if not one.mtz]
    words = f"{written} MTZ files"
    return f"{words}; without one: {', '.join(without)}" if without else words
