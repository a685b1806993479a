"""Import a sweep panel by panel, with the geometry that serves its data."""

import json
import shutil
from pathlib import Path

from beamloop.geometry.models import Document, first_models
from beamloop.geometry.move import carried, move_to_header, shape_difference
from beamloop.metrology.choose import import_panels
from beamloop.metrology.offers import Candidate, import_folder
from beamloop.metrology.sweep_on_panels import HEADER, START, SweepOnPanels
from beamloop.metrology.work import MetrologyWork


def import_on_panels(work: MetrologyWork, sweep: SweepOnPanels) -> Path | None:
    """Import with the geometry that serves these data, and keep the models before and after.

    Parameters
    ----------
    work
        The step.
    sweep
        Whose images.

    Returns
    -------
    Path or None
        The imported experiments; None where that failed, which the sweep then says.

    Raises
    ------
    TransientError
        When a program was ended from outside, the disk is full, or the store does not answer.
    ArtifactMissingError, ArtifactDamagedError
        When the store has lost the geometry that serves.
    """
    header_folder = work.new_folder(f"run-{sweep.one.sweep.run_id}/header")
    header = header_folder / "imported.expt"
    result = import_panels(work, header_folder, sweep.one)
    if not sweep.went_well(work, result, "its images could not be imported"):
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
    if not sweep.went_well(work, result, f"it could not be imported with geometry {use.geometry_id}"):
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
