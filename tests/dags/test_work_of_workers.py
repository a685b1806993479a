"""Which worker of the executor is given work."""

from dataclasses import dataclass
from multiprocessing import SimpleQueue
from typing import Any

import pytest

pytestmark = pytest.mark.dags


@dataclass(frozen=True)
class Work:
    key: str


@pytest.fixture
def work() -> Any:
    """Provide three workers, 11, 12 and 13, that have been added in that order."""
    from work_of_workers import WorkOfWorkers

    made = WorkOfWorkers()
    for worker in (11, 12, 13):
        made.add(worker, made.make_inbox())
    return made


def given(work: Any, worker: int) -> list[str]:
    """Read all that lies in a worker's inbox, as the worker does."""
    inbox = work._inboxes[worker]
    found = []
    while not inbox.empty():
        found.append(getattr(inbox.get(), "key", "end"))
    return found


def test_the_first_worker_that_is_idle_is_given_work(work: Any) -> None:
    for key in ("a", "b"):
        work.put(Work(key))
    assert [given(work, worker) for worker in (11, 12, 13)] == [["a"], ["b"], []]
    work.note_end("a")
    work.put(Work("c"))
    work.put(Work("d"))
    assert [given(work, worker) for worker in (11, 12, 13)] == [["c"], [], ["d"]]


def test_work_beyond_the_workers_waits_for_the_first_that_becomes_idle(work: Any) -> None:
    for key in "abcde":
        work.put(Work(key))
    assert not work.empty()
    assert [given(work, worker) for worker in (11, 12, 13)] == [["a"], ["b"], ["c"]]
    work.note_end("b")
    work.note_end("a")
    assert work.empty()
    assert [given(work, worker) for worker in (11, 12, 13)] == [["e"], ["d"], []]


def test_work_that_a_dead_worker_had_not_begun_is_given_to_another(work: Any) -> None:
    work.put(Work("a"))
    work.forget([11])
    assert [given(work, worker) for worker in (12, 13)] == [["a"], []]


def test_work_that_a_dead_worker_had_begun_is_not_given_again(work: Any) -> None:
    work.put(Work("a"))
    assert given(work, 11) == ["a"]
    work.forget([11])
    assert work.empty()
    assert [given(work, worker) for worker in (12, 13)] == [[], []]


def test_a_new_worker_takes_what_waits_for_one() -> None:
    from work_of_workers import WorkOfWorkers

    work = WorkOfWorkers()
    work.put(Work("a"))
    assert not work.empty()
    work.add(14, SimpleQueue())
    assert given(work, 14) == ["a"]


def test_every_worker_is_told_to_end_when_some_have_died(work: Any) -> None:
    for _ in range(2):  # the executor tells as many as live
        work.put(None)
    assert all("end" in given(work, worker) for worker in (11, 12, 13))
