"""What a machine lacks is told, with the remedy: by `beamloop doctor` and by `make setup`."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from beamloop.errors import InvalidInputError
from beamloop.local_stack.doctor import Check, examine
from beamloop.local_stack.layout import SOURCE_TREE, StackLayout
from beamloop.local_stack.postgres_binaries import find_postgres

pytestmark = pytest.mark.unit

INSTALLER = SOURCE_TREE / "docker" / "install_debian.sh"


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """Provide a PATH of a machine with a shell's tools, but no apt-get, Python, DIALS or PostgreSQL."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "tr", "id", "date"):
        found = shutil.which(tool)
        assert found
        (folder / tool).symlink_to(found)
    return folder


def test_the_doctor_names_what_is_missing_and_what_to_do(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    environment = {"BEAMLOOP_DIALS_BIN": nowhere, "BEAMLOOP_POSTGRES_BIN": nowhere}
    layout = StackLayout(project=tmp_path, state=tmp_path / "state")
    checks = {check.name: check for check in examine(layout, environment)}
    faulty = {name for name, check in checks.items() if not check.ok}
    assert faulty >= {"DIALS", "PostgreSQL", "Settings"}
    assert "BEAMLOOP_DIALS_BIN" in checks["DIALS"].remedy
    assert "BEAMLOOP_POSTGRES_BIN" in checks["PostgreSQL"].remedy
    assert checks["Python"].ok
    assert not layout.state.exists()


def test_the_doctor_names_a_beamline_file_that_cannot_be_used(tmp_path: Path) -> None:
    layout = StackLayout(project=tmp_path, state=tmp_path / "state")
    layout.beamlines.mkdir(parents=True)
    (layout.beamlines / "i24.yaml").write_text("beamline: i24\nroots: [.]\n")
    elsewhere = tmp_path / "beamlines"
    elsewhere.mkdir()
    (elsewhere / "i04.yaml").write_text("beamline: i04\nroots: [.]\nquiet: 60\n")

    def look(**environment: str) -> Check:
        return next(check for check in examine(layout, environment) if check.name == "Beamlines")

    assert look().ok
    assert look().found.startswith("i24, in ")
    found = look(BEAMLOOP_BEAMLINES=str(elsewhere))
    assert not found.ok
    assert "i04.yaml cannot be used: quiet: there is no such field" in found.found
    assert "docs/operations.md" in found.remedy


def test_the_doctor_names_the_module_that_a_package_of_dials_has_forgotten(tmp_path: Path) -> None:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    for name in ("dials", "dials/util", "dials/command_line"):
        write(f"{name}/__init__.py", "")
    write("dials/util/version.py", "def dials_version():\n    return 'DIALS 3.30.1'\n")
    index = write("dials/command_line/index.py", "import no_such_gemmi\n")
    write("dials.import", "#!/bin/sh\n")
    python = write("python", f'#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} -B "$@"\n')
    environment = {"BEAMLOOP_DIALS_BIN": str(tmp_path), "BEAMLOOP_DIALS_PYTHON": str(python)}

    def look() -> Check:
        layout = StackLayout(project=tmp_path, state=tmp_path / "state")
        return next(check for check in examine(layout, environment) if check.name == "DIALS")

    assert look().found.endswith("lacks the module no_such_gemmi")
    assert "python3-no_such_gemmi" in look().remedy
    index.write_text("")
    assert look() == Check("DIALS", True, f"3.30.1 in {tmp_path}, Python {python}")


def test_a_postgresql_that_is_too_old_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "initdb").touch()
    postgres = tmp_path / "postgres"
    postgres.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 9.6.24'\n")
    postgres.chmod(0o755)
    with pytest.raises(InvalidInputError, match=r"13 or later was not found .*only version 9"):
        find_postgres({"BEAMLOOP_POSTGRES_BIN": str(tmp_path)})


def _setup(path: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", INSTALLER], env={"PATH": str(path), **variables}, capture_output=True, text=True, check=False
    )


def test_setup_elsewhere_than_on_debian_says_which_settings_are_needed(bare_path: Path) -> None:
    answer = _setup(bare_path, BEAMLOOP_POSTGRES_BIN="/opt/postgres/bin")
    assert answer.returncode == 1
    assert "BEAMLOOP_DIALS_BIN" in answer.stderr
    assert "BEAMLOOP_POSTGRES_BIN" not in answer.stderr


def test_setup_goes_on_without_debian_when_everything_is_there(bare_path: Path) -> None:
    (bare_path / "python3").symlink_to(shutil.which("true") or "/bin/true")
    answer = _setup(bare_path, BEAMLOOP_POSTGRES_BIN="/opt/postgres/bin", BEAMLOOP_DIALS_BIN="/opt/dials/bin")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
