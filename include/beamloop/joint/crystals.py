"""The crystals of a joint refinement: one pair of files each, and how each stood by itself."""

from dataclasses import dataclass
from pathlib import Path

from beamloop.dials_cli.experiments import ExperimentSummary, read_experiments
from beamloop.dials_cli.reflections import IndexingSummary, summarise_indexing
from beamloop.errors import InvalidInputError
from beamloop.records.identifiers import RunId
from beamloop.records.joint import CrystalFigures, CrystalKey

Pair = tuple[Path, Path]  # experiments and reflections


@dataclass(frozen=True, slots=True)
class Crystal:
    """A crystal that is to be refined with the others."""

    run_id: RunId  # 17
    number: int  # 1, in its run
    name: str  # "xtal2_1"
    space_group: str  # "H 3"
    files: Pair  # of this crystal alone
    model: ExperimentSummary  # as it was given
    before: CrystalFigures

    @property
    def key(self) -> CrystalKey:
        """Run and number."""
        return self.run_id, self.number


def crystal_figures(model: ExperimentSummary, summary: IndexingSummary) -> CrystalFigures:
    """Return cell and RMSDs of one crystal.

    Raises
    ------
    InvalidInputError
        When the experiment has no crystal.
    """
    if model.crystal is None:
        raise InvalidInputError(
            f"The experiment {model.identifier} of {model.template} has no crystal.",
            try_next="Process its sweep again (`beamloop reprocess COLLECTION SWEEP --again`).",
        )
    return CrystalFigures(
        cell=model.crystal.cell.as_tuple(),
        cell_su=model.crystal.cell_su,
        used_count=summary.used_count,
        rmsd_x_mm=summary.rmsd_x_mm,
        rmsd_y_mm=summary.rmsd_y_mm,
        rmsd_phi_deg=summary.rmsd_phi_deg,
        distance_mm=model.detector.distance_mm,
    )


def read_pair(experiments: Path, reflections: Path) -> list[tuple[ExperimentSummary, IndexingSummary]]:
    """Return each experiment of a pair of files with its reflections' figures.

    Raises
    ------
    InvalidInputError
        When a file is not what it should be.
    """
    models = read_experiments(experiments).experiments
    return list(zip(models, summarise_indexing(reflections, models), strict=True))
