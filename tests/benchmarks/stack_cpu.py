"""What a running stack uses of the machine, by program:

`.venv/bin/python -m tests.benchmarks.stack_cpu STATE [SECONDS]`

STATE is the stack's state directory (`.beamloop`). Every process of the stack counts, PostgreSQL's and the
tasks' too.
"""

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from beamloop.local_stack.process_trees import tree_memory_bytes

DEFAULT_S = 200.0


def stack_cpu_s(state: Path) -> dict[str, float]:
    """Return the CPU s, user and system, that each program of a stack has used since it was started.

    A process that has ended counts with its parent, which has waited for it.

    Parameters
    ----------
    state
        The stack's state directory.

    Returns
    -------
    dict
        By the program's name; "supervisor" is the supervisor itself with what it has lost.
    """
    supervisor = psutil.Process(_supervisor_pid(state))
    used = {"supervisor": _own_cpu_s(supervisor)}
    for guard in supervisor.children():
        with suppress(psutil.NoSuchProcess):
            name = guard.cmdline()[-1]
            used[name] = sum(_own_cpu_s(process) for process in (guard, *guard.children(recursive=True)))
    return used


def stack_memory_bytes(state: Path) -> int:
    """Return the memory of a whole stack, pages that several processes share counted once."""
    return tree_memory_bytes(_supervisor_pid(state))


def _supervisor_pid(state: Path) -> int:
    return int((state / "supervisor" / "supervisord.pid").read_text(encoding="ascii"))


def _own_cpu_s(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


def shares_of_a_core(state: Path, wait_s: float) -> dict[str, float]:
    """Watch a stack for a while; return the percentage of one core that each program uses, and "in all"."""
    before, began_s = stack_cpu_s(state), time.monotonic()
    time.sleep(wait_s)
    after, wall_s = stack_cpu_s(state), time.monotonic() - began_s
    shares = {name: 100 * (used - before.get(name, 0.0)) / wall_s for name, used in after.items()}
    return {**shares, "in all": sum(shares.values())}


def main(arguments: Sequence[str]) -> None:
    """Print the share of one core by program, over some minutes."""
    state = Path(arguments[0])
    wait_s = float(arguments[1]) if len(arguments) > 1 else DEFAULT_S
    for name, share in shares_of_a_core(state, wait_s).items():
        sys.stdout.write(f"{name:14} {share:6.2f} % of one core\n")
    sys.stdout.write(f"over {wait_s:.0f} s; memory {stack_memory_bytes(state) / 2**20:.0f} MiB\n")


if __name__ == "__main__":
    main(sys.argv[1:])
