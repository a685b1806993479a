"""Programs start, end and are ended as asked, plainly and by the server; the fake DIALS is real programs."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.fakes import fake_dials

from beamloop.dials_cli import launcher
from beamloop.dials_cli.forking_starter import ForkingStarter
from beamloop.dials_cli.server_door import stop_servers
from beamloop.dials_cli.starter import PlainStarter
from beamloop.errors import DiskFullError, InvalidInputError, TransientError
from beamloop.records.program import ProgramEnd, ProgramLimits, ProgramRequest, ProgramResult

pytestmark = pytest.mark.unit

GONE_WITHIN_S = 1.5  # the launcher's GRACE_S of 0.5 and room for a busy machine


Starter = PlainStarter | ForkingStarter


@pytest.fixture(scope="module")
def bin_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_dials.install_with_python(tmp_path_factory.mktemp("dials"))


@pytest.fixture(params=["plain", "forked"])
def starter(request: pytest.FixtureRequest, bin_directory: Path, tmp_path: Path) -> Iterator[Starter]:
    if request.param == "plain":
        yield PlainStarter(bin_directory)
    else:
        yield ForkingStarter(bin_directory, bin_directory / "python", tmp_path / "server")
        stop_servers(tmp_path / "server")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    directory = tmp_path / "work"
    directory.mkdir()
    return directory


def run(starter: Starter, work: Path, *actions: str, **request: Any) -> ProgramResult:
    argv = ("dials.find_spots", *actions)
    return starter.run(ProgramRequest(argv, work, "find_spots.out", **request))


def told(path: Path, timeout_s: float = 10.0) -> dict[str, Any]:
    """Wait for what the fake tells of itself."""
    deadline = time.monotonic() + timeout_s
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} was never written"
        time.sleep(0.01)
    facts: dict[str, Any] = json.loads(path.read_text())
    return facts


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def launcher_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def assert_gone(*pids: int) -> None:
    deadline = time.monotonic() + GONE_WITHIN_S
    while any(is_running(pid) for pid in pids):
        assert time.monotonic() < deadline, f"still there: {[pid for pid in pids if is_running(pid)]}"
        time.sleep(0.02)


def test_a_program_that_ends_with_0_and_writes_its_outputs_succeeds(starter: Starter, work: Path) -> None:
    result = run(
        starter,
        work,
        "fake.say=two words",
        "fake.write=strong.refl",
        expected_outputs=("strong.refl",),
    )
    assert result.succeeded
    assert (result.end, result.exit_code, result.missing_outputs) == (ProgramEnd.EXITED, 0, ())
    assert result.argv[0] == "dials.find_spots"
    assert result.log_path == work / "find_spots.out"
    assert result.log_path.read_text() == "two words\n"
    assert result.started_at.tzinfo is not None
    # A Python process takes some milliseconds and megabytes, and far less than these bounds.
    assert 0.001 < result.cpu_s < 2
    assert 0.001 < result.wall_s < 10
    assert 4 * 1024**2 < result.peak_memory_bytes < 100 * 1024**2


@pytest.mark.parametrize(
    ("action", "exit_code"), [("fake.exit=3", 3), ("fake.die_of=11", 139), ("fake.die_of=9", 137)]
)
def test_the_exit_code_is_counted_as_a_shell_does(
    starter: Starter, work: Path, action: str, exit_code: int
) -> None:
    result = run(starter, work, action)
    assert (result.end, result.exit_code, result.succeeded) == (ProgramEnd.EXITED, exit_code, False)


def test_exit_code_0_without_the_outputs_is_no_success(starter: Starter, work: Path) -> None:
    outputs = ("a.expt", "b.refl", "c.refl")
    result = run(starter, work, "fake.write=a.expt", "fake.touch=b.refl", expected_outputs=outputs)
    assert result.exit_code == 0
    assert result.missing_outputs == ("b.refl", "c.refl")
    assert not result.succeeded


def test_an_output_of_an_earlier_attempt_does_not_count(starter: Starter, work: Path) -> None:
    (work / "strong.refl").write_text("of yesterday")
    result = run(starter, work, expected_outputs=("strong.refl",))
    assert result.missing_outputs == ("strong.refl",)


def test_an_output_that_is_written_again_counts(starter: Starter, work: Path) -> None:
    (work / "strong.refl").write_text("of yesterday")
    result = run(starter, work, "fake.write=strong.refl", expected_outputs=("strong.refl",))
    assert result.succeeded


def test_a_program_is_ended_at_its_time_limit(starter: Starter, work: Path) -> None:
    started = time.monotonic()
    result = run(
        starter,
        work,
        "fake.tell=program",
        "fake.deaf",
        "fake.sleep_s=60",
        limits=ProgramLimits(time_s=1.0),
    )
    assert (result.end, result.succeeded) == (ProgramEnd.TIMED_OUT, False)
    assert result.exit_code == 128 + signal.SIGKILL
    assert time.monotonic() - started < 1.0 + GONE_WITHIN_S
    assert not is_running(told(work / "program")["pid"])


def test_a_grandchild_in_a_session_of_its_own_ends_with_its_program(starter: Starter, work: Path) -> None:
    result = run(
        starter,
        work,
        "fake.orphan",
        "fake.tell=orphan",
        "fake.sleep_s=60",
        limits=ProgramLimits(time_s=1.0),
    )
    assert result.end is ProgramEnd.TIMED_OUT
    assert not is_running(told(work / "orphan")["pid"])


def test_a_program_is_ended_when_its_tree_needs_too_much_memory(starter: Starter, work: Path) -> None:
    limit_bytes = 150 * 1024**2
    result = run(
        starter,
        work,
        "fake.allocate_mb=100",
        "fake.orphan",
        "fake.allocate_mb=100",
        "fake.tell=orphan",
        "fake.sleep_s=60",
        limits=ProgramLimits(time_s=30, memory_bytes=limit_bytes),
    )
    assert result.end is ProgramEnd.OUT_OF_MEMORY
    assert result.peak_memory_bytes > limit_bytes
    assert result.wall_s < 20


def test_cpu_time_is_that_of_the_whole_tree(starter: Starter, work: Path) -> None:
    result = run(
        starter,
        work,
        "fake.spin_s=0.4",
        "fake.orphan",
        "fake.spin_s=0.6",
        "fake.write=child.done",
        "fake.sleep_s=60",
    )
    assert result.end is ProgramEnd.EXITED
    # 1.0 CPU s are spun; on top comes the start of one Python process and a fork, measured as 0.05.
    assert 1.0 <= result.cpu_s < 1.4


def test_a_flood_of_output_goes_to_the_log_and_nowhere_else(starter: Starter, work: Path) -> None:
    result = run(starter, work, "fake.flood_mb=50")
    assert result.succeeded
    assert result.log_path.stat().st_size == 50 * 1024**2


def test_only_the_allow_list_and_the_requests_own_variables_pass(
    starter: Starter, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEAMLOOP_S3_SECRET_KEY", "secret")
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("TMPDIR", str(work))
    run(starter, work, "fake.tell=facts", environment={"DXTBX_OVERLOAD_SCALE": "1"})
    environment = told(work / "facts")["environment"]
    assert "secret" not in environment.values()
    assert "PYTHONPATH" not in environment
    assert environment["DXTBX_OVERLOAD_SCALE"] == "1"
    assert environment["TMPDIR"] == str(work)
    assert environment["PATH"] == os.environ["PATH"]


HOSTILE = (
    "a b",
    "  ",
    "",
    "$(touch stolen)",
    "`touch stolen`",
    "; touch stolen",
    'it\'s "quoted"',
    "new\nline",
    "tab\t\\",
    "-rf",
    "*.cbf",
    "\u00e9 \u65e5\u672c",
    "not utf-8 \udcff",
)


def test_hostile_arguments_arrive_as_they_are(starter: Starter, work: Path) -> None:
    run(starter, work, "fake.tell=facts", *HOSTILE)
    assert told(work / "facts")["argv"] == ["fake.tell=facts", *HOSTILE]
    assert sorted(path.name for path in work.iterdir()) == ["facts", "find_spots.out"]


def test_a_hostile_working_directory_is_just_a_directory(starter: Starter, tmp_path: Path) -> None:
    directory = tmp_path / "$(touch stolen) 'x'\n\udcff"
    directory.mkdir()
    assert run(starter, directory, "fake.write=out", expected_outputs=("out",)).succeeded


def test_a_missing_program_names_the_setting_and_the_package(work: Path, tmp_path: Path) -> None:
    request = ProgramRequest(("dials.find_spots",), work, "find_spots.out")
    with pytest.raises(InvalidInputError) as caught:
        PlainStarter(tmp_path).run(request)
    assert "BEAMLOOP_DIALS_BIN" in str(caught.value)
    assert "apt-get install --no-install-recommends dials" in str(caught.value)


def test_a_program_whose_interpreter_is_missing_is_reported(work: Path, tmp_path: Path) -> None:
    program = tmp_path / "dials.find_spots"
    program.write_text("#!/nowhere/python\n")
    program.chmod(0o755)
    with pytest.raises(InvalidInputError, match="cannot be started"):
        run(PlainStarter(tmp_path), work)


def test_a_missing_working_directory_is_reported(starter: Starter, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be started"):
        run(starter, tmp_path / "nowhere")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a small tmpfs can be mounted by root only")
    directory = tmp_path / "tiny"
    directory.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=8", "tmpfs", str(directory)])
    if mount.returncode:
        pytest.skip("this machine lets nobody mount a tmpfs")
    yield directory
    subprocess.run(["umount", "--lazy", str(directory)], check=True)


def test_a_program_that_fills_the_disk_is_no_fault_of_the_data(starter: Starter, tiny_disk: Path) -> None:
    with pytest.raises(DiskFullError, match="full"):
        run(starter, tiny_disk, "fake.flood_mb=1")


def test_a_log_that_finds_no_room_is_reported(starter: Starter, tiny_disk: Path) -> None:
    for number in range(8):
        with suppress(OSError):
            (tiny_disk / str(number)).touch()
    with pytest.raises(DiskFullError, match="full"):
        run(starter, tiny_disk)


def test_a_failure_on_a_disk_without_room_is_blamed_on_the_disk(
    starter: Starter, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, offset: int, length: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(DiskFullError, match="full"):
        run(starter, work, "fake.exit=1")
    assert run(starter, work).succeeded


ACTIONS = ("fake.tell=program", "fake.deaf", "fake.orphan", "fake.tell=orphan", "fake.sleep_s=60")

DIES_BY_DEFAULT = """
    starter.run(request)
