"""The DIALS server: what becomes of it and of programs when things around it change; the DIALS is a fake."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.fakes import fake_dials
from tests.services.dials_servers import SOON_S, servers, wait_for, wait_until_gone

from beamloop.dials_cli.forking_starter import ForkingStarter
from beamloop.dials_cli.server_door import SCRIPT, stop_servers
from beamloop.records.program import ProgramRequest, ProgramResult

pytestmark = pytest.mark.unit


@pytest.fixture
def bin_directory(tmp_path: Path) -> Path:
    return fake_dials.install_with_python(tmp_path / "dials")


@pytest.fixture
def starter(bin_directory: Path, tmp_path: Path) -> Iterator[ForkingStarter]:
    yield ForkingStarter(bin_directory, bin_directory / "python", tmp_path / "server")
    stop_servers(tmp_path / "server")


def run(starter: ForkingStarter, work: Path, *actions: str) -> ProgramResult:
    work.mkdir(exist_ok=True)
    return starter.run(ProgramRequest(("dials.index", *actions), work, "index.out"))


def test_programs_of_many_callers_come_from_one_server(starter: ForkingStarter, tmp_path: Path) -> None:
    with ThreadPoolExecutor(20) as pool:
        works = [tmp_path / f"work-{number}" for number in range(60)]
        results = list(pool.map(lambda work: run(starter, work, f"fake.say={work.name}"), works))
    assert all(result.succeeded for result in results)
    assert [result.log_path.read_text().strip() for result in results] == [work.name for work in works]
    assert len(servers(starter)) == 1


def test_a_program_is_seen_under_its_own_name(starter: ForkingStarter, tmp_path: Path) -> None:
    thread = threading.Thread(
        target=run, args=[starter, tmp_path / "work", "fake.tell=facts", "fake.sleep_s=2"]
    )
    thread.start()
    wait_for(tmp_path / "work" / "facts")
    (server,) = servers(starter)
    assert "dials.index" in [process.name() for process in server.children(recursive=True)]
    thread.join()


def test_a_program_goes_on_when_its_server_is_killed(starter: ForkingStarter, tmp_path: Path) -> None:
    results: list[ProgramResult] = []
    actions = ("fake.tell=facts", "fake.sleep_s=1.5", "fake.say=done")
    thread = threading.Thread(target=lambda: results.append(run(starter, tmp_path / "work", *actions)))
    thread.start()
    wait_for(tmp_path / "work" / "facts")
    servers(starter)[0].kill()
    thread.join(SOON_S)
    assert results[0].succeeded
    assert results[0].log_path.read_text() == "done\n"


def test_a_killed_server_is_replaced(starter: ForkingStarter, tmp_path: Path) -> None:
    run(starter, tmp_path / "work")
    (first,) = servers(starter)
    first.kill()
    wait_until_gone(first)
    assert run(starter, tmp_path / "work").succeeded
    assert servers(starter) != [first]


def test_a_server_beneath_which_dials_was_installed_anew_is_replaced(
    starter: ForkingStarter, tmp_path: Path
) -> None:
    run(starter, tmp_path / "work")
    (first,) = servers(starter)
    (module,) = (tmp_path / "dials" / "lib").glob("python3.*/site-packages/dials/__init__.py")
    module.write_text("# newer")
    wait_until_gone(first)
    assert run(starter, tmp_path / "work").succeeded


def test_a_server_ends_when_its_folder_goes(starter: ForkingStarter, tmp_path: Path) -> None:
    run(starter, tmp_path / "work")
    (server,) = servers(starter)
    for path in starter.directory.iterdir():
        path.unlink()
    starter.directory.rmdir()
    wait_until_gone(server)


def test_a_server_ends_when_nobody_asks_and_leaves_no_socket(bin_directory: Path, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    command = [str(bin_directory / "python"), "-I", str(SCRIPT), str(path), "1"]
    subprocess.run(command, check=True, timeout=SOON_S)
    assert path.is_socket()
    deadline = time.monotonic() + SOON_S
    while path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_servers_end_when_they_are_told_to(starter: ForkingStarter, tmp_path: Path) -> None:
    run(starter, tmp_path / "work")
    (server,) = servers(starter)
    stop_servers(starter.directory)
    wait_until_gone(server)


def test_a_server_keeps_its_size(starter: ForkingStarter, tmp_path: Path) -> None:
    run(starter, tmp_path / "work")
    (server,) = servers(starter)
    before_bytes = server.memory_info().rss
    for _ in range(40):
        run(starter, tmp_path / "work", "fake.allocate_mb=30")
    # A program's memory is its own; what stays is the server's own list of children.
    assert server.memory_info().rss - before_bytes < 2 * 1024**2


def test_nobody_else_may_use_a_server(starter: ForkingStarter, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    run(starter, tmp_path / "work")
    (path,) = (path for path in starter.directory.iterdir() if path.is_socket())
    assert path.stat().st_mode & 0o077 == 0
    assert starter.directory.stat().st_mode & 0o077 == 0
    # Should the modes be loosened one day, the server still asks who it is.
    said = subprocess.run(
        [sys.executable, "-c", ASK_AS_NOBODY, str(path)], capture_output=True, text=True, timeout=SOON_S
    )
    assert said.stdout == "b''\n", said.stderr
    assert not (tmp_path / "work" / "stolen").exists()


ASK_AS_NOBODY = """
import os, socket, sys
connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
path = sys.argv[1]
os.chmod(path, 0o777)
os.chmod(os.path.dirname(path), 0o755)
folder = os.open(os.path.dirname(path), os.O_PATH)
os.seteuid(65534)
connection.connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
connection.settimeout(5)
try:
    connection.sendall(bytes(7) + b"\\x0e" + b'{"stop": true}')
    print(connection.recv(100))
