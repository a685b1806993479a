"""The command `beamloop cells`."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.services.blend_reference import ABSENT, FOLDER, SETS, blend_nodes, cells_file
from tests.services.lattice_bases import BODY_CENTRED, PRIMITIVE_I23, in_axes
from tests.services.shell_calls import EVERY_COMMAND
from typer.testing import CliRunner

from beamloop.cli.cell_report import ranges
from beamloop.cli.cells import cells
from beamloop.errors import InvalidInputError

pytestmark = pytest.mark.unit
needs_reference = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)

POLYHEDRA = FOLDER.parent / "polyhedra_wedges"
ROWS = [[60 + 0.01 * k, 64.5, 69.1, 90, 90, 90] for k in range(6)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "cells.dat"
    rows = [*ROWS, [64.5, 69.1, 60, 90, 90, 90], [60, 64.5, 138.2, 90, 90, 90]]
    path.write_text("\n".join(" ".join(str(value) for value in row) for row in rows))
    return path


def run(*arguments: object) -> str:
    application = typer.Typer()
    application.command()(cells)
    environment = {"COLUMNS": "160"}
    result = CliRunner().invoke(application, [str(word) for word in arguments], env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def document(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json"))
    return found


def experiments(path: Path, *primitive: list[float]) -> Path:
    """Write an experiment list of crystals in the primitive setting of I 2 3; two share the last one."""
    crystals = []
    for cell in primitive:
        a, b, c, alpha, beta, gamma = cell
        ca, cb, cg = (math.cos(math.radians(angle)) for angle in (alpha, beta, gamma))
        sg = math.sin(math.radians(gamma))
        y = (ca - cb * cg) / sg
        axes = ([a, 0, 0], [b * cg, b * sg, 0], [c * cb, c * y, c * math.sqrt(1 - cb * cb - y * y)])
        crystals.append(
            {f"real_space_{letter}": axis for letter, axis in zip("abc", axes, strict=True)}
            | {"space_group_hall_symbol": f" {PRIMITIVE_I23}"}
        )
    panel = {
        "fast_axis": [1, 0, 0],
        "slow_axis": [0, -1, 0],
        "origin": [-12, 3, -200],
        "image_size": [100, 50],
        "pixel_size": [0.2, 0.1],
        "px_mm_strategy": {"type": "SimplePxMmStrategy"},
    }
    order = [*range(len(crystals)), *range(len(crystals))[-1:], None]
    listed = [{"beam": 0, "detector": 0, "scan": 0, "crystal": number} for number in order]
    path.write_text(
        json.dumps(
            {
                "__id__": "ExperimentList",
                "experiment": listed,
                "beam": [{"direction": [0, 0, 1], "wavelength": 0.9763}],
                "detector": [{"panels": [panel]}],
                "scan": [{"image_range": [3, 6], "oscillation": [10.0, 0.5]}],
                "crystal": crystals,
            }
        )
    )
    return path


@needs_reference
@pytest.mark.parametrize("name", SETS)
def test_raw_cells_give_blends_tree_as_json(name: str) -> None:
    found = document(cells_file(name), "--raw-setting")
    figures = [
        (f"{node['height']:.3f}", f"{node['lcv_percent']:.2f}", f"{node['alcv_angstrom']:.2f}")
        for node in found["nodes"]
    ]
    expected = blend_nodes(name)
    assert figures == [(node.height, node.lcv_percent, node.alcv_angstrom) for node in expected]
    pairs = {(tuple(node["members"]), tuple(node["furthest"])) for node in found["nodes"]}
    assert pairs == {(node.members, node.furthest) for node in expected}
    assert found["setting"] == "as given"


@pytest.mark.skipif(not POLYHEDRA.is_dir(), reason="../shared/data/polyhedra_wedges is not here")
def test_the_published_joint_refinement_and_all_103_lattices_are_clustered() -> None:
    joint = document(POLYHEDRA / "regression_experiments.json")
    assert (joint["cell_count"], joint["setting"]) == (42, "conventional I")
    assert f"{joint['lcv_percent']:.2f} {joint['alcv_angstrom']:.2f}" == "0.47 0.70"
    assert document(*sorted(POLYHEDRA.glob("sweep_*_experiments.json")))["cell_count"] == 103


def test_tree_groups_outliers_and_operators_are_printed(table: Path) -> None:
    printed = run(table, "--space-group", "P 21 21 21")
    assert "Cells: 8; setting: conventional P" in printed
    assert "brought to it by c,a,b: 1" in printed
    assert "principal components" in printed
    assert "1-7" in printed
    assert "c is 2.00 times the others' c" in printed
    assert "┐" in printed


def test_json_has_what_the_text_has(table: Path) -> None:
    found = document(table, "--space-group", "P 21 21 21")
    assert found["groups"] == [[1, 2, 3, 4, 5, 6, 7]]
    assert [outlier["reason"] for outlier in found["outliers"]] == ["doubled_axis"]
    assert found["operators"][6] == "c,a,b"
    assert found["data_sets"][6]["cell"] == pytest.approx([60, 64.5, 69.1, 90, 90, 90])
    assert found["data_sets"][6]["given_cell"] == [64.5, 69.1, 60, 90, 90, 90]
    assert found["data_sets"][6]["place"] == "line 7"
    assert len(found["nodes"]) == 7
    assert len(found["inliers"]["nodes"]) == 6


def test_raw_cells_keep_their_axes(table: Path) -> None:
    found = document(table, "--raw-setting")
    assert set(found["operators"]) == {"a,b,c"}
    assert [(outlier["serial"], outlier["reason"]) for outlier in found["outliers"]] == [
        (7, "other_setting"),
        (8, "doubled_axis"),
    ]


def test_the_limit_cuts_the_groups(table: Path) -> None:
    assert len(document(table, "--limit", "0.01")["groups"]) > 1


def test_crystals_of_an_experiment_list_are_cells_in_their_conventional_setting(tmp_path: Path) -> None:
    cubic = [[edge] * 3 + [90.0] * 3 for edge in (104.9, 105.0)]
    path = experiments(tmp_path / "refined.expt", *(in_axes(cell, BODY_CENTRED) for cell in cubic))
    found = document(path)
    assert (found["cell_count"], found["setting"]) == (2, "conventional I")
    assert [item["cell"][0] for item in found["data_sets"]] == pytest.approx([104.9, 105.0])
    assert [item["place"] for item in found["data_sets"]] == ["experiment 1", "experiment 2"]


def test_files_of_both_kinds_are_numbered_on(tmp_path: Path, table: Path) -> None:
    path = experiments(tmp_path / "refined.expt", in_axes([60.0] * 3 + [90.0] * 3, BODY_CENTRED))
    assert document(table, path)["cell_count"] == 9


def test_an_experiment_list_without_crystals_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="holds no crystal"):
        run(experiments(tmp_path / "imported.expt"))


def test_one_cell_says_that_it_has_no_tree(tmp_path: Path) -> None:
    (tmp_path / "one.dat").write_text("60 60 60 90 90 90\n")
    assert "One cell has no tree." in run(tmp_path / "one.dat")
    assert document(tmp_path / "one.dat")["nodes"] == []


def test_identical_cells_are_said_to_be_identical(tmp_path: Path) -> None:
    (tmp_path / "same.dat").write_text("60 60 60 90 90 90\n" * 3)
    assert "The cells are identical" in run(tmp_path / "same.dat")
    found = document(tmp_path / "same.dat")
    assert found["identical"]
    assert {node["height"] for node in found["nodes"]} == {0.0}


def test_output_files_are_listed(tmp_path: Path, table: Path) -> None:
    found = document(table, "--output", tmp_path / "out")
    assert {Path(name).name for name in found["files"]} >= {"tree.png", "tree.svg", "CLUSTERS.txt"}
    assert all(Path(name).is_file() for name in found["files"])


def test_markup_in_a_files_name_is_shown_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "[bold]x.dat"
    path.write_text("\n".join(["60 64.5 69.1 90 90 90"] * 5 + ["60 64.5 138.2 90 90 90"]))
    assert "[bold]x.dat, line 6" in run(path)


@pytest.mark.parametrize(
    ("numbers", "words"), [((3,), "3"), ((1, 2, 3), "1-3"), ((1, 2, 4, 6, 7), "1-2, 4, 6-7")]
)
def test_serial_numbers_are_written_in_few_words(numbers: tuple[int, ...], words: str) -> None:
    assert ranges(numbers) == words


def test_neither_the_package_nor_the_help_loads_what_draws_or_clusters() -> None:
    words = f"import sys, beamloop.unit_cells; {EVERY_COMMAND}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout
    assert not {"matplotlib", "scipy"} & set(loaded.split())
