"""What the machine itself makes of small work: on some, all that has slept a while is dear when it wakes.

`.venv/bin/python -m tests.benchmarks.machine_cost`

A stack at rest is programs that wake a few times a second. Where a machine takes its memory or its processor
away from what sleeps (virtual machines whose host is full), the same instructions then need many times the
CPU s, and figures of an idle stack, of latency and of tasks say more about the machine than about Beamloop.
"""

import json
import sys
import time

from tests.benchmarks.figures import Figures

PAUSE_S = 0.1
ROUNDS = 40
# A document of the size that programs of the stack send each other.
DOCUMENT = json.dumps({str(number): [number] * 5 for number in range(200)})


def machine_cost() -> Figures:
    """Measure the CPU time of the same small work at a run and after pauses of 0.1 s, in some 4 s."""
    _work_ms(pause_s=0.0)  # what is done for the first time is dearer
    at_a_run_ms, after_pauses_ms = _work_ms(pause_s=0.0), _work_ms(pause_s=PAUSE_S)
    return {
        "work_at_a_run_ms": at_a_run_ms,
        "work_after_pauses_ms": after_pauses_ms,
        "waking_ratio": after_pauses_ms / at_a_run_ms,
    }


def _work_ms(pause_s: float) -> float:
    began_s = time.process_time()
    for _ in range(ROUNDS):
        json.dumps(json.loads(DOCUMENT))
        if pause_s:
            time.sleep(pause_s)
    return 1000 * (time.process_time() - began_s) / ROUNDS


if __name__ == "__main__":
    for name, value in machine_cost().items():
        sys.stdout.write(f"{name:22} {value:.2f}\n")
