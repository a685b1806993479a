"""Read what the runs left: whether a sweep can be used with the others, and where its reflections lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from beamloop.catalog.runs import artifacts_of_step, load_run
from beamloop.dials_cli.experiments import ExperimentSummary, read_experiments
from beamloop.dials_cli.reflection_table import Flag, read_reflections
from beamloop.errors import ArtifactDamagedError, ArtifactMissingError, InvalidInputError
from beamloop.geometry.models import Document
from beamloop.metrology.work import MetrologyWork
from beamloop.records.identifiers import RunId
from beamloop.records.images import NumberedImages
from beamloop.records.metrology import MetrologySweep
from beamloop.records.run import Run
from beamloop.run_files import RunInput, fetch_models
from beamloop.steps.fetched_folder import fetch_folder

HEADER = ("header/imported.expt", "imported.expt")  # where import leaves what the headers say
# 0.02 mm move a spot at the edge of a large detector by some um, as little as metrology can see.
LARGEST_SHIFT_MM = 0.02
LARGEST_WAVELENGTH_CHANGE = 5e-4  # fraction, as for joint refinement
CRYSTAL = 0  # whose spots are used: the first in the run's list


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sweep as its run left it."""

    sweep: MetrologySweep
    run: Run
    source: RunInput
    model: ExperimentSummary
    header: ExperimentSummary | None  # None: made elsewhere, the headers are not known

    @property
    def imported_again(self) -> bool:
        """Whether its images are there to be imported panel by panel."""
        images = self.run.images
        return isinstance(images, NumberedImages) and images.path(images.first).exists()


def read_candidates(work: MetrologyWork) -> tuple[list[Candidate], dict[RunId, str]]:
    """Read every sweep's models; name those that cannot be used by themselves, and why.

    Raises
    ------
    TransientError
        When store or database are away.
    """
    found, left = [], {}
    for sweep in work.metrology.sweeps:
        read = _read(work, sweep)
        if isinstance(read, str):
            left[sweep.run_id] = read
        else:
            found.append(read)
    return found, left


def _read(work: MetrologyWork, sweep: MetrologySweep) -> Candidate | str:
    with work.services.catalog.transaction() as connection:
        run = load_run(connection, sweep.run_id)
    if run.images.missing:
        return "images are missing in between"
    source = fetch_models(work.services, work.directory, sweep.run_id)
    if source.fault:
        return source.fault
    try:
        models = read_experiments(source.experiments).experiments
        header = _header(work, sweep.run_id)
    except InvalidInputError as error:
        return error.what
    if not models or models[CRYSTAL].crystal is None or models[CRYSTAL].scan is None:
        return "its models hold no crystal on a scan"
    return Candidate(sweep, run, source, models[CRYSTAL], header)


def import_folder(work: MetrologyWork, run_id: RunId) -> Path:
    """Return where the files of a run's import are: header.expt and imported.expt, as far as there are."""
    return work.directory / f"input-{run_id}-import"


def _header(work: MetrologyWork, run_id: RunId) -> ExperimentSummary | None:
    """Return what the images' headers said at the run's import."""
    folder = import_folder(work, run_id)
    if not folder.exists():
        with work.services.catalog.transaction() as connection:
            found = artifacts_of_step(connection, run_id, "import")
        names = {"imported.expt": ("imported.expt",), "header.expt": HEADER}
        wanted = {
            own: found[name] for own, ways in names.items() if (name := next(filter(found.get, ways), ""))
        }
        try:
            fetch_folder(work.services.store, wanted, folder)
        except (ArtifactDamagedError, ArtifactMissingError) as error:
            raise InvalidInputError(error.what, try_next=error.try_next) from error
    header = folder / "header.expt"
    return read_experiments(header).experiments[0] if header.exists() else None


def strangers(candidates: Sequence[Candidate]) -> dict[RunId, str]:
    """Name the sweeps that were not measured as the strongest one was, and how they differ.

    Parameters
    ----------
    candidates
        At least one.
    """
    anchor = max(candidates, key=lambda one: one.sweep.indexed_count)
    found = {one.sweep.run_id: _difference(one, anchor) for one in candidates}
    return {run_id: words for run_id, words in found.items() if words}


def _difference(one: Candidate, anchor: Candidate) -> str:
    wavelength, wanted = one.model.wavelength_angstrom, anchor.model.wavelength_angstrom
    if abs(wavelength - wanted) > LARGEST_WAVELENGTH_CHANGE * wanted:
        return f"its wavelength was {wavelength:.5f} Å, that of {anchor.sweep.name} {wanted:.5f} Å"
    if one.imported_again != anchor.imported_again:
        return "its images are not there to be imported as the others are"
    if one.header is None or anchor.header is None:
        return ""
    own, other = one.header.detector, anchor.header.detector
    if own.pixel_size_mm != other.pixel_size_mm or own.panel_count != other.panel_count:
        return "it was measured with another detector"
    if abs(own.distance_mm - other.distance_mm) > LARGEST_SHIFT_MM:
        return (
            f"its header has {own.distance_mm:.2f} mm, that of {anchor.sweep.name} {other.distance_mm:.2f} mm"
        )
    off_mm = max(abs(own.beam_x_mm - other.beam_x_mm), abs(own.beam_y_mm - other.beam_y_mm))
    if off_mm > LARGEST_SHIFT_MM:
        return f"its header has the beam centre {off_mm:.2f} mm from that of {anchor.sweep.name}"
    return ""


def panel_counts(candidate: Candidate, layout: Document) -> NDArray[np.int64]:
    """Count a sweep's indexed reflections by panel.

    Parameters
    ----------
    candidate
        The sweep; where its models have one panel, its pixels are those of the whole image.
    layout
        The panels, with their places in the whole image.

    Returns
    -------
    array
        Shape (panels,).

    Raises
    ------
    InvalidInputError
        When the reflections cannot be read.
    """
    panels = layout["detector"][0]["panels"]
    table = read_reflections(candidate.source.reflections)
    chosen = table.has(Flag.INDEXED) & (table["id"] == CRYSTAL)
    if candidate.model.detector.panel_count == len(panels):
        return np.bincount(table["panel"][chosen].astype(np.int64), minlength=len(panels))
    xy_px = table["xyzobs.px.value"][chosen, :2]
    return np.array([int(_inside(xy_px, panel).sum()) for panel in panels])


def _inside(xy_px: NDArray[np.float64], panel: Mapping[str, Sequence[int]]) -> NDArray[np.bool_]:
    """Tell which pixels of the whole image, shape (n, 2), lie on a panel."""
    first = np.array(panel["raw_image_offset"])
    return np.asarray(((xy_px >= first) & (xy_px < first + np.array(panel["image_size"]))).all(axis=1))


def layout_path(folder: Path) -> Path:
    """Return where the step choose leaves the panels' places."""
    return folder / "layout.expt"
