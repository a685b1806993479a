"""Write what is said of cells: BLEND's files, trees and plots, and the tree as JSON."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from beamloop.errors import InvalidInputError
from beamloop.unit_cells.analysis import CellAnalysis
from beamloop.unit_cells.as_json import analysis_document
from beamloop.unit_cells.blend_files import clusters_text, final_list_text, mtz_names_text, summary_text
from beamloop.unit_cells.cell_plots import draw_histograms, draw_scatter
from beamloop.unit_cells.data_sets import DataSet
from beamloop.unit_cells.drawing import draw_tree, save_figure


def write_files(directory: Path, analysis: CellAnalysis, data_sets: Sequence[DataSet]) -> tuple[Path, ...]:
    """Write all files and return them; files of the same names are replaced.

    Parameters
    ----------
    directory
        Is made where it does not exist.
    analysis
        Of the cells of these data sets.
    data_sets
        In the order of their serial numbers.

    Raises
    ------
    InvalidInputError
        When the directory cannot be made or written to.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        texts = [_write(directory / name, text) for name, text in _texts(analysis, data_sets)]
        return (*texts, *_figures(directory, analysis))
    except OSError as error:
        raise InvalidInputError(
            f"{directory} cannot be written to: {error.strerror}.", try_next="Give another folder."
        ) from error


def _texts(analysis: CellAnalysis, data_sets: Sequence[DataSet]) -> Iterator[tuple[str, str]]:
    setting = analysis.setting.name
    yield "CLUSTERS.txt", clusters_text(analysis.tree, setting)
    if analysis.outliers:
        yield "CLUSTERS_inliers.txt", clusters_text(analysis.inlier_tree, setting)
    yield "FINAL_list_of_files.dat", final_list_text(data_sets)
    yield "BLEND_SUMMARY.txt", summary_text(data_sets, analysis.setting)
    yield "mtz_names.dat", mtz_names_text(data_sets)
    yield "tree.json", json.dumps(analysis_document(analysis, data_sets), sort_keys=True) + "\n"


def _write(path: Path, text: str) -> Path:
    # A path that is not UTF-8 goes to the file as the bytes it is.
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return path


def _figures(directory: Path, analysis: CellAnalysis) -> Iterator[Path]:
    words = f"setting: {analysis.setting.name}; groups at LCV ≤ {analysis.limit_percent:g} % in colours"
    odd = [outlier.serial for outlier in analysis.outliers]
    cells = analysis.setting.cells
    figures = {"tree": draw_tree(analysis.tree, analysis.groups, odd, words=words)}
    if odd and analysis.inliers:
        figures["tree_inliers"] = draw_tree(
            analysis.inlier_tree,
            analysis.groups,
            serials=analysis.inliers,
            words=f"{words}; without outliers",
        )
    for name, figure in figures.items():
        for suffix in ("png", "svg"):
            save_figure(figure, directory / f"{name}.{suffix}")
            yield directory / f"{name}.{suffix}"
    plots = {
        "cell_histograms.png": draw_histograms(cells, odd, f"setting: {analysis.setting.name}"),
        "cell_scatter.png": draw_scatter(cells, analysis.groups, odd, words),
    }
    for name, figure in plots.items():
        save_figure(figure, directory / name)
        yield directory / name
