"""The demo's last part: the loop closed in small, data to geometry to better data.

The detector of this part is not where its headers say. A long sweep calibrates it; the demo lets the
candidate serve, as a person would; the next collection is imported with it, and with the headers' geometry
beside that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from beamloop.beamlines.profiles import make_parameters
from beamloop.beamlines.samples import parse_sample
from beamloop.catalog.connection import Catalog
from beamloop.catalog.intake import request_processing
from beamloop.cli.demo_calibration import BEAMLINE, BY, calibrate, fetch_models, let_serve
from beamloop.cli.demo_collections import collect
from beamloop.cli.follow import Results, follow, read_standing
from beamloop.cli.loop_account import Loop
from beamloop.cli.loop_table import LoopFigures, loop_figures
from beamloop.cli.metrology_text import print_metrology
from beamloop.cli.requests import start_requests
from beamloop.cli.session import find_dials
from beamloop.cli.truth_geometry import geometry_error, header_modules_rms_um
from beamloop.local_stack.narration import Narration
from beamloop.records.collection import FoundCollection
from beamloop.records.identifiers import CollectionId
from beamloop.records.images import IMAGE_PATTERNS
from beamloop.records.program import ProgramLimits
from beamloop.simulate import Truth
from beamloop.simulate.presets import PRESETS
from beamloop.watch.find_sweeps import read_folder

WITHOUT_GEOMETRY = "demo_loop_headers"
SAMPLE = ("H 3", "98.3,98.3,136.6,90,90,120")
# A third of the time of DIALS's default method, where the cell is known.
SETTINGS = ("index.indexing.method=fft1d",)
HEADERS = "the headers' geometry"


@dataclass(frozen=True, slots=True)
class FirstCollection:
    """The collection that calibrates the detector, asked for."""

    folder: Path
    seed: int
    truth: Truth


def begin_loop(
    catalog: Catalog, console: Console, narration: Narration, folder: Path, seed: int
) -> FirstCollection:
    """Write the first collection and ask for it; nobody waits here.

    Parameters
    ----------
    catalog
        The catalogue.
    console, narration
        Where progress is told.
    folder
        Where the collections go.
    seed
        Of both collections; all seeds are on one detector.
    """
    first = folder / f"first_{seed}"
    truth = collect(console, narration, PRESETS["loop"](seed), first)
    _ask(catalog, first, BEAMLINE)
    return FirstCollection(first, seed, truth)


def close_loop(catalog: Catalog, console: Console, narration: Narration, first: FirstCollection) -> Loop:
    """Calibrate, let the candidate serve, import the next collection with it; what is known is shown only.

    Parameters
    ----------
    catalog
        The catalogue.
    console, narration
        Where progress and evidence are told.
    first
        The collection that was asked for.
    """
    narration.note("Waiting for Airflow to process a long sweep and the wedges that it is judged by")
    ((collection_id, _),) = _process(catalog, console, [(first.folder, BEAMLINE)])
    metrology = calibrate(catalog, console, narration, first.folder, collection_id)
    print_metrology(console, metrology)
    version = let_serve(catalog, narration, metrology)
    figures: Mapping[str, LoopFigures | None] = {}
    if version is not None:
        figures = _compare(catalog, console, narration, first)
    header, true = first.truth.detector.header, first.truth.detector.true
    return Loop(
        metrology,
        version,
        None if version is None else geometry_error(fetch_models(version.use.models), first.truth),
        header_modules_rms_um(first.truth),
        header.distance_mm - true.distance_mm,
        figures,
    )


def _process(
    catalog: Catalog, console: Console, folders: Sequence[tuple[Path, str]]
) -> list[tuple[CollectionId, Results]]:
    """Ask for each folder as images of a beamline, then follow them to their ends."""
    asked = [_ask(catalog, folder, beamline) for folder, beamline in folders]
    return [
        (number, follow(console, lambda number=number: read_standing(catalog, number)))  # type: ignore[misc]
        for number in asked
    ]


def _ask(catalog: Catalog, folder: Path, beamline: str) -> CollectionId:
    sample = parse_sample(*SAMPLE)
    parameters = make_parameters("cells", settings=SETTINGS, sample=sample, limits=ProgramLimits())
    found = FoundCollection(beamline, folder, read_folder(folder, IMAGE_PATTERNS).sweeps, sample)
    with catalog.transaction() as connection:
        collection_id, requests = request_processing(
            connection, found, parameters, find_dials().version(), requested_by=BY
        )
    start_requests(catalog, requests)
    return collection_id


def _compare(
    catalog: Catalog,
    console: Console,
    narration: Narration,
    first: FirstCollection,
) -> Mapping[str, LoopFigures | None]:
    """Process the next collection, and the same images as of a beamline without a geometry."""
    folder = first.folder.with_name(f"next_{first.seed}")
    truth = collect(console, narration, PRESETS["loop_next"](first.seed), folder)
    narration.note("Waiting for Airflow to process the next collection, with and without the geometry")
    (_, ours), (_, headers) = _process(catalog, console, [(folder, BEAMLINE), (folder, WITHOUT_GEOMETRY)])
    return {
        HEADERS: loop_figures(headers, truth),
        "the geometry in force": loop_figures(ours, truth),
    }