"""
RAISES = """
    def leave(*_):
        raise SystemExit(7)
    signal.signal(signal.SIGTERM, leave)
    starter.run(request)
"""
LEAVES_A_COPY = """
    threading.Thread(target=starter.run, args=[request]).start()
    while not Path("orphan").exists():
        time.sleep(0.01)
    if os.fork() == 0:
        Path("copy.part").write_text(json.dumps({"pid": os.getpid()}))
        Path("copy.part").rename("copy")
        time.sleep(60)
    time.sleep(60)
"""


def start_caller(starter: Starter, work: Path, body: str) -> subprocess.Popen[bytes]:
    """Start a process that runs the fake as a task does."""
    script = (
        "import json, os, signal, threading, time\n"
        "from pathlib import Path, PosixPath\n"
        "from beamloop.dials_cli.forking_starter import ForkingStarter\n"
        "from beamloop.dials_cli.starter import PlainStarter\n"
        "from beamloop.records.program import ProgramRequest\n"
        f"starter = {starter!r}\n"
        f"request = ProgramRequest(('dials.index', *{ACTIONS!r}), Path({str(work)!r}), 'index.out')\n"
        f"if True:{body}"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=work, stderr=subprocess.DEVNULL, start_new_session=True
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_nothing_outlives_a_caller_that_is_killed(
    starter: Starter, work: Path, number: signal.Signals
) -> None:
    caller = start_caller(starter, work, DIES_BY_DEFAULT)
    pids = told(work / "orphan")["pid"], told(work / "program")["pid"]
    caller.send_signal(number)
    assert_gone(*pids)
    assert caller.wait(GONE_WITHIN_S) == -number


def test_nothing_outlives_a_caller_that_is_killed_with_its_process_group(
    starter: Starter, work: Path
) -> None:
    caller = start_caller(starter, work, DIES_BY_DEFAULT)
    pids = told(work / "orphan")["pid"], told(work / "program")["pid"]
    os.killpg(caller.pid, signal.SIGKILL)
    assert_gone(*pids)
    caller.wait(GONE_WITHIN_S)


def test_the_program_does_not_outlive_caller_and_launcher_killed_together(
    starter: Starter, work: Path
) -> None:
    caller = start_caller(starter, work, DIES_BY_DEFAULT)
    orphan, program = told(work / "orphan")["pid"], told(work / "program")["pid"]
    caller.send_signal(signal.SIGSTOP)  # so that it cannot act on its launcher's death
    os.kill(launcher_of(program), signal.SIGKILL)
    caller.kill()
    caller.wait(GONE_WITHIN_S)
    assert_gone(program)
    os.kill(orphan, signal.SIGKILL)  # nobody is left who could have known of it


def test_an_exception_through_the_call_ends_the_program_first(starter: Starter, work: Path) -> None:
    caller = start_caller(starter, work, RAISES)
    pids = told(work / "orphan")["pid"], told(work / "program")["pid"]
    caller.send_signal(signal.SIGTERM)
    assert caller.wait(GONE_WITHIN_S) == 7
    assert not any(is_running(pid) for pid in pids)


def test_nothing_outlives_a_killed_caller_whose_forked_copy_lives_on(starter: Starter, work: Path) -> None:
    caller = start_caller(starter, work, LEAVES_A_COPY)
    pids = told(work / "orphan")["pid"], told(work / "program")["pid"]
    copy = told(work / "copy")["pid"]
    try:
        caller.kill()
        caller.wait()
        assert_gone(*pids)
    finally:
        os.kill(copy, signal.SIGKILL)


def test_a_killed_launcher_takes_the_program_with_it_and_the_step_may_be_tried_again(
    starter: Starter, work: Path
) -> None:
    caught: list[BaseException] = []
    actions = ("fake.deaf", "fake.tell=program", "fake.child", "fake.tell=child", "fake.sleep_s=60")

    def call() -> None:
        try:
            run(starter, work, *actions)
        except TransientError as error:
            caught.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    pids = told(work / "child")["pid"], told(work / "program")["pid"]
    os.kill(launcher_of(pids[1]), signal.SIGKILL)
    thread.join(GONE_WITHIN_S)
    assert_gone(*pids)
    assert "killed from outside" in str(caught[0])


def test_a_launcher_that_is_asked_to_stop_reports_the_program_as_cancelled(
    starter: Starter, work: Path
) -> None:
    results: list[ProgramResult] = []
    thread = threading.Thread(
        target=lambda: results.append(run(starter, work, "fake.tell=program", "fake.sleep_s=60"))
    )
    thread.start()
    os.kill(launcher_of(told(work / "program")["pid"]), signal.SIGTERM)
    thread.join(GONE_WITHIN_S)
    assert results[0].end is ProgramEnd.CANCELLED
    assert not results[0].succeeded


@pytest.mark.parametrize("path", [launcher.CHILDREN, "/proc/{}/no-such-file"])
def test_descendants_are_found_also_where_the_kernel_does_not_list_them(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "CHILDREN", path)
    code = "import subprocess as s; p = s.Popen(['sleep', '30']); print(p.pid, flush=True); p.wait()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        grandchild = int(child.stdout.readline())
        found = launcher.descendants()
        os.kill(grandchild, signal.SIGKILL)
    assert {child.pid, grandchild} <= found.keys()
    # An interpreter, and a program that does nothing.
    assert found[child.pid] > found[grandchild] > 0
