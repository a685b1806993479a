"""The DIALS server's launchers: they are used again, and no program learns of another from that."""

import importlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from tests.fakes import fake_dials
from tests.services.dials_servers import SOON_S, launchers, servers, wait_for, wait_until_gone

from beamloop.dials_cli.environment import program_environment
from beamloop.dials_cli.forking_starter import ForkingStarter
from beamloop.dials_cli.server_door import SCRIPTS, ServerDoor, send_request, stop_servers
from beamloop.dials_cli.starter import LAUNCHER
from beamloop.records.program import ProgramEnd, ProgramLimits, ProgramRequest, ProgramResult

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def bin_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_dials.install_with_python(tmp_path_factory.mktemp("dials"))


@pytest.fixture
def starter(bin_directory: Path, tmp_path: Path) -> Iterator[ForkingStarter]:
    yield ForkingStarter(bin_directory, bin_directory / "python", tmp_path / "server")
    stop_servers(tmp_path / "server")


def run(starter: ForkingStarter, work: Path, *actions: str, **request: Any) -> ProgramResult:
    work.mkdir(exist_ok=True)
    return starter.run(ProgramRequest(("dials.index", *actions), work, "index.out", **request))


def only_launcher(starter: ForkingStarter) -> psutil.Process:
    (launcher,) = launchers(starter)
    return launcher


