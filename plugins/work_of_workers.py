"""Give work to the first worker that is idle, always in the same order.

Airflow 3.3.2's workers read from one queue, and the one that has waited longest is next: all sixteen, and the
processes of their tasks, come to hold memory of their own and are cold when it is their turn, where two or
three have enough to do.
"""

from collections import deque
from collections.abc import Callable, Iterable
from multiprocessing import SimpleQueue
from typing import Any

Inbox = Any  # multiprocessing's SimpleQueue is no type


class WorkOfWorkers:
    """Stands for the executor's queue; each worker has an inbox of its own.

    Parameters
    ----------
    make_inbox
        Makes what a worker reads its work from.
    """

    def __init__(self, make_inbox: Callable[[], Inbox] = SimpleQueue) -> None:
        self.make_inbox = make_inbox
        self._inboxes: dict[int, Inbox] = {}  # by the worker's process id
        self._at_work: dict[int, Any] = {}  # the key of what each is given
        self._waiting: deque[Any] = deque()

    def add(self, worker: int, inbox: Inbox) -> None:
        """Let a worker have work."""
        self._inboxes[worker] = inbox
        self._give()

    def put(self, workload: Any) -> None:
        """Take in work. None tells the workers to end: all of them, whichever is meant."""
        if workload is None:
            for inbox in self._inboxes.values():
                inbox.put(None)
            return
        self._waiting.append(workload)
        self._give()

    def note_end(self, key: Any) -> None:
        """Take up that some work has ended: its worker is idle."""
        self._at_work = {worker: other for worker, other in self._at_work.items() if other != key}
        self._give()

    def forget(self, workers: Iterable[int]) -> None:
        """Take up that workers have died; what they were given and had not begun is given to others."""
        for worker in workers:
            inbox = self._inboxes.pop(worker, None)
            self._at_work.pop(worker, None)
            while inbox is not None and not inbox.empty():
                self._waiting.appendleft(inbox.get())
        self._give()

    def empty(self) -> bool:
        """Tell whether no work waits for a worker."""
        return not self._waiting

    def close(self) -> None:
        """Close every inbox."""
        for inbox in self._inboxes.values():
            inbox.close()

    def _give(self) -> None:
        idle = [worker for worker in self._inboxes if worker not in self._at_work]
        for worker in idle[: len(self._waiting)]:
            workload = self._waiting.popleft()
            self._at_work[worker] = workload.key
            self._inboxes[worker].put(workload)