except ConnectionError:
    print(b"")
"""


def test_a_folder_of_another_user_is_not_used(
    starter: ForkingStarter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    starter.directory.mkdir()
    os.chown(starter.directory, 65534, 65534)
    with caplog.at_level(logging.WARNING):
        assert run(starter, tmp_path / "work", "fake.say=plainly").succeeded
    assert "another user's" in caplog.text
    assert servers(starter) == []


def test_a_python_without_dials_leaves_the_programs_to_themselves(
    starter: ForkingStarter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (information,) = (tmp_path / "dials" / "lib").glob("python3.*/site-packages/dials-*")
    (information / "METADATA").unlink()
    (information / "entry_points.txt").unlink()
    information.rmdir()
    with caplog.at_level(logging.WARNING):
        assert run(starter, tmp_path / "work", "fake.say=plainly").log_path.read_text() == "plainly\n"
    assert "starts plainly" in caplog.text


def test_a_dials_that_starts_threads_is_not_forked(
    starter: ForkingStarter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (module,) = (tmp_path / "dials" / "lib").glob("python3.*/site-packages/dials/__init__.py")
    module.write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=[9], daemon=True).start()"
    )
    with caplog.at_level(logging.WARNING):
        assert run(starter, tmp_path / "work", "fake.say=plainly").log_path.read_text() == "plainly\n"
    assert "starts plainly" in caplog.text


def test_programs_of_another_install_start_plainly(bin_directory: Path, tmp_path: Path) -> None:
    starter = ForkingStarter(bin_directory, Path(sys.executable), tmp_path / "server")
    assert run(starter, tmp_path / "work", "fake.say=plainly").succeeded
    assert not starter.directory.exists()


def test_a_folder_deeper_than_a_sockets_name_may_be_is_no_hindrance(
    bin_directory: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    starter = ForkingStarter(bin_directory, bin_directory / "python", tmp_path / ("deep/" * 30) / "server")
    with caplog.at_level(logging.WARNING):
        assert run(starter, tmp_path / "work").succeeded
    assert caplog.text == ""
    (server,) = servers(starter)
    server.send_signal(signal.SIGTERM)
    wait_until_gone(server)
    assert not [path for path in starter.directory.iterdir() if path.is_socket()]


def test_a_caller_that_says_nothing_holds_up_nobody(starter: ForkingStarter, tmp_path: Path) -> None:
    run(starter, tmp_path / "work")
    (path,) = (path for path in starter.directory.iterdir() if path.is_socket())
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
        descriptor = os.open(starter.directory, os.O_PATH)
        silent.connect(f"/proc/self/fd/{descriptor}/{path.name}")
        os.close(descriptor)
        assert run(starter, tmp_path / "work").succeeded
