"""The version is found without starting all of DIALS, or its absence is explained."""

import sys
from pathlib import Path

import pytest

from beamloop.dials_cli.handle import open_dials
from beamloop.errors import InvalidInputError
from beamloop.settings import DialsSettings

pytestmark = pytest.mark.unit


def make_program(directory: Path, text: str) -> Path:
    directory.mkdir(exist_ok=True)
    program = directory / "dials.version"
    program.write_text(f"#!{sys.executable} -IS\n{text}\n")
    program.chmod(0o755)
    return directory


def test_an_install_with_its_python_elsewhere_is_asked_itself(tmp_path: Path) -> None:
    directory = make_program(tmp_path / "bin", "print('DIALS 3.20.0-g1a2b3c-release')\nprint('Python 3.12')")
    dials = open_dials(DialsSettings(directory, tmp_path / "elsewhere" / "python"))
    assert dials.version() == "3.20.0-g1a2b3c-release"


def test_it_is_asked_once_in_a_process_until_another_is_installed(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    tell = f"open({str(asked)!r}, 'a').write('x')"
    directory = make_program(tmp_path / "bin", f"{tell}\nprint('DIALS 3.20.0')")
    settings = DialsSettings(directory, tmp_path / "elsewhere" / "python")
    assert [open_dials(settings).version() for _ in range(3)] == ["3.20.0"] * 3
    assert asked.read_text() == "x"
    make_program(directory, "print('DIALS 3.21.0')")
    assert open_dials(settings).version() == "3.21.0"


@pytest.mark.parametrize("text", ["print('hello')", "raise SystemExit(1)"])
def test_an_install_that_does_not_say_is_reported_with_the_settings(tmp_path: Path, text: str) -> None:
    directory = make_program(tmp_path / "bin", text)
    with pytest.raises(InvalidInputError, match="BEAMLOOP_DIALS_BIN and BEAMLOOP_DIALS_PYTHON"):
        open_dials(DialsSettings(directory, tmp_path / "elsewhere" / "python")).version()


def test_an_absent_dials_is_reported_with_the_setting(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="BEAMLOOP_DIALS_BIN"):
        open_dials(DialsSettings(tmp_path, tmp_path / "python")).version()
