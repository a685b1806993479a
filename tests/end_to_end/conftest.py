"""One stack for the whole tier, and images of known truth."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.end_to_end.killed_tasks import KilledTasks, kill_tasks
from tests.end_to_end.platform_bench import BEAMLINE_FILE, IMAGES, Platform, Row, deliver
from tests.services.stack_commands import BEAMLOOP, StackCommands

from beamloop.simulate import write_collection
from beamloop.simulate.plan import SweepKind
from beamloop.simulate.presets import PRESETS, make_sweeps

GOOD, BLANK = SweepKind.GOOD, SweepKind.BLANK


@contextmanager
def running_platform(variables: Mapping[str, str] | None = None) -> Iterator[Platform]:
    """Start a stack in a folder of its own; whatever ends this process, the stack ends with it.

    Parameters
    ----------
    variables
        `BEAMLOOP_*` variables that it is started with.
    """
    folder = Path(tempfile.mkdtemp(prefix="beamloop-e2e-"))
    folder.chmod(0o711)  # the user `postgres` must be able to enter
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BEAMLOOP_")}
    environment |= {"BEAMLOOP_STATE": str(folder / "state"), **(variables or {})}
    commands = StackCommands(folder / "state", environment)
    keeper = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("keeper.py"), BEAMLOOP, folder],
        stdin=subprocess.PIPE,
        env=commands.environment,
        start_new_session=True,
    )
    with keeper:  # closes the pipe, then waits for the keeper's work
        started = commands.call("up")
        assert started.returncode == 0, started.stdout + started.stderr
        yield Platform(commands)


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """Provide a started stack with a beamline `hutch` that watches a folder."""
    with running_platform() as made:
        made.watched.mkdir()
        (made.state / "beamlines" / "hutch.yaml").write_text(BEAMLINE_FILE)
        yield made


@pytest.fixture(scope="session")
def images(platform: Platform) -> Path:
    """Provide a folder of simulated sweeps: xtal1_1 and xtal2_1 are good, xtal3_1 is blank."""
    directory = platform.state / "simulated"
    plan = PRESETS["tiny2"](1)
    write_collection(replace(plan, sweeps=make_sweeps((GOOD, GOOD, BLANK), IMAGES)), directory)
    return directory


@pytest.fixture(scope="session", autouse=True)
def killed_tasks(platform: Platform, images: Path) -> Iterator[KilledTasks]:
    """Begin with the kills: Airflow needs a minute to miss a supervisor, in which other tests can go on."""
    killed = kill_tasks(platform, images)
    yield killed
    killed.command.kill()


@pytest.fixture(scope="session")
def undisturbed(platform: Platform, images: Path) -> Row:
    """Provide the results of one good sweep, processed from the shell while nothing touched its processes."""
    directory = platform.state / "calm"
    deliver(images, directory, {"calm_1": "xtal1_1"})
    return platform.process(directory)


@pytest.fixture(scope="session")
def undisturbed_run(undisturbed: Row) -> int:
    """Provide the number of the undisturbed run."""
    return int(undisturbed["sweeps"][0]["run_id"])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what the tests have measured."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")
