"""The command `beamloop simulate`."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from beamloop.cli.simulate import simulate
from beamloop.errors import InvalidInputError
from beamloop.simulate import read_truth

pytestmark = pytest.mark.unit


@pytest.fixture
def app() -> typer.Typer:
    application = typer.Typer()
    application.command()(simulate)
    return application


def test_options_reach_the_images_and_json_says_what_was_written(app: typer.Typer, tmp_path: Path) -> None:
    directory = tmp_path / "plate"
    options = ["--seed", "5", "--sweeps", "1", "--images", "3", "--missing", "xtal1_1:2", "--json"]
    geometry = ["--distance-offset-mm", "0.4", "--beam-offset-px", "1.5,-1", "--tilt-mrad", "2,-3"]
    sample = ["--space-group", "P 43 21 2", "--unit-cell", "60,60,40,90,90,90"]
    result = CliRunner().invoke(app, ["tiny2", str(directory), *options, *geometry, *sample])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {
        "directory": str(directory),
        "truth": str(directory / "truth.json"),
        "seed": 5,
        "images": 2,
        "sweeps": [{"name": "xtal1_1", "kind": "good"}],
    }
    truth = read_truth(directory)
    header, true = truth.detector.header, truth.detector.true
    assert true.distance_mm - header.distance_mm == pytest.approx(0.4)
    assert true.beam_centre_px[0] - header.beam_centre_px[0] == pytest.approx(1.5)
    assert truth.sweeps[0].missing_images == (2,)
    assert truth.sweeps[0].crystal is not None
    assert truth.sweeps[0].crystal.space_group == "P 43 21 2"
    assert sorted(path.name for path in directory.glob("*.cbf")) == ["xtal1_1_00001.cbf", "xtal1_1_00003.cbf"]


def test_without_json_a_sentence_says_what_was_written(app: typer.Typer, tmp_path: Path) -> None:
    arguments = ["tiny2", str(tmp_path / "plate"), "--sweeps", "1", "--images", "1"]
    result = CliRunner().invoke(app, arguments)
    assert "truth.json and these images: 1, of sweeps: 1." in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--unit-cell", "60,60"], "--unit-cell '60,60' is not 6 numbers"),
        (["--tilt-mrad", "x,1"], "--tilt-mrad 'x,1' is not 2 numbers"),
        (["--detector", "9M"], "no Pilatus model '9M'"),
    ],
)
def test_options_that_cannot_be_read_are_refused(
    app: typer.Typer, tmp_path: Path, arguments: list[str], words: str
) -> None:
    result = CliRunner().invoke(app, ["tiny2", str(tmp_path / "plate"), *arguments])
    assert isinstance(result.exception, InvalidInputError)
    assert words in str(result.exception)
    assert not (tmp_path / "plate").exists()
