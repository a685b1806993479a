# ruff: noqa: T201 - what a task prints is heard
"""A worker's process that runs one task after the other."""

import contextvars
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.dags

SOON_S = 20.0
WORD: contextvars.ContextVar[str] = contextvars.ContextVar("word", default="none")


class Worker:
    """What a worker does: it starts a task, hears what that says, and learns how it ended."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def run(self) -> tuple[int, str, int]:
        """Return a task's process id, what it has printed, and its exit code."""
        from kept_processes import hand_over_channels

        process, channels = hand_over_channels(self.kept)
        said = [heard(channel) for channel in channels]
        return process.pid, said[1].decode(), process.wait(SOON_S)


def heard(channel: socket.socket) -> bytes:
    """Read to the end, which comes when nobody has the other end any more."""
    channel.settimeout(SOON_S)
    with channel, channel.makefile("rb") as stream:
        return stream.read()


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[], None]], Worker]]:
    """Provide a way to make a worker all of whose tasks do the same."""
    from airflow.sdk.execution_time import supervisor

    made: list[Worker] = []

    def make(task: Callable[[], None]) -> Worker:
        def run_task() -> None:
            # Airflow's task runner opens and closes its channel of questions so.
            with socket.socket(fileno=0):
                task()

        monkeypatch.setattr(supervisor, "_subprocess_main", run_task)
        made.append(Worker())
        return made[-1]

    yield make
    for each in made:
        for process in each.kept:
            process.leave()


def test_one_process_runs_one_task_after_the_other(worker: Callable[..., Worker]) -> None:
    tasks = worker(lambda: print(os.getpid()))
    first, second = tasks.run(), tasks.run()
    assert first == second == (first[0], f"{first[0]}\n", 0)
    assert first[0] != os.getpid()


def test_a_task_finds_its_process_as_the_first_one_did(worker: Callable[..., Worker]) -> None:
    def task() -> None:
        print(
            os.environ.get("LEFT"),
            os.path.realpath(os.getcwd()) == "/",
            signal.getsignal(signal.SIGTERM) is signal.SIG_DFL,
            signal.getitimer(signal.ITIMER_REAL)[0],
            WORD.get(),
        )
        os.environ["LEFT"] = "behind"
        os.chdir("/")
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, 100.0)
        WORD.set("left")
        sys.stdout = sys.stderr

    tasks = worker(task)
    assert tasks.run()[1:] == ("None False True 0.0 none\n", 0)
    assert tasks.run()[1:] == ("None False True 0.0 none\n", 0)
    assert tasks.run()[0] == tasks.run()[0]


def test_secrets_of_one_task_are_not_hidden_in_the_words_of_the_next(worker: Callable[..., Worker]) -> None:
    from airflow.sdk._shared.secrets_masker import mask_secret, redact

    def task() -> None:
        print(redact("swordfish"))
        mask_secret("swordfish")
        print(redact("swordfish"))

    tasks = worker(task)
    assert [tasks.run()[1] for _ in range(2)] == ["swordfish\n***\n"] * 2


@pytest.mark.parametrize(
    ("end", "exit_code"),
    [
        (lambda: sys.exit(3), 3),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), -signal.SIGKILL),
        (lambda: int("no number"), 126),  # Airflow's code for what a task runner does not expect
        (lambda: os._exit(0), 1),  # it never said that its task has ended well
    ],
)
def test_a_task_that_ends_its_process_has_that_exit_code_and_the_next_has_another_process(
    worker: Callable[..., Worker], end: Callable[[], None], exit_code: int
) -> None:
    tasks = worker(end)
    first, second = tasks.run(), tasks.run()
    assert first[2] == second[2] == exit_code
    assert first[0] != second[0]


