"""The DIALS server killed again and again while sweeps are processed: nothing is lost, nothing done twice."""

import random
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tests.end_to_end.catalogue_facts import (
    assert_nothing_is_left_over,
    assert_same_facts,
    assert_store_and_catalogue_agree,
    facts_of,
)
from tests.end_to_end.platform_bench import Platform, deliver, finish

from beamloop.dials_cli.server_door import SCRIPT

pytestmark = pytest.mark.end_to_end

SWEEPS = ("server_1", "server_2")
SEED = 20
# A server takes a second to start, a step as long: it is met starting, idle, forking, with programs at work.
PAUSES_S = (0.1, 2.0)
# Not for ever: on a busy machine a server may take longer to start than it is let live.
KILLS = 8


def servers(platform: Platform) -> list[psutil.Process]:
    """Return the stack's DIALS servers: the processes of that script that no other of them has forked."""
    supervisor = int((platform.state / "supervisor" / "supervisord.pid").read_text())
    found: dict[int, psutil.Process] = {}
    parents: dict[int, int] = {}
    for process in psutil.Process(supervisor).children(recursive=True):
        with suppress(psutil.Error):
            if str(SCRIPT) in process.cmdline():
                parents[process.pid], found[process.pid] = process.ppid(), process
    return [process for pid, process in found.items() if parents[pid] not in found]


def test_a_server_killed_at_random_loses_nothing_and_doubles_nothing(
    platform: Platform, images: Path, undisturbed_run: int
) -> None:
    directory = platform.state / "killed_servers"
    deliver(images, directory, dict.fromkeys(SWEEPS, "xtal1_1"))
    chance = random.Random(SEED)  # noqa: S311 - not for secrets
    killed = 0
    command = platform.begin(directory)
    while command.poll() is None and killed < KILLS:
        for server in servers(platform):
            with suppress(psutil.NoSuchProcess):
                server.kill()
                killed += 1
        time.sleep(chance.uniform(*PAUSES_S))
    finish(command)
    assert killed >= len(SWEEPS)
    runs = platform.run_ids(directory)
    assert set(runs) == set(SWEEPS)
    for run_id in runs.values():
        assert_same_facts(facts_of(platform, run_id), facts_of(platform, undisturbed_run))
        assert_store_and_catalogue_agree(platform, run_id)
        assert_nothing_is_left_over(platform, run_id)
