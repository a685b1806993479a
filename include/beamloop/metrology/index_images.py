"""From a sweep's images to indexed reflections on the panels, with the crystal that its run found."""

import json
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.crystal_writing import primitive_crystal
from beamloop.dials_cli.paths import relative_to
from beamloop.geometry.models import Document, first_models
from beamloop.geometry.move import carried
from beamloop.metrology.import_on_panels import import_on_panels
from beamloop.metrology.offers import CRYSTAL, Candidate, import_folder
from beamloop.metrology.sweep_on_panels import SweepOnPanels
from beamloop.metrology.work import MetrologyWork


def index_images(work: MetrologyWork, sweep: SweepOnPanels) -> None:
    """Import panel by panel, find spots, index with the run's crystal.

    Parameters
    ----------
    work
        The step.
    sweep
        Whose images; it says what went wrong.

    Raises
    ------
    TransientError
        When a program was ended from outside, the disk is full, or the store does not answer.
    ArtifactMissingError, ArtifactDamagedError
        When the store has lost the geometry that serves.
    """
    imported = import_on_panels(work, sweep)
    if imported is None:
        return
    spots = programs.find_spots(
        work.services.dials,
        sweep.folder,
        relative_to(sweep.folder, imported),
        options=work.metrology.options.find_spots,
        limits=work.limits,
    )
    if not sweep.went_well(work, spots, "no spots were found on its images"):
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
    sweep.went_well(work, indexed, "its spots could not be indexed with the known crystal")


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
