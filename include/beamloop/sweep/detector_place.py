"""Where an import puts the detector: the geometry in force, and for a second chance the siblings' place."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from beamloop.dials_cli.experiments import read_experiments
from beamloop.geometry.models import first_models
from beamloop.geometry.move import move_to_header, shape_difference
from beamloop.records.geometry import GeometryUse
from beamloop.records.images import NumberedImages
from beamloop.records.outcome import OutcomeCode
from beamloop.records.program import ProgramResult
from beamloop.sweep.failures import explain
from beamloop.sweep.siblings_geometry import siblings_options
from beamloop.sweep.work import Finding, StepWork, stopped

IMPORTED = "imported.expt"
GEOMETRY = "geometry.expt"  # as the store has it
MOVED = "moved_geometry.expt"  # at the distance of these images
ONE_PANEL = (
    " DIALS cuts mini-CBF images of Pilatus detectors into modules; of others it has the panels that their "
    "headers describe, here one. Give such images a beamline of their own, with a geometry of one panel."
)
Import = Callable[[StepWork], Sequence[ProgramResult]]


def for_headers(work: StepWork) -> StepWork:
    """Return the import that reads the headers: in a folder of its own where another one may follow.

    What is imported last is copied from its folder, by which `beamloop reproduce` knows what to repeat.
    """
    use = work.run.geometry
    if use is None and work.run.parameters.siblings is None:
        return work
    # Of mini-CBF files only: others have as many panels as their headers say.
    panels = use is not None and use.multi_panel and isinstance(work.run.images, NumberedImages)
    return work.below("header", ("multi_panel=True",) if panels else ())


def place_detector(work: StepWork, header: StepWork, found: Finding, do_import: Import) -> Finding:
    """Import again with the detector where it belongs.

    Parameters
    ----------
    work
        The step.
    header
        The import that has read the headers, see :func:`for_headers`.
    found
        What it found.
    do_import
        Starts the programs.
    """
    if header is work:
        return found
    last, use = header, work.run.geometry
    if use is not None:
        difference = _write_moved(work.staging, header.staging / IMPORTED, use)
        if difference:
            words = f"Geometry {use.geometry_id} is of another detector: {difference}."
            if use.multi_panel and _is_one_panel(header.staging / IMPORTED):
                words += ONE_PANEL
            return stopped(work, OutcomeCode.GEOMETRY_MISMATCH, words, found.programs)
        last = _with_geometry(work, header, use)
        found = _again(last, found, f"geometry {use.geometry_id}", do_import)
    siblings = work.run.parameters.siblings
    if siblings is not None and found.outcome is None:
        detector = read_experiments(last.staging / IMPORTED).experiments[0].detector
        options = siblings_options(siblings, detector)
        if options:
            last = replace(last, staging=work.staging).below("siblings", options)
            words = f"the detector is put where {siblings.count} siblings have theirs"
            found = _again(last, found, words, do_import)
    if found.outcome is None:
        shutil.copyfile(last.staging / IMPORTED, work.staging / IMPORTED)
    return found


def _with_geometry(work: StepWork, header: StepWork, use: GeometryUse) -> StepWork:
    takes = f"use_beam_reference={use.takes_beam}", f"use_gonio_reference={use.takes_goniometer}"
    placed = replace(header, staging=work.staging, reference_geometry=work.staging / MOVED)
    return placed.below("geometry", takes)


def _again(work: StepWork, found: Finding, words: str, do_import: Import) -> Finding:
    results = (*found.programs, *do_import(work))
    if not results[-1].succeeded:
        return explain(work, results)
    return replace(found, text=f"{found.text}; {words}", programs=results)


def _is_one_panel(imported: Path) -> bool:
    return len(first_models(imported)["detector"][0]["panels"]) == 1


def _write_moved(staging: Path, imported: Path, use: GeometryUse) -> str:
    """Put the geometry where these images' headers have the detector; return why that cannot be, or ""."""
    refined, header = first_models(staging / GEOMETRY), first_models(imported)
    difference = shape_difference(refined, header)
    if not difference:
        moved = move_to_header(refined, header, use)
        (staging / MOVED).write_text(json.dumps(moved, indent=1, sort_keys=True), "utf-8")
    return difference