def facts(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(path.read_text())
    return told


def wanted(work: Path, *actions: str) -> dict[str, object]:
    return {
        "program": "dials.index",
        "arguments": actions,
        "working_directory": str(work),
        "environment": {},
        "time_s": 60,
        "memory_bytes": 2**30,
    }


def ask(starter: ForkingStarter, work: Path, *actions: str) -> socket.socket:
    """Ask for a program as a caller does who then does what the test does."""
    work.mkdir(exist_ok=True)
    connection = ServerDoor(starter.directory, starter.python, program_environment({})).connect()
    with open(work / "index.out", "wb") as log:
        send_request(connection, wanted(work, *actions), log.fileno())
    return connection


def test_programs_one_after_the_other_need_one_launcher(starter: ForkingStarter, tmp_path: Path) -> None:
    run(starter, tmp_path / "first")
    launcher = only_launcher(starter)
    for exit_code in (0, 3, 0):
        assert run(starter, tmp_path / "next", f"fake.exit={exit_code}").exit_code == exit_code
    assert launchers(starter) == [launcher]


def test_programs_at_once_have_a_launcher_each_and_later_ones_no_more(
    starter: ForkingStarter, tmp_path: Path
) -> None:
    run(starter, tmp_path / "first")
    with ThreadPoolExecutor(5) as pool:
        works = [tmp_path / f"work-{number}" for number in range(40)]
        results = list(pool.map(lambda work: run(starter, work, f"fake.say={work.name}"), works))
    assert [result.log_path.read_text() for result in results] == [f"{work.name}\n" for work in works]
    assert 1 <= len(launchers(starter)) <= 5


def test_nothing_of_a_program_reaches_the_next_of_the_same_launcher(
    starter: ForkingStarter, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    run(starter, first, "fake.say=of the first", "fake.tell=facts", "secret", environment={"MINE": "1"})
    launcher = only_launcher(starter)
    run(starter, second, "fake.say=of the second", "fake.tell=facts")
    assert launchers(starter) == [launcher]
    told = facts(second / "facts")
    assert told["argv"] == ["fake.say=of the second", "fake.tell=facts"]
    assert "MINE" not in told["environment"]
    assert told["environment"] == program_environment({})
    assert (first / "index.out").read_text() == "of the first\n"
    assert (second / "index.out").read_text() == "of the second\n"


def test_what_a_program_used_is_not_counted_for_the_next(starter: ForkingStarter, tmp_path: Path) -> None:
    large = run(starter, tmp_path / "work", "fake.allocate_mb=200", "fake.spin_s=0.5")
    launcher = only_launcher(starter)
    small = run(starter, tmp_path / "work")
    assert launchers(starter) == [launcher]
    assert large.peak_memory_bytes > 200 * 1024**2 > 2 * small.peak_memory_bytes
    assert large.cpu_s > 0.5 > 2 * small.cpu_s


def test_a_launcher_that_waits_holds_no_folder_and_no_log(starter: ForkingStarter, tmp_path: Path) -> None:
    run(starter, tmp_path / "work")
    launcher = only_launcher(starter)
    opened = {os.readlink(path) for path in Path(f"/proc/{launcher.pid}/fd").iterdir()}
    run(starter, tmp_path / "work")
    assert launcher.cwd() == "/"
    assert launcher.children() == []
    assert {os.readlink(path) for path in Path(f"/proc/{launcher.pid}/fd").iterdir()} == opened
    assert not [name for name in opened if name.startswith(str(tmp_path / "work"))]


def test_what_a_program_leaves_behind_ends_before_the_next_of_its_launcher(
    starter: ForkingStarter, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    left = run(starter, work, "fake.orphan", "fake.tell=orphan", "fake.write=child.done", "fake.sleep_s=60")
    assert left.end is ProgramEnd.EXITED
    assert not psutil.pid_exists(facts(work / "orphan")["pid"])
    launcher = only_launcher(starter)
    assert run(starter, tmp_path / "next").succeeded
    assert launchers(starter) == [launcher]


def test_the_launcher_of_a_program_that_had_to_be_ended_serves_nobody_else(
    starter: ForkingStarter, tmp_path: Path
) -> None:
    run(starter, tmp_path / "work")
    launcher = only_launcher(starter)
    ended = run(starter, tmp_path / "work", "fake.sleep_s=60", limits=ProgramLimits(time_s=0.2))
    assert ended.end is ProgramEnd.TIMED_OUT
    wait_until_gone(launcher)
    assert run(starter, tmp_path / "work").succeeded


def test_the_launcher_of_a_caller_that_hangs_up_ends_its_program_and_serves_nobody_else(
    starter: ForkingStarter, tmp_path: Path
) -> None:
    run(starter, tmp_path / "work")
    launcher = only_launcher(starter)
    with ask(starter, tmp_path / "work", "fake.tell=facts", "fake.sleep_s=60"):
        wait_for(tmp_path / "work" / "facts")
        program = psutil.Process(facts(tmp_path / "work" / "facts")["pid"])
        assert program.parent() == launcher
    wait_until_gone(program, launcher)
    assert run(starter, tmp_path / "work").succeeded


def test_a_caller_that_hangs_up_ends_no_program_of_another(starter: ForkingStarter, tmp_path: Path) -> None:
    results: list[ProgramResult] = []
    actions = ("fake.tell=facts", "fake.sleep_s=1.5", "fake.say=done")
    thread = threading.Thread(target=lambda: results.append(run(starter, tmp_path / "mine", *actions)))
    thread.start()
    wait_for(tmp_path / "mine" / "facts")
    with ask(starter, tmp_path / "other", "fake.tell=facts", "fake.sleep_s=60"):
        wait_for(tmp_path / "other" / "facts")
    thread.join(SOON_S)
    assert results[0].succeeded
    assert results[0].log_path.read_text() == "done\n"


def test_a_request_that_makes_no_sense_costs_its_launcher_and_nobody_else(
    starter: ForkingStarter, tmp_path: Path
) -> None:
    run(starter, tmp_path / "work")
    launcher = only_launcher(starter)
    with ServerDoor(starter.directory, starter.python, program_environment({})).connect() as connection:
        connection.sendall(bytes(7) + b"\x03{]}")
        assert connection.recv(100) == b""
    wait_until_gone(launcher)
    assert run(starter, tmp_path / "work").succeeded


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_launcher_that_is_killed_while_it_waits_is_replaced(
    starter: ForkingStarter, tmp_path: Path, number: signal.Signals, caplog: pytest.LogCaptureFixture
) -> None:
    run(starter, tmp_path / "work")
    launcher = only_launcher(starter)
    launcher.send_signal(number)
    # At once: whether it has ended by now or not, this program starts, and by the server.
    assert run(starter, tmp_path / "work", "fake.say=done").log_path.read_text() == "done\n"
    wait_until_gone(launcher)
    assert caplog.text == ""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_launchers_that_wait_end_with_their_server(
    starter: ForkingStarter, tmp_path: Path, number: signal.Signals
) -> None:
    run(starter, tmp_path / "work")
    (server,) = servers(starter)
    launcher = only_launcher(starter)
    # At once: it has not heard yet that the launcher waits again.
    server.send_signal(number)
    wait_until_gone(server, launcher)
    (log,) = starter.directory.glob("*.log")
    assert log.read_text() == ""


def test_a_launcher_whose_server_has_ended_ends_after_its_program(
    starter: ForkingStarter, tmp_path: Path
) -> None:
    run(starter, tmp_path / "work")
    launcher = only_launcher(starter)
    results: list[ProgramResult] = []
    actions = ("fake.tell=facts", "fake.sleep_s=1.5", "fake.say=done")
    thread = threading.Thread(target=lambda: results.append(run(starter, tmp_path / "work", *actions)))
    thread.start()
    wait_for(tmp_path / "work" / "facts")
    stop_servers(starter.directory)
    thread.join(SOON_S)
    assert results[0].log_path.read_text() == "done\n"
    wait_until_gone(launcher)


def test_a_killed_launcher_does_not_take_those_that_wait_with_it(
    starter: ForkingStarter, tmp_path: Path
) -> None:
    run(starter, tmp_path / "work")
    waiting = only_launcher(starter)
    with (
        ask(starter, tmp_path / "work", "fake.sleep_s=60"),
        ask(starter, tmp_path / "work", "fake.sleep_s=60"),
    ):
        deadline = time.monotonic() + SOON_S
        while len(launchers(starter)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        (other,) = set(launchers(starter)) - {waiting}
        other.kill()
        wait_until_gone(other)
        assert waiting.is_running()


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The server's own modules, which stand in no package."""
    monkeypatch.syspath_prepend(str(LAUNCHER.parent))
    monkeypatch.syspath_prepend(str(SCRIPTS / "parts"))
    names = ("launcher_pool", "pooled_launcher")
    return SimpleNamespace(**{name: importlib.import_module(name) for name in names})


def look_until(pool: Any, busy: int, idle: int) -> None:
    deadline = time.monotonic() + SOON_S
    while (len(pool.busy), len(pool.idle)) != (busy, idle):
        assert time.monotonic() < deadline, f"{len(pool.busy)} busy, {len(pool.idle)} idle"
        time.sleep(0.01)
        pool.look()


def test_a_launcher_that_has_waited_for_long_ends(
    parts: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stand_by(channel: socket.socket) -> None:
        while channel.recv(100):
            channel.send(b"idle")

    pool = parts.launcher_pool.LauncherPool(stand_by)
    connection, other = socket.socketpair()
    # Servers that other tests share are children of this process, too.
    others = set(psutil.Process().children())
    with connection, other:
        pool.hand_over(connection, b"caller")
        pool.hand_over(connection, b"caller")
        look_until(pool, busy=0, idle=2)
        monkeypatch.setattr(parts.launcher_pool, "KEEP_S", 0.2)
        ended = set(psutil.Process().children()) - others
        assert len(ended) == 2
        look_until(pool, busy=0, idle=0)
    deadline = time.monotonic() + SOON_S
    while any(launcher.is_running() for launcher in ended):
        assert time.monotonic() < deadline, "the pool has not waited for its launchers"
        pool.look()


def test_a_launcher_ends_after_so_many_programs(
    parts: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(parts.pooled_launcher, "PROGRAMS_EACH", 2)
    programs = SimpleNamespace(scripts={"dials.index": SimpleNamespace(load=lambda: lambda: None)})
    pool = parts.launcher_pool.LauncherPool(
        lambda channel: parts.pooled_launcher.serve_channel(channel, programs, 0)
    )
    for idle in (1, 0):
        theirs, mine = socket.socketpair()
        with theirs:
            pool.hand_over(theirs, parts.launcher_pool.PEER.pack(os.getpid(), 0, 0))
        with mine, open(tmp_path / "log", "wb") as log:
            send_request(mine, wanted(tmp_path), log.fileno())
            answer = mine.makefile("rb").read()
        assert b'"exit_code": 0' in answer
        look_until(pool, busy=0, idle=idle)
