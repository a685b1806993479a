"""What goes wrong while a stack is started: each accident leaves nothing broken and nothing running."""

import json
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services.stack_commands import (
    StackCommands,
    adopt_orphans,
    living_descendants,
    stack_folder,
    wait_until,
)

from beamloop.errors import InvalidInputError, PermanentError
from beamloop.local_stack import ports
from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.postgres_binaries import find_postgres
from beamloop.local_stack.postgres_cluster import cluster_major, create_cluster

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackCommands]:
    """Provide a state directory in which no start has ended well yet."""
    adopt_orphans()
    with stack_folder("state", tmp_path_factory.mktemp("no-dags")) as commands:
        yield commands


@pytest.fixture
def layout(tmp_path: Path) -> StackLayout:
    """Provide an empty state directory, without a stack."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o777 == 0o700 and folder != Path.home():
            folder.chmod(0o711)  # the user `postgres` must be able to enter
    (tmp_path / "logs").mkdir()
    return StackLayout(project=tmp_path, state=tmp_path)


# In the order of a first start: each goes on from where the one before was interrupted.
@pytest.mark.parametrize(
    ("said_before", "number"),
    [
        ("", signal.SIGINT),
        ("", signal.SIGKILL),
        ("cluster created", signal.SIGINT),
        ("databases ready", signal.SIGTERM),
        ("Catalogue up to date", signal.SIGINT),
    ],
)
def test_an_interrupted_start_leaves_no_process(
    stack: StackCommands, said_before: str, number: signal.Signals
) -> None:
    before = living_descendants()
    command = stack.begin("up")
    assert command.stdout is not None
    if said_before:
        assert any(said_before in line for line in command.stdout)
    else:
        # Before it says anything: while it makes folders and the cluster.
        assert wait_until(lambda: stack.state.is_dir(), 30)
    command.send_signal(number)
    assert command.wait(60) in {130, -signal.SIGKILL}
    assert wait_until(lambda: living_descendants() <= before, 30)


def test_a_start_after_all_those_works_and_two_at_once_make_one_stack(stack: StackCommands) -> None:
    first, second = stack.begin("up"), stack.begin("up")
    said = [first.communicate()[0], second.communicate()[0]]
    assert (first.returncode, second.returncode) == (0, 0), said
    assert any("is changing this stack; waiting" in text for text in said)
    assert stack.status()["well"]
    supervisors = [p for p in living_descendants() if "supervisor.supervisord" in p.cmdline()]
    assert len(supervisors) == 1


def test_an_interrupted_second_start_leaves_the_running_stack_alone(stack: StackCommands) -> None:
    before = stack.pids()
    command = stack.begin("up")
    command.send_signal(signal.SIGINT)
    command.wait(60)
    assert stack.pids() == before


def test_a_taken_port_is_avoided_and_the_last_ones_are_kept(
    layout: StackLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as somebody:
        somebody.bind((ports.HOST, 0))
        somebody.listen()
        taken = somebody.getsockname()[1]
        monkeypatch.setattr(ports, "PREFERRED_UI_PORT", taken)
        chosen = ports.choose_ports(layout)
    assert chosen.ui != taken
    assert ports.choose_ports(layout) == chosen


def test_what_an_interrupted_initdb_left_is_made_anew(layout: StackLayout) -> None:
    binaries = find_postgres()
    # Also the folder itself was made, but not yet given to its user.
    (layout.postgres / "data.new" / "base").mkdir(parents=True)
    (layout.postgres / "data").mkdir()
    create_cluster(layout, binaries, "password")
    assert cluster_major(layout) == binaries.major
    assert not (layout.postgres / "data.new").exists()
    assert not (layout.postgres / "initdb-password").exists()


def test_a_failed_initdb_leaves_nothing_and_shows_its_words(layout: StackLayout) -> None:
    binaries = find_postgres()
    layout.postgres.mkdir()
    # The staging folder's place is taken by a file that root cannot remove as a folder.
    (layout.postgres / "data.new").write_text("in the way")
    with pytest.raises(PermanentError, match="Creating the PostgreSQL cluster failed") as caught:
        create_cluster(layout, binaries, "password")
    assert "data.new" in caught.value.evidence
    assert cluster_major(layout) is None


def test_a_cluster_of_a_version_that_is_not_here_is_named(layout: StackLayout) -> None:
    layout.cluster.mkdir(parents=True)
    (layout.cluster / "PG_VERSION").write_text("9\n")
    with pytest.raises(InvalidInputError, match=r"PostgreSQL 9 was not found .*only version"):
        find_postgres(major=cluster_major(layout))


def test_a_port_taken_in_the_moment_of_the_start_is_given_up(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with stack_folder("raced", tmp_path_factory.mktemp("no-dags")) as raced, socket.socket() as somebody:
        command = raced.begin("up")
        # The choice is made and written; the api-server starts seconds later.
        assert wait_until((raced.state / "ports.json").is_file, 30)
        taken = json.loads((raced.state / "ports.json").read_text())["ui"]
        somebody.bind((ports.HOST, taken))
        somebody.listen()
        said, _ = command.communicate(timeout=300)
        assert command.returncode == 0, said
        assert f"Another program took port {taken}" in said
        assert raced.status()["well"]
        assert json.loads((raced.state / "ports.json").read_text())["ui"] != taken


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's PostgreSQL runs as another user")
def test_the_first_start_of_root_works_where_only_root_may_enter(tmp_path: Path) -> None:
    adopt_orphans()
    with stack_folder("state", tmp_path) as commands:
        commands.state.parent.chmod(0o700)  # as /root is
        try:
            started = commands.call("up")
            assert started.returncode == 0, started.stderr
        finally:
            commands.call("down")
            cluster_place = (commands.state / "postgres").resolve()
            assert not cluster_place.is_relative_to(commands.state)
            shutil.rmtree(cluster_place)