def test_a_process_in_which_something_goes_on_is_left(worker: Callable[..., Worker]) -> None:
    for go_on in (
        lambda: threading.Thread(target=time.sleep, args=(SOON_S,), daemon=True).start(),
        lambda: subprocess.Popen(["sleep", "0.5"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL),
    ):
        tasks = worker(go_on)
        first, second = tasks.run(), tasks.run()
        assert first[1:] == second[1:] == ("", 0)
        assert first[0] != second[0]
        assert not psutil.pid_exists(first[0])


def test_a_task_that_closes_its_output_ends_well_and_the_next_has_an_output(
    worker: Callable[..., Worker],
) -> None:
    def task() -> None:
        print("heard")
        sys.stdout.close()

    tasks = worker(task)
    first, second = tasks.run(), tasks.run()
    assert first[1:] == second[1:] == ("heard\n", 0)
    assert first[0] != second[0]


def test_what_a_task_has_written_is_heard_though_it_has_put_another_output_in_its_place(
    worker: Callable[..., Worker],
) -> None:
    def task() -> None:
        sys.stdout.write("no end of line")
        sys.stdout = sys.stderr

    tasks = worker(task)
    assert [tasks.run()[1:] for _ in range(2)] == [("no end of line", 0)] * 2


def test_a_process_that_has_grown_is_left(
    worker: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    import task_process

    monkeypatch.setattr(task_process, "GROWTH_BYTES", 20 * 1024**2)
    held: list[bytearray] = []
    for mib, same in ((1, True), (40, False)):
        tasks = worker(lambda mib=mib: held.append(bytearray(b"x") * (mib * 1024**2)))
        assert (tasks.run()[0] == tasks.run()[0]) is same


def test_a_process_is_left_after_many_tasks(
    worker: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    import task_process

    monkeypatch.setattr(task_process, "TASKS_AT_MOST", 3)
    tasks = worker(lambda: None)
    used = [tasks.run()[0] for _ in range(7)]
    assert [len(set(used[:3])), len(set(used[3:6])), len(set(used))] == [1, 1, 3]


def test_a_process_without_tasks_ends_and_the_next_task_has_a_new_one(
    worker: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    import task_process

    monkeypatch.setattr(task_process, "IDLE_S", 0.1)
    tasks = worker(lambda: None)
    first = tasks.run()
    # Its parent has not asked for its exit code yet.
    wait_until(lambda: psutil.Process(first[0]).status() == psutil.STATUS_ZOMBIE)
    second = tasks.run()
    assert second[1:] == ("", 0)
    assert second[0] != first[0]


def test_a_process_that_has_ended_between_two_tasks_is_not_listed_any_more(
    worker: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    import task_process
    from kept_processes import take_leave_of

    monkeypatch.setattr(task_process, "IDLE_S", 0.1)
    tasks = worker(lambda: None)
    before = signal.signal(signal.SIGCHLD, lambda *_: take_leave_of(tasks.kept))
    try:
        first = tasks.run()[0]
        wait_until(lambda: not psutil.pid_exists(first))
        second = tasks.run()
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert second[1:] == ("", 0)
    assert second[0] != first


def test_a_task_that_is_killed_has_its_exit_code_when_the_worker_hears_of_each_end(
    worker: Callable[..., Worker],
) -> None:
    from kept_processes import take_leave_of

    tasks = worker(lambda: os.kill(os.getpid(), signal.SIGKILL))
    before = signal.signal(signal.SIGCHLD, lambda *_: take_leave_of(tasks.kept))
    try:
        assert [tasks.run()[2] for _ in range(3)] == [-signal.SIGKILL] * 3
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_a_task_handed_over_to_a_process_that_is_about_to_end_is_run() -> None:
    from task_process import receive

    class Late(socket.socket):
        """Hands over a task at the last moment."""

        def recvmsg(self, *sizes: int) -> Any:
            try:
                return super().recvmsg(*sizes)
            except TimeoutError:
                socket.send_fds(ours, [b"t"], [0])
                raise

    ours, theirs = socket.socketpair()
    with ours, Late(fileno=theirs.detach()) as control:
        control.settimeout(0.01)
        assert len(receive(control)) == 1
        with pytest.raises(BrokenPipeError):
            socket.send_fds(ours, [b"t"], [0])


def test_a_process_ends_with_its_worker(worker: Callable[..., Worker]) -> None:
    tasks = worker(lambda: None)
    pid = tasks.run()[0]
    tasks.kept[0]._control.close()
    wait_until(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_airflow_starts_what_is_not_a_task_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.execution_time.supervisor import ActivitySubprocess, WatchedSubprocess

    from kept_processes import keep_task_processes

    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(WatchedSubprocess, "start", classmethod(lambda cls, **how: asked.append(how)))
    keep_task_processes()

    def target() -> None:
        """Stand for a DAG file's processor."""

    WatchedSubprocess.start(target=target, logger=None)
    WatchedSubprocess.start.__func__(ActivitySubprocess, target=target, logger=None)  # type: ignore[attr-defined]
    assert [how["target"] for how in asked] == [target, target]


def wait_until(seen: Callable[[], bool]) -> None:
    """Wait for something, not for ever."""
    until_s = time.monotonic() + SOON_S
    while not seen():
        assert time.monotonic() < until_s
        time.sleep(0.02)
