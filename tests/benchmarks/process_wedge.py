"""Take one wedge from images to MTZ, by the plain sequence of commands or by Beamloop's steps."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from beamloop.beamlines.profiles import make_parameters
from beamloop.beamlines.samples import parse_sample
from beamloop.catalog.second_chances import SiblingSweep
from beamloop.dials_cli import programs
from beamloop.dials_cli.crystal_facts import crystal_facts
from beamloop.dials_cli.experiments import read_experiments
from beamloop.dials_cli.handle import Dials
from beamloop.records.identifiers import RequestId, RunId, SweepId
from beamloop.records.images import SweepImages
from beamloop.records.outcome import OutcomeCode
from beamloop.records.parameters import STEPS
from beamloop.records.program import ProgramLimits, ProgramResult
from beamloop.records.run import Run
from beamloop.records.rung_record import RungRecord
from beamloop.sweep import export, find_spots, import_images, index, integrate, refine
from beamloop.sweep.consensus import Consensus
from beamloop.sweep.work import Finding, StepWork

# As a person knows the cell, from a frozen crystal: 98.3 and 136.6 A less 1 %.
SPACE_GROUP, CELL = "H 3", "97.3,97.3,135.2,90,90,120"
# A busy machine must not change what is found.
UNHURRIED = ProgramLimits(time_s=24 * 3600, index_time_s=24 * 3600)
PERFORM: dict[str, Callable[[StepWork], Finding]] = {
    "import": import_images.perform,
    "find_spots": find_spots.perform,
    "index": index.perform,
    "refine": refine.perform,
    "integrate": integrate.perform,
    "export": export.perform,
}


@dataclass(frozen=True, slots=True)
class Tried:
    """One rung of one wedge."""

    method: str  # "fft1d, known cell"
    accepted: bool
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Row:
    """One wedge, processed in one way."""

    wedge: str  # "xtal2_1"
    way: str  # "plain"
    ended: str  # "processed", or where and how it stopped
    cell: tuple[float, ...]  # of the result, in angstrom and degrees; () without one
    cpu_s: float
    rungs: tuple[Tried, ...] = ()
    integrations: int = 1

    @property
    def by_first_rung(self) -> bool:
        """Whether it came so far without a second try of anything."""
        return bool(self.rungs) and self.rungs[0].accepted and self.integrations == 1


def process_plainly(dials: Dials, folder: Path, images: SweepImages) -> Row:
    """Process a wedge by the plain sequence, with DIALS's defaults for indexing."""
    folder.mkdir(parents=True)
    results: list[ProgramResult] = []
    for result in _plain_sequence(dials, folder, images):
        results.append(result)
        if not result.succeeded:
            break
    ended = OutcomeCode.PROCESSED if results[-1].succeeded else results[-1].argv[0]
    return _row(images, "plain", ended, folder, results)


def _plain_sequence(dials: Dials, folder: Path, images: SweepImages) -> Iterator[ProgramResult]:
    """Start the programs one by one; the caller stops at a failure."""
    options = make_parameters("cells", limits=ProgramLimits()).options
    expt, refl = Path("indexed.expt"), Path("indexed.refl")
    yield programs.import_images(dials, folder, images.directory / images.template)
    yield programs.find_spots(dials, folder, Path("imported.expt"))
    yield programs.index(dials, folder, Path("imported.expt"), Path("strong.refl"), output_stem="p1")
    yield programs.index(dials, folder, Path("p1.expt"), Path("strong.refl"), space_group=SPACE_GROUP)
    yield programs.refine(dials, folder, expt, refl, options=options["refine"])
    expt, refl = Path("refined.expt"), Path("refined.refl")
    yield programs.integrate(dials, folder, expt, refl, options=options["integrate"])
    expt, refl = Path("integrated.expt"), Path("integrated.refl")
    yield programs.export(dials, folder, expt, refl, options=options["export"])


def process_with_ladder(
    dials: Dials,
    folder: Path,
    images: SweepImages,
    records: Sequence[RungRecord],
    consensus: Consensus | None = None,
) -> Row:
    """Process a wedge by the steps of the sweep stage, without a catalogue.

    With a consensus it is a second chance.
    """
    findings: dict[str, Finding] = {}
    run = _run(dials, images, consensus)
    for step in STEPS:
        staging = folder / f".staging-{step}"
        staging.mkdir(parents=True)
        work = StepWork(run, step, folder, staging, dials, tuple(records))
        findings[step] = PERFORM[step](work)
        staging.rename(folder / step)
        if findings[step].outcome:
            break
    results = [result for finding in findings.values() for result in finding.programs]
    outcome = findings[step].outcome
    rungs = findings["index"].rungs if "index" in findings else ()
    return replace(
        _row(
            images,
            "second" if consensus else "ladder",
            str(outcome.code) if outcome else "",
            folder / "integrate",
            results,
        ),
        rungs=tuple(Tried(rung.method, rung.accepted, rung.cpu_s) for rung in rungs),
        integrations=sum(result.argv[0] == "dials.integrate" for result in results),
    )


def as_sibling(folder: Path, row: Row) -> SiblingSweep:
    """Return a wedge as its siblings see it, from the files that its steps left."""
    parameters = make_parameters("cells", sample=parse_sample(SPACE_GROUP, CELL), limits=UNHURRIED)
    found = row.ended == OutcomeCode.PROCESSED
    refined = [folder / "refine" / f"refined.{suffix}" for suffix in ("expt", "refl")]
    fact = crystal_facts(refined[0], refined[1])[0] if found else None
    return SiblingSweep(
        SweepId(1),
        row.wedge,
        "",
        RunId(1),
        parameters,
        "",
        OutcomeCode(row.ended),
        ended_lately=True,
        had_second_chance=False,
        space_group=fact.space_group if fact else None,
        cell=fact.cell if fact else None,
        distance_mm=fact.distance_mm if fact else None,
        beam_x_mm=fact.beam_x_mm if fact else None,
        beam_y_mm=fact.beam_y_mm if fact else None,
    )


def _run(dials: Dials, images: SweepImages, consensus: Consensus | None) -> Run:
    sample = consensus.sample if consensus else parse_sample(SPACE_GROUP, CELL)
    parameters = make_parameters("cells", sample=sample, limits=UNHURRIED)
    return Run(
        run_id=RunId(1),
        request_id=RequestId(1),
        sweep_name=images.name,
        images=images,
        content_sha256="",
        parameters=replace(parameters, siblings=consensus.siblings if consensus else None),
        dials_version=dials.version(),
        place="",
    )


def _row(images: SweepImages, way: str, ended: str, folder: Path, results: Sequence[ProgramResult]) -> Row:
    integrated = folder / "integrated.expt"
    crystal = read_experiments(integrated).experiments[0].crystal if integrated.exists() else None
    return Row(
        wedge=images.name,
        way=way,
        ended=ended,
        cell=crystal.cell.as_tuple() if crystal else (),
        cpu_s=round(sum(result.cpu_s for result in results), 2),
    )
