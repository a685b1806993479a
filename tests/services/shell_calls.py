"""The commands as a shell calls them, on a catalogue of the test's own and without Airflow."""

from pathlib import Path

import click
import pytest
from typer.testing import CliRunner

from beamloop.cli.main import app
from beamloop.errors import BeamloopError

# What imports all that any command needs, for a fresh interpreter.
EVERY_COMMAND = "import typer, beamloop.cli.main as cli; dict(typer.main.get_command(cli.app).commands)"


def point_at(monkeypatch: pytest.MonkeyPatch, dsn: str, folder: Path) -> None:
    """Let the commands find a catalogue, and a stack that is not there."""
    values = {
        "BEAMLOOP_STATE": folder / "state",
        "BEAMLOOP_CATALOG_DSN": dsn,
        "BEAMLOOP_ARTIFACTS": folder / "artifacts",
        "BEAMLOOP_RUNS": folder / "runs",
        "BEAMLOOP_BEAMLINES": folder / "beamlines",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, str(value))


def call(*arguments: str) -> str:
    """Return what a command prints to standard output; an error of Beamloop passes."""
    result = CliRunner().invoke(app, list(arguments))
    if isinstance(result.exception, BeamloopError):
        raise result.exception
    assert result.exit_code == 0, click.unstyle(result.output)
    return result.stdout
