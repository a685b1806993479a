"""The programs of the installed DIALS and our scripts, for a process that imports DIALS once and forks."""

import contextlib
import gc
import importlib.metadata
import logging
import os
import runpy
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import deferred_packages

SCRIPTS = Path(__file__).resolve().parents[1]
# What the programs load when they run: by these groups of entry points DIALS finds its methods.
METHODS = (
    "dials.index.basis_vector_search",
    "dials.index.lattice_search",
    "dials.integration.background",
    "dials.integration.centroid",
    "dials.spotfinder.threshold",
    "dxtbx.profile_model",
    "dxtbx.scaling_model_ext",
)
PRELOADED = (
    "combine_experiments",
    "export",
    "find_spots",
    "import",
    "index",
    "integrate",
    "refine",
    "refine_bravais_settings",
    "search_beam_position",
    "split_experiments",
)


class Programs:
    """The programs of the installed DIALS, as its own console scripts name them."""

    def __init__(self) -> None:
        import dials

        self.installed = Path(dials.__file__)
        self.state = self.installed.stat()
        found = importlib.metadata.distribution("dials").entry_points
        self.scripts = {entry.name: entry for entry in found if entry.group == "console_scripts"}
        self.methods = [entry for entry in found if entry.group in METHODS]

    def preload(self) -> None:
        """Import what programs need, so that their children find it there."""
        # What is imported stays: each search for garbage in it would be for nothing, an eighth of the time.
        gc.disable()
        deferred_packages.defer()
        for entry in [self.scripts.get(f"dials.{name}") for name in PRELOADED] + self.methods:
            # What cannot be imported here says so to the one who asks for it.
            with contextlib.suppress(Exception):
                entry.load()
        # A collection in a child would write to every object's page, and so copy it.
        gc.collect()
        gc.freeze()
        gc.enable()

    def still_installed(self) -> bool:
        """Tell whether the files on the disk are those that were imported."""
        try:
            now = self.installed.stat()
        except OSError:
            return False
        return (now.st_ino, now.st_mtime_ns) == (self.state.st_ino, self.state.st_mtime_ns)


def become(programs: Programs, request: dict[str, Any]) -> None:
    """Be the program, as if its console script had been started."""
    # What execve would close: the connection above all, whose end tells the caller of a killed launcher.
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    name = request["program"]
    Path("/proc/self/comm").write_text(name)
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = [name, *request["arguments"]]
    with contextlib.suppress(ImportError):
        import numpy

        numpy.random.seed()  # a process of its own would have chosen its own
    os._exit(exit_code(programs, name))


def find_program(programs: Programs, name: str) -> Callable[[], object]:
    """Return a program of DIALS, or a script of this folder, whose variables are nobody's exit code."""
    own = {script.name: script for script in SCRIPTS.glob("*.py")}
    if name in own:
        return lambda: runpy.run_path(str(own[name]), run_name="__main__") and None
    program: Callable[[], object] = programs.scripts[name].load()
    return program


def exit_code(programs: Programs, name: str) -> int:
    """Run a program and return its exit code, as the interpreter does for a script's sys.exit(run())."""
    try:
        stop = find_program(programs, name)()
    except SystemExit as error:
        stop = error.code
    except BaseException:
        traceback.print_exc()
        stop = 1
    if not isinstance(stop, int | None):
        print(stop, file=sys.stderr)
        stop = 1
    logging.shutdown()
    sys.stderr.flush()
    try:
        sys.stdout.flush()
    except OSError:
        return 120  # what the interpreter says when a full disk takes the last lines
    return (stop or 0) & 0xFF
