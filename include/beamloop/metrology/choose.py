"""Step choose: which sweeps are refined, which are held out, and why."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from beamloop.dials_cli import programs
from beamloop.dials_cli.plain_images import plain_images
from beamloop.errors import InvalidInputError
from beamloop.geometry.hierarchy import panel_names
from beamloop.geometry.models import Document, first_models
from beamloop.image_files.detector_name import detector_name
from beamloop.metrology.choice import Chosen, Offer, choose_sweeps
from beamloop.metrology.offers import (
    Candidate,
    layout_path,
    panel_counts,
    read_candidates,
    strangers,
)
from beamloop.metrology.work import MetrologyFinding, MetrologyWork, failed, kept
from beamloop.records.geometry import SourceRole
from beamloop.records.identifiers import RunId
from beamloop.records.images import NumberedImages
from beamloop.records.metrology import Choice
from beamloop.records.program import ProgramResult

CHOICE = "choice.json"
LINKS = "links"  # folders of plain names for images, one for each run
MULTI_PANEL = "multi_panel=True"


def perform(work: MetrologyWork) -> MetrologyFinding:
    """Choose; write the panels' layout, and what was decided."""
    candidates, left = read_candidates(work)
    if candidates:
        left |= strangers(candidates)
    alike = [one for one in candidates if one.sweep.run_id not in left]
    if not alike:
        return kept("No candidate: no sweep can be used.", choices=_left_out(left))
    anchor = max(alike, key=lambda one: one.sweep.indexed_count)
    started = _write_layout(work, anchor)
    if started and not started[-1].succeeded:
        return failed(work, started)
    layout = first_models(layout_path(work.staging))
    offers = []
    for one in alike:
        try:
            offers.append(Offer(one.sweep.run_id, panel_counts(one, layout)))
        except InvalidInputError as error:
            left[one.sweep.run_id] = error.what
    return _decide(work, anchor, layout, offers, left, started)


def _decide(
    work: MetrologyWork,
    anchor: Candidate,
    layout: Document,
    offers: Sequence[Offer],
    left: dict[RunId, str],
    started: Sequence[ProgramResult],
) -> MetrologyFinding:
    options = work.metrology.options
    chosen = choose_sweeps(offers, panel_names(layout), options)
    choices = (*chosen.choices, *_left_out(left))
    refined = chosen.runs(SourceRole.REFINED)
    counts = [offer.counts for offer in offers if offer.run_id in refined]
    if not counts or np.sum(counts, axis=0).max() < options.least_panel_count:
        sentence = (
            f"No candidate: no panel has {options.least_panel_count} reflections in the "
            f"{len(offers)} sweeps that can be used."
        )
        return kept(sentence, started, choices)
    (work.staging / CHOICE).write_text(json.dumps(_document(chosen), indent=1), "utf-8")
    held = len(chosen.runs(SourceRole.HELD_OUT))
    text = f"{len(refined)} sweeps refined, {held} held out, {len(choices) - len(refined) - held} left out"
    if chosen.held_out_blocks:
        text += "; blocks of the refined ones are held out too"
    return MetrologyFinding(text, tuple(started), detector=_detector(anchor, layout), choices=choices)


def _left_out(left: dict[RunId, str]) -> list[Choice]:
    return [Choice(run_id, None, why) for run_id, why in left.items()]


def _document(chosen: Chosen) -> dict[str, Any]:
    return {
        "refined": chosen.runs(SourceRole.REFINED),
        "held_out": chosen.runs(SourceRole.HELD_OUT),
        "held_out_blocks": chosen.held_out_blocks,
    }


def _write_layout(work: MetrologyWork, anchor: Candidate) -> list[ProgramResult]:
    """Write the panels as the metrology will have them."""
    target = layout_path(work.staging)
    if not anchor.imported_again:
        shutil.copyfile(anchor.source.experiments, target)
        return []
    folder = work.new_folder("layout")
    result = import_panels(work, folder, anchor)
    if result.succeeded:
        shutil.copyfile(folder / "imported.expt", target)
    return [result]


def import_panels(
    work: MetrologyWork, folder: Path, one: Candidate, reference: Path | None = None, *options: str
) -> ProgramResult:
    """Import a sweep's images panel by panel into a folder.

    Parameters
    ----------
    work
        The step.
    folder
        Where the program runs.
    one
        The sweep.
    reference
        An `.expt` file whose detector is taken; None: the headers'.
    options
        More of dials.import, e.g. "use_beam_reference=False".

    Raises
    ------
    InvalidInputError
        When its images are not numbered files.
    """
    images = one.run.images
    if not isinstance(images, NumberedImages):
        raise InvalidInputError(
            f"The images of {one.sweep.name} are not numbered files, they cannot be imported panel by panel.",
            try_next="Ask for the metrology of this detector without this sweep: `beamloop exclude` it.",
        )
    links = work.directory / LINKS
    links.mkdir(exist_ok=True)
    return programs.import_images(
        work.services.dials,
        folder,
        plain_images(images, links / f"run-{one.sweep.run_id}"),
        reference_geometry=reference,
        options=(MULTI_PANEL, *options),
        limits=work.limits,
    )


def _detector(anchor: Candidate, layout: Document) -> str:
    """Return what the detector is called: by its models, its images, or its panels."""
    panels = layout["detector"][0]["panels"]
    said = str(panels[0].get("identifier", ""))
    images = anchor.run.images
    if not said and isinstance(images, NumberedImages):
        said = detector_name(images.path(images.first))
    width, height = panels[0]["image_size"]
    return said or f"{len(panels)} panels, the first of {width} x {height} pixels"
