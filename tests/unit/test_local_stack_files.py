"""The files of a stack: where they are, who may read them, and what survives in them."""

import configparser
import json
import shlex
import stat
from pathlib import Path

import pytest

from beamloop.errors import DiskFullError, InvalidInputError
from beamloop.local_stack import directories, load_stack_environment
from beamloop.local_stack.airflow_config import (
    airflow_settings,
    programs_environment,
    write_airflow_files,
)
from beamloop.local_stack.layout import StackLayout, find_layout, state_directory
from beamloop.local_stack.ports import StackPorts
from beamloop.local_stack.private_files import write_private
from beamloop.local_stack.stack_environment import FILE_NAME, stack_environment_text
from beamloop.local_stack.stack_secrets import load_or_create_secrets

pytestmark = pytest.mark.unit

HOSTILE = "a b'c\"d$(e)`f`;#%g\\h é"


@pytest.fixture
def layout(tmp_path: Path) -> StackLayout:
    """Provide an empty stack in a folder whose name is a trap for shells and parsers."""
    (tmp_path / "airflow_settings.yaml").touch()
    found = find_layout({"BEAMLOOP_PROJECT": str(tmp_path), "BEAMLOOP_STATE": str(tmp_path / HOSTILE)})
    directories.make_directories(found)
    return found


def test_the_state_directory_is_in_the_project_unless_named(tmp_path: Path) -> None:
    (tmp_path / "airflow_settings.yaml").touch()
    project = {"BEAMLOOP_PROJECT": str(tmp_path)}
    assert find_layout(project).state == tmp_path / ".beamloop"
    assert find_layout(project | {"BEAMLOOP_STATE": "/elsewhere"}).state == Path("/elsewhere")


def test_a_folder_without_a_settings_file_is_not_a_project(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"no airflow_settings\.yaml"):
        find_layout({"BEAMLOOP_PROJECT": str(tmp_path)})


@pytest.mark.parametrize(
    ("path", "fault"), [("/a\nb", "control character"), ("/" + "long/" * 200, "1000 bytes long")]
)
def test_a_path_that_postgresql_cannot_take_is_refused_in_words(path: str, fault: str) -> None:
    with pytest.raises(InvalidInputError, match=fault):
        state_directory({"BEAMLOOP_STATE": path})


def test_a_private_file_is_private_and_replaces_the_old_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old and longer")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_secrets_are_made_once_and_differ_from_stack_to_stack(layout: StackLayout, tmp_path: Path) -> None:
    first = load_or_create_secrets(layout)
    assert load_or_create_secrets(layout) == first
    assert load_or_create_secrets(StackLayout(tmp_path, tmp_path)) != first
    assert first.postgres_password not in repr(first)


def test_damaged_secrets_are_never_replaced(layout: StackLayout) -> None:
    layout.secrets_file.write_text('{"postgres_password": "x"')
    with pytest.raises(InvalidInputError, match="damaged"):
        load_or_create_secrets(layout)
    assert layout.secrets_file.read_text() == '{"postgres_password": "x"'


def test_variables_come_back_from_the_stacks_file_as_they_were(tmp_path: Path) -> None:
    variables = {"BEAMLOOP_RUNS": HOSTILE, "BEAMLOOP_CATALOG_DSN": "host=h password='p q'"}
    text = stack_environment_text(variables)
    (tmp_path / FILE_NAME).write_text(text)
    assert load_stack_environment(tmp_path) == variables
    # And so in a shell: every line is one assignment of one word.
    assert all(len(shlex.split(line)) == 1 for line in text.splitlines()[1:])


def test_a_stack_that_never_ran_has_no_variables(tmp_path: Path) -> None:
    assert load_stack_environment(tmp_path) == {}


def test_airflow_reads_back_every_setting_as_it_was_meant(layout: StackLayout) -> None:
    secrets = load_or_create_secrets(layout)
    settings = airflow_settings(layout, StackPorts(8080, 5432), secrets, Path(HOSTILE), "lean")
    write_airflow_files(layout, settings, secrets)
    # Airflow's own reader is one of these, with interpolation.
    reader = configparser.ConfigParser()
    reader.read(layout.airflow_home / "airflow.cfg")
    assert {section: dict(reader[section]) for section in reader.sections()} == settings
    passwords = json.loads((layout.airflow_home / "passwords.json").read_text())
    assert passwords == {"admin": secrets.admin_password}


def test_nothing_of_the_callers_environment_misleads_airflow(layout: StackLayout) -> None:
    caller = {"AIRFLOW__CORE__EXECUTOR": "x", "PYTHONPATH": "x", "HTTPS_PROXY": "x", "HOME": "/home/ana"}
    environment = programs_environment(layout, {"BEAMLOOP_RUNS": "/runs"}, caller)
    assert environment["HOME"] == "/home/ana"
    assert environment["BEAMLOOP_RUNS"] == "/runs"
    assert "x" not in environment.values()


def test_a_persons_changes_of_a_beamline_file_stay(layout: StackLayout) -> None:
    copied = directories.copy_beamline_files(layout)
    assert "demo.yaml" in copied
    (layout.beamlines / "demo.yaml").write_text("mine")
    assert directories.copy_beamline_files(layout) == []
    assert (layout.beamlines / "demo.yaml").read_text() == "mine"


def test_a_full_disk_is_refused_in_words(layout: StackLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directories, "LEAST_FREE_BYTES", 10**18)
    with pytest.raises(DiskFullError, match=r"GB are free .* a stack needs"):
        directories.check_disk_space(layout)


def test_a_state_directory_that_cannot_be_made_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInputError, match="cannot be made") as caught:
        directories.make_directories(StackLayout(tmp_path, tmp_path / "file" / "state"))
    assert "BEAMLOOP_STATE" in caught.value.try_next
