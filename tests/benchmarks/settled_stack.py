"""A stack as a beamline has it: up for hours, with all imported that its programs import when first asked."""

import sys
import time

import httpx
from tests.benchmarks.stack_cpu import stack_cpu_s
from tests.end_to_end.platform_bench import Platform

# What people and Beamloop ask of the api-server; the tasks' own interface is met by the run below.
ADDRESSES = (
    "beamloop/now",
    "beamloop/api/now",
    "beamloop/api/collections",
    "beamloop/api/failures",
    "beamloop/api/health",
    "api/v2/dags",
    "api/v2/dags/process_collection/dagRuns",
    "api/v2/monitor/health",
)
LOOK_S = 5.0
# An idle stack uses 5 % of a core; one that still imports, most of one.
QUIET_CORES = 0.15
PATIENCE_S = 180.0


def settle(platform: Platform) -> None:
    """Let every program of a fresh stack do what it does once, and wait until none has anything to do.

    One request of each page, and one run of `watch_collections`. A stack that does not come to rest is
    measured as it is, which is said: on some machines all that wakes is dear, see `machine_cost`.
    """
    with platform.airflow() as airflow:
        airflow._log_in()  # the pages take the same token
        headers = {"Authorization": f"Bearer {airflow._token}"}
        with httpx.Client(base_url=platform.variables["BEAMLOOP_AIRFLOW_URL"], trust_env=False) as pages:
            for address in ADDRESSES:
                pages.get(f"/{address}", headers=headers, timeout=60).raise_for_status()
    platform.call_dispatcher()
    _wait_until_quiet(platform)


def _wait_until_quiet(platform: Platform) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        before, began_s = sum(stack_cpu_s(platform.state).values()), time.monotonic()
        time.sleep(LOOK_S)
        used_s = sum(stack_cpu_s(platform.state).values()) - before
        if used_s < QUIET_CORES * (time.monotonic() - began_s):
            return
        if time.monotonic() > deadline:
            words = (
                f"The stack still uses {used_s / LOOK_S:.0%} of a core after {PATIENCE_S:.0f} s of rest.\n"
            )
            sys.stderr.write(words)
            return
