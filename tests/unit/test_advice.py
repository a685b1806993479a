"""What messages, pages and manuals tell a person to type exists: commands, options, settings of DIALS."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
import typer

from beamloop.beamlines.beamline_file import Beamline, Limits
from beamloop.beamlines.geometry_rules import GeometryRules
from beamloop.beamlines.notifications import Notifications
from beamloop.cli.main import app
from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.option_list import check_options
from beamloop.local_stack.airflow_entries import AIRFLOW_VARIABLES
from beamloop.records.parameters import STEPS
from beamloop.settings import DialsSettings

pytestmark = pytest.mark.unit

PROJECT = Path(__file__).parents[2]
MANUALS = [PROJECT / name for name in ("README.md", "docs/operations.md", "docs/json.md", "docs/glossary.md")]
SOURCES = [
    path
    for folder in ("include", "dags", "plugins")
    for kind in ("*.py", "*.js")
    for path in (PROJECT / folder).rglob(kind)
    if "vendor" not in path.parts
]
# Between back quotes, or a line of its own in a manual.
COMMAND = re.compile(
    r"`(?:\.venv/bin/)?beamloop ([a-z][^`\n]*)|^(?:\.venv/bin/)?beamloop ([a-z].*)", re.MULTILINE
)
SETTING = re.compile(rf"--set ((?:{'|'.join(STEPS)})\.[a-z0-9_.]+=[^\s`)\"',]+)")


class Installed:
    """The DIALS that Beamloop is tested with, never started."""

    settings = DialsSettings(None, Path("/no/such/python"))

    def version(self) -> str:
        return "3.12.1"


def _named(pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for path in [*MANUALS, *SOURCES]:
        for found in pattern.finditer(path.read_text("utf-8")):
            yield str(path.relative_to(PROJECT)), next(filter(None, found.groups()))


@cache
def _all_commands() -> Any:
    return typer.main.get_command(app)


def _fault(words: list[str]) -> str:
    """Say which of a command's words mean nothing; "" where all do."""
    command = _all_commands()
    while words and words[0] in getattr(command, "commands", ()):
        command = command.commands[words.pop(0)]
    if hasattr(command, "commands"):
        if not words:  # the group of commands is meant
            return ""
        # `beamloop joint COLLECTION` is `beamloop joint refine COLLECTION`.
        if command.name != "joint":
            return f"no command {words[:1]}"
        command = command.commands["refine"]
    known = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    used = {word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)}
    return ", ".join(sorted(used - known - {"--help"}))


def _words(text: str) -> list[str]:
    """Split what is told into words, without the sentence's own marks."""
    return [word for part in text.split("#")[0].split() if (word := part.strip("`.,;:()\"'\\"))]


def test_every_command_that_people_are_told_to_give_exists_with_its_options() -> None:
    named = list(_named(COMMAND))
    assert len(named) > 100
    faults = {(place, text): fault for place, text in named if (fault := _fault(_words(text)))}
    assert faults == {}
    assert _fault(["reprocess", "plate3", "--geometri", "4"]) == "--geometri"
    assert _fault(["geometry", "propose"]) == "no command ['propose']"


def test_every_setting_that_people_are_told_to_give_is_one_of_dials() -> None:
    named = {setting for _, setting in _named(SETTING)}
    assert len(named) > 3
    for setting in named:
        program, _, option = setting.partition(".")
        check_options(cast(Dials, Installed()), {program: [option]})


def test_every_field_of_a_beamlines_file_and_every_variable_is_described() -> None:
    described = set(re.findall(r"`([\w.]+)`", (PROJECT / "docs/operations.md").read_text("utf-8")))
    fields = {
        *Beamline.model_fields,
        *(f"limits.{name}" for name in Limits.model_fields),
        *GeometryRules.model_fields,
        *Notifications.model_fields,
        *AIRFLOW_VARIABLES.values(),
    }
    assert fields <= described
