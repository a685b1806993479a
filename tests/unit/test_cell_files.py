"""Tables of cells as people write them, and the files that BLEND's users and their programs read."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from tests.services.blend_reference import ABSENT, FOLDER, SETS, blend_nodes, cells_file, reference_cells

from beamloop.errors import InvalidInputError
from beamloop.unit_cells.analysis import analyse_cells
from beamloop.unit_cells.blend_files import (
    bravais_lattice,
    clusters_text,
    final_list_text,
    mtz_names_text,
    summary_text,
)
from beamloop.unit_cells.data_sets import DataSet
from beamloop.unit_cells.read_cells import LARGEST_BYTES, read_cell_table
from beamloop.unit_cells.text_tree import tree_lines
from beamloop.unit_cells.tree import cluster_cells
from beamloop.unit_cells.write_files import write_files

pytestmark = pytest.mark.unit
needs_reference = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)

HEXAGONAL = (98.3, 98.3, 136.6, 90.0, 90.0, 120.0)
KNOWN = DataSet(
    cell=HEXAGONAL,
    space_group="H 3",
    path="/data/sweep 01/integrated.mtz",
    mosaicity_deg=0.068,
    d_max_angstrom=68.2,
    d_min_angstrom=3.0,
    distance_mm=196.8,
    wavelength_angstrom=0.9763,
    first_image=1,
    last_image=12,
)
UNKNOWN = DataSet(cell=(98.4, 98.4, 136.7, 90.0, 90.0, 120.0), space_group="H 3", path="cells.dat")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "cells.dat"


def test_blanks_commas_comments_and_a_space_group_are_read(table: Path) -> None:
    table.write_bytes(
        b"\xef\xbb\xbf# a b c alpha beta gamma\r\n\r\n98.3 98.3 136.6 90 90 120\r\n"
        b"98.3,98.3,136.6,90,90,120 ! of crystal 2\n  9.83e1\t98.3; 136.6 90 90 120 R 3:R # rhombohedral\n"
    )
    found = read_cell_table(table, "H 3")
    assert [item.cell for item in found] == [HEXAGONAL] * 3
    assert [item.space_group for item in found] == ["H 3", "H 3", "R 3:R"]
    assert [item.place for item in found] == ["line 3", "line 4", "line 5"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no unit cells"),
        (b"# only words\n", "holds no unit cells"),
        (b"a b c alpha beta gamma\n98 98 136 90 90 120\n", "line 1: 'a b c alpha beta gamma' does not begin"),
        (b"98 98 136 90 90 120\n\n98 98 136 90 90\n", "line 3 has 5 numbers"),
        (b"98 98 136 90 90 x\n", "line 1"),
        (b"98 98 136 90 90 190\n", "line 1: no crystal has the cell"),
        (b"98 98 nan 90 90 120\n", "line 1: no crystal has the cell"),
        (b"98 98 -136 90 90 120\n", "line 1: no crystal has the cell"),
        (b"98 98 136 30 30 120\n", "line 1: no crystal has the cell"),
        (b"0.98 0.98 1.36 90 90 120\n", "not in angstrom"),
        (b"98 98 136 90 90 120 mine\n", "after six numbers stands 'mine'"),
        (b"\xff\xfe\x00", "not text"),
    ],
)
def test_a_fault_is_named_with_file_line_and_remedy(table: Path, content: bytes, words: str) -> None:
    table.write_bytes(content)
    with pytest.raises(InvalidInputError) as caught:
        read_cell_table(table)
    assert words in caught.value.what
    assert str(table) in caught.value.what
    assert caught.value.try_next


def test_a_table_that_is_not_there_a_folder_and_a_huge_file_are_refused(tmp_path: Path, table: Path) -> None:
    with pytest.raises(InvalidInputError, match="No such file"):
        read_cell_table(table)
    with pytest.raises(InvalidInputError, match="directory"):
        read_cell_table(tmp_path)
    with table.open("wb") as file:
        os.truncate(file.fileno(), LARGEST_BYTES + 1)
    with pytest.raises(InvalidInputError, match="too large"):
        read_cell_table(table)


def test_a_space_group_that_is_not_one_is_refused_before_the_file_is_read(table: Path) -> None:
    with pytest.raises(InvalidInputError, match="P 99"):
        read_cell_table(table, "P 99")


@needs_reference
@pytest.mark.parametrize("name", SETS)
def test_the_lines_of_clusters_txt_are_blends_in_its_columns(name: str) -> None:
    text = clusters_text(cluster_cells(reference_cells(name)), "as given")
    heading, lines = text.splitlines()[:4], text.splitlines()[4:]
    assert "Furthest" in heading[1]  # xia2's reader takes it for the sign of two more columns
    found = sorted(tuple(line.split()[1:]) for line in lines)
    expected = []
    for node in blend_nodes(name):
        figures = (str(len(node.members)), node.height, node.lcv_percent, node.alcv_angstrom)
        expected.append((*figures, *(str(serial) for serial in (*node.furthest, *node.members))))
    assert found == sorted(expected)
    assert [line.split()[0] for line in lines] == [f"{number:03d}" for number in range(1, len(lines) + 1)]


def test_the_final_list_has_six_columns_and_na_where_nothing_is_known() -> None:
    first, second = (line.split() for line in final_list_text([KNOWN, UNKNOWN]).splitlines())
    assert first == ["/data/sweep\\x2001/integrated.mtz", "1", "12", "1", "12", "3.000"]
    assert second == ["cells.dat", "2", "NA", "NA", "NA", "NA"]


def test_mtz_names_are_paths_one_a_line() -> None:
    assert mtz_names_text([KNOWN, UNKNOWN]) == "/data/sweep 01/integrated.mtz\n"


def test_a_newline_in_a_path_makes_no_second_line() -> None:
    hostile = DataSet(cell=HEXAGONAL, path="/data/a\nb.mtz")
    assert mtz_names_text([hostile]).count("\n") == 1
    assert len(final_list_text([hostile]).splitlines()) == 1


def test_the_summary_has_a_table_for_each_bravais_lattice() -> None:
    data_sets = [KNOWN, UNKNOWN, DataSet(cell=(50.0, 60.0, 70.0, 90.0, 90.0, 90.0), space_group="P 21 21 21")]
    analysis = analyse_cells([item.cell for item in data_sets], [item.space_group for item in data_sets])
    text = summary_text(data_sets, analysis.setting)
    assert text.index("BRAVAIS LATTICE NUMBER 4: (oP)") < text.index("BRAVAIS LATTICE NUMBER 11: (hH)")
    rows = [
        [field.split() for field in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.strip()[:1].isdigit()
    ]
    assert [len(row) for row in rows] == [7, 7, 7]
    assert [row[0] for row in rows] == [["3"], ["1"], ["2"]]
    # 98.3^2 x 136.6 x sqrt(3) / 2
    assert rows[1][1:] == [
        ["98.300", "98.300", "136.600", "90.00", "90.00", "120.00"],
        ["1143110.90"],
        ["0.06800"],
        ["68.200", "3.000"],
        ["196.80"],
        ["0.97630"],
    ]
    assert rows[2][3:] == [["NA"], ["NA", "NA"], ["NA"], ["NA"]]


@pytest.mark.parametrize(
    ("space_group", "lattice"),
    [
        ("P 1", "aP"),
        ("P 21", "mP"),
        ("C 2", "mS"),
        ("I 2", "mS"),
        ("C 2 2 21", "oS"),
        ("F 2 2 2", "oF"),
        ("P 43 21 2", "tP"),
        ("I 4", "tI"),
        ("P 61", "hP"),
        ("P 31 2 1", "hP"),
        ("H 3", "hH"),
        ("R 3:R", "hH"),
        ("I 2 2 3 (y+z,x+z,x+y)", "cI"),
        ("", "not known"),
    ],
)
def test_bravais_lattices_have_blends_names(space_group: str, lattice: str) -> None:
    assert bravais_lattice(space_group) == lattice


def test_all_files_are_written_and_the_drawings_hold_what_they_should(tmp_path: Path) -> None:
    cells = [[60 + 0.02 * k, 64.5, 69.1 + 0.03 * (k % 3), 90, 90, 90] for k in range(8)]
    data_sets = [DataSet(cell=tuple(cell), path="t.dat") for cell in [*cells, [60, 64.5, 138.2, 90, 90, 90]]]
    analysis = analyse_cells([item.cell for item in data_sets], [""] * len(data_sets))
    written = write_files(tmp_path / "new" / "folder", analysis, data_sets)
    assert {path.name for path in written} == {
        "BLEND_SUMMARY.txt",
        "CLUSTERS.txt",
        "CLUSTERS_inliers.txt",
        "FINAL_list_of_files.dat",
        "cell_histograms.png",
        "cell_scatter.png",
        "mtz_names.dat",
        "tree.json",
        "tree.png",
        "tree.svg",
        "tree_inliers.png",
        "tree_inliers.svg",
    }
    picture = (tmp_path / "new/folder/tree.svg").read_text()
    top = analysis.tree.nodes[-1]
    assert f"LCV: {top.lcv_percent:.2f}% (absolute LCV: {top.alcv_angstrom:.2f} Å)" in picture
    assert "Ward distance" in picture
    for node in analysis.tree.nodes[-5:-1]:
        assert f"{node.lcv_percent:.2f}({node.alcv_angstrom:.2f})" in picture
    assert (tmp_path / "new/folder/tree.png").read_bytes().startswith(b"\x89PNG")
    document = json.loads((tmp_path / "new/folder/tree.json").read_text())
    assert [outlier["serial"] for outlier in document["outliers"]] == [9]
    assert document["inliers"]["serials"] == list(range(1, 9))


@pytest.mark.parametrize("count", [1, 2])
def test_one_cell_and_identical_cells_have_their_files_too(tmp_path: Path, count: int) -> None:
    data_sets = [UNKNOWN] * count
    analysis = analyse_cells([item.cell for item in data_sets], [item.space_group for item in data_sets])
    written = write_files(tmp_path, analysis, data_sets)
    assert {path.name for path in written} >= {"FINAL_list_of_files.dat", "mtz_names.dat", "tree.json"}
    assert all(path.is_file() for path in written)


def test_the_same_cells_give_the_same_bytes(tmp_path: Path) -> None:
    cells = [[60 + 0.02 * k, 64.5, 69.1, 90, 90, 90] for k in range(4)]
    data_sets = [DataSet(cell=tuple(cell)) for cell in cells]
    analysis = analyse_cells(cells, [""] * 4)
    for name in ("one", "two"):
        write_files(tmp_path / name, analysis, data_sets)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    analysis = analyse_cells([HEXAGONAL], ["H 3"])
    with pytest.raises(InvalidInputError, match="taken cannot be written to"):
        write_files(tmp_path / "taken", analysis, [KNOWN])


def test_a_tree_in_characters_has_each_cell_once_and_its_branches_meet() -> None:
    # Two pairs: the pairs first, then both.
    tree = cluster_cells([[edge] * 3 + [90.0] * 3 for edge in (100.0, 103.0, 100.1, 103.2)])
    lines = tree_lines(tree)
    assert [line.members for line in lines] == [(1,), (3,), (2,), (4,)]
    drawn = "\n".join(re.sub("─+", "─", re.sub(" +", " ", line.branches)) for line in lines)
    assert drawn == "─┬─┐\n─┘ │\n─┬─┘\n─┘"


@pytest.mark.parametrize("count", [2, 30, 200])
def test_a_large_tree_in_characters_is_folded_and_no_cell_is_lost(count: int) -> None:
    lengths = 100 + 3 * np.random.default_rng(count).standard_normal(count)
    lines = tree_lines(cluster_cells([[edge] * 3 + [90.0] * 3 for edge in lengths]), most_lines=20)
    assert len(lines) == min(count, 20)
    assert sorted(serial for line in lines for serial in line.members) == list(range(1, count + 1))


def test_a_tree_that_is_one_long_chain_can_be_drawn_in_characters() -> None:
    tree = cluster_cells([[100.0] * 3 + [90.0] * 3] * 40)
    assert len(tree_lines(tree)) == 40


@needs_reference
def test_the_reference_tables_are_read(tmp_path: Path) -> None:
    found = read_cell_table(cells_file("polyhedra15_individual_conv"), "I 2 3")
    np.testing.assert_array_equal(
        [item.cell for item in found], reference_cells("polyhedra15_individual_conv")
    )
