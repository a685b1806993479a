"""How data that were held out lie with each geometry: as they were imported, and at every level.

On every side the same reflections, and the crystals refined alike: cell and orientation, with beam and
detector held. What is an outlier is decided before, by refining each sweep with a detector of its own as one
body, so that no geometry chooses its reflections.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.geometry_comparison import GeometryComparison, compare_geometries, read_comparison
from beamloop.dials_cli.paths import relative_to
from beamloop.geometry.models import Document, beam_path_mm, first_models, read_models
from beamloop.geometry.move import move_to_header
from beamloop.metrology.index_sweeps import INDEXED, pair_of
from beamloop.metrology.levels import Level, Pair, read_levels
from beamloop.metrology.refine import combine
from beamloop.metrology.sweep_on_panels import HEADER, START
from beamloop.metrology.work import MetrologyWork
from beamloop.records.artifact import StoredObject
from beamloop.records.geometry import GeometryId, GeometryUse
from beamloop.records.identifiers import RunId
from beamloop.records.program import ProgramResult

# A narrow wedge may not carry every parameter of a detector of its own; what it cannot stays as it is.
OWN_DETECTOR = ("auto_reduction.action=fix", "hierarchy_level=0")
NO_MODELS = StoredObject("", "", 0)


@dataclass(frozen=True, slots=True)
class Geometries:
    """Files of one beam and one detector, each as an import would take it."""

    paths: tuple[Path, ...]  # as imported, level 0, level 1 ...
    levels: tuple[Level, ...]
    header: Document
    start: Document


@dataclass(frozen=True, slots=True)
class Judged:
    """What the reflections say of the geometries, in the order of their files."""

    held_out: GeometryComparison
    refined: GeometryComparison


@dataclass(slots=True)
class Account:
    """What was started on the way, and who left."""

    programs: list[ProgramResult] = field(default_factory=list)
    left: dict[RunId, str] = field(default_factory=dict)  # held-out sweeps that could not be refined

    @property
    def failed(self) -> bool:
        """Whether the last program failed."""
        return bool(self.programs) and not self.programs[-1].succeeded


def write_geometries(work: MetrologyWork) -> Geometries:
    """Write every level's geometry as an import of these images would take it.

    Where the beamline's imports take the header's beam, the detector goes along to where that meets it as
    the refined beam did, see :func:`beamloop.geometry.move.move_to_header`.
    """
    header, start = (first_models(work.output_of("index", name)) for name in (HEADER, START))
    options, folder = work.metrology.options, work.new_folder("geometries")
    use = GeometryUse(
        geometry_id=GeometryId(0),
        models=NO_MODELS,
        header_distance_mm=beam_path_mm(header),
        multi_panel=True,
        takes_beam=options.takes_beam,
        takes_goniometer=options.takes_goniometer,
    )
    levels = read_levels(work.directory / "refine")
    documents = {"imported": start}
    for level in levels:
        documents[f"level_{level.level}"] = move_to_header(
            read_models(refined_pair(work, level)[0]), header, use
        )
    paths = []
    for name, document in documents.items():
        paths.append(folder / f"{name}.expt")
        paths[-1].write_text(json.dumps(document, indent=1, sort_keys=True), "utf-8")
    return Geometries(tuple(paths), tuple(levels), header, start)


def refined_pair(work: MetrologyWork, level: Level) -> Pair:
    """Return the files that the step refine left at a level."""
    folder = work.output_of("refine", f"level_{level.level}")
    return folder / "refined.expt", folder / "refined.refl"


def judge(work: MetrologyWork, geometries: Geometries, account: Account) -> Judged | None:
    """Compare the geometries on held-out and on refined data; None where there is nothing to judge by."""
    pair = _held_out_pair(work, account)
    if pair is None:
        return None
    held_out = _compare(work, account, pair, geometries.paths, "held_out.npz")
    if held_out is None:
        return None
    used = refined_pair(work, geometries.levels[-1])
    refined = _compare(work, account, used, geometries.paths, "refined.npz")
    return None if refined is None else Judged(held_out, refined)


def _held_out_pair(work: MetrologyWork, account: Account) -> Pair | None:
    indexed = json.loads(work.output_of("index", INDEXED).read_text("utf-8"))
    pairs = []
    for number in indexed["held_out"]:
        run_id = RunId(number)
        refined = _refined_alone(
            work, account, f"held-out-{run_id}", pair_of(work.directory / "index", run_id)
        )
        if refined is None:
            account.left[run_id] = "held out, but it could not be refined by itself"
        else:
            pairs.append(refined)
    if indexed["held_out_blocks"]:
        refined = _refined_alone(work, account, "held-out-blocks", _blocks(work, indexed["refined"]))
        pairs += [refined] if refined else []
    if not pairs:
        return None
    if len(pairs) == 1:
        return pairs[0]
    pair = combine(work, "held-out", pairs, (), account.programs)
    return pair if account.programs[-1].succeeded else None


def _blocks(work: MetrologyWork, refined: Sequence[int]) -> Pair:
    """Return the files of the blocks that the step refine held out."""
    experiments = work.output_of("refine", "together/combined.expt")
    if len(refined) == 1:
        experiments = pair_of(work.directory / "index", RunId(refined[0]))[0]
    return experiments, work.output_of("refine", "blocks/part_B.refl")


def _refined_alone(work: MetrologyWork, account: Account, name: str, pair: Pair) -> Pair | None:
    folder = work.new_folder(name)
    result = programs.refine(
        work.services.dials,
        folder,
        *(relative_to(folder, path) for path in pair),
        options=(*work.metrology.options.refine, *OWN_DETECTOR),
        limits=work.limits,
    )
    account.programs.append(result)
    return (folder / "refined.expt", folder / "refined.refl") if result.succeeded else None


def _compare(
    work: MetrologyWork, account: Account, pair: Pair, geometries: Sequence[Path], output: str
) -> GeometryComparison | None:
    experiments, reflections = (relative_to(work.staging, path) for path in pair)
    result = compare_geometries(
        work.services.dials,
        work.staging,
        experiments,
        reflections,
        [relative_to(work.staging, path) for path in geometries],
        output=output,
        limits=work.limits,
    )
    account.programs.append(result)
    return read_comparison(work.staging / output) if result.succeeded else None
