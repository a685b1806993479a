"""Read the cells that a person names: plain tables, or experiment lists of DIALS."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from beamloop.dials_cli.experiments import ExperimentSummary, read_experiments
from beamloop.errors import InvalidInputError
from beamloop.unit_cells.data_sets import DataSet
from beamloop.unit_cells.read_cells import read_cell_table


def read_data_sets(files: Sequence[Path], space_group: str) -> tuple[DataSet, ...]:
    """Return the data sets of all files, in their order.

    Parameters
    ----------
    files
        Tables and experiment lists.
    space_group
        Of the lines of tables that name none; empty where it is not known.

    Raises
    ------
    InvalidInputError
        When a file cannot be read, or holds no cell.
    """
    return tuple(
        data_set
        for path in files
        for data_set in (_crystals(path) if _is_experiment_list(path) else read_cell_table(path, space_group))
    )


def _is_experiment_list(path: Path) -> bool:
    """Tell JSON from a table by its first character, whatever the file's name."""
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip()[:1] == b"{"
    except OSError:
        return False  # read_cell_table says what is wrong with it


def _crystals(path: Path) -> Iterator[DataSet]:
    """Give the crystals of an experiment list; one that several experiments share is one data set."""
    seen = set()
    for number, experiment in enumerate(read_experiments(path).experiments, start=1):
        if experiment.crystal is not None and experiment.crystal.a_matrix not in seen:
            seen.add(experiment.crystal.a_matrix)
            yield _data_set(path, number, experiment)
    if not seen:
        raise InvalidInputError(
            f"{path} holds no crystal.",
            try_next="Give an experiment list that was indexed: indexed.expt or later.",
        )


def _data_set(path: Path, number: int, experiment: ExperimentSummary) -> DataSet:
    crystal, scan = experiment.crystal, experiment.scan
    if crystal is None:
        raise ValueError("an experiment without a crystal is no data set")
    return DataSet(
        cell=crystal.cell.as_tuple(),
        space_group=crystal.space_group,
        path=str(path),
        place=f"experiment {number}",
        mosaicity_deg=experiment.mosaicity_deg,
        distance_mm=experiment.detector.distance_mm,
        wavelength_angstrom=experiment.wavelength_angstrom,
        first_image=scan.first_image if scan else None,
        last_image=scan.last_image if scan else None,
    )
