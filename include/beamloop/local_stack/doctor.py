"""Examine the machine: what a local stack needs, what was found, and what to do where it is missing."""

import locale
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from beamloop.beamlines.beamline_file import read_beamlines
from beamloop.errors import BeamloopError
from beamloop.local_stack.dials_location import dials_version, find_dials, module_that_dials_lacks
from beamloop.local_stack.directories import COMFORTABLE_FREE_BYTES
from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.ports import PREFERRED_UI_PORT, is_free, load_ports
from beamloop.local_stack.postgres_binaries import find_postgres
from beamloop.local_stack.postgres_cluster import cluster_major, operating_system_user
from beamloop.local_stack.settings_file import read_settings_file
from beamloop.local_stack.supervision import Supervisor

# Measured: 0.8 GB proportional for Airflow and PostgreSQL, and 0.9 GB for a P1 search of one sweep.
LEAST_MEMORY_BYTES = 2_500_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str  # "DIALS"
    ok: bool
    found: str  # "DIALS 3.12 in /usr/bin"
    remedy: str = ""  # what to do; empty when all is well


def examine(layout: StackLayout, environment: Mapping[str, str] = os.environ) -> list[Check]:
    """Run every check; none changes anything."""
    checks: list[Callable[[], Check]] = [
        _python,
        lambda: _dials(environment),
        lambda: _postgres(layout, environment),
        lambda: _settings(layout),
        lambda: _beamlines(layout, environment),
        lambda: _state_directory(layout),
        lambda: _disk(layout),
        _memory,
        lambda: _ui_port(layout),
        _locale,
    ]
    return [check() for check in checks]


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    ok = (3, 11) <= sys.version_info[:2] < (3, 14)
    return Check("Python", ok, f"{version} in {sys.prefix}", "" if ok else "Run `make setup`.")


def _dials(environment: Mapping[str, str]) -> Check:
    dials = find_dials(environment)
    if dials is None:
        return Check(
            "DIALS",
            False,
            "dials.import was not found",
            "Debian: `make setup`. Elsewhere: install DIALS 3.12 or later and set BEAMLOOP_DIALS_BIN to "
            "the folder of its programs and BEAMLOOP_DIALS_PYTHON to its Python.",
        )
    version = dials_version(dials)
    if version is None:
        remedy = "Set BEAMLOOP_DIALS_PYTHON to the Python that DIALS is installed in."
        return Check("DIALS", False, f"{dials.python} cannot import dials", remedy)
    lacking = module_that_dials_lacks(dials)
    if lacking:
        remedy = f"Install it for {dials.python}; on Debian: apt-get install python3-{lacking}."
        return Check("DIALS", False, f"{version} in {dials.bin_directory} lacks the module {lacking}", remedy)
    return Check("DIALS", True, f"{version} in {dials.bin_directory}, Python {dials.python}")


def _postgres(layout: StackLayout, environment: Mapping[str, str]) -> Check:
    try:
        operating_system_user()
        binaries = find_postgres(environment, major=cluster_major(layout))
    except BeamloopError as error:
        return Check("PostgreSQL", False, error.what, error.try_next)
    return Check("PostgreSQL", True, f"{binaries.major} in {binaries.folder}")


def _settings(layout: StackLayout) -> Check:
    path = layout.project / "airflow_settings.yaml"
    try:
        entries = read_settings_file(path)
    except BeamloopError as error:
        return Check("Settings", False, error.what, error.try_next)
    counts = f"{len(entries.connections)} connections, {len(entries.pools)} pools"
    return Check("Settings", True, f"{path}: {counts}, {len(entries.variables)} variables")


def _beamlines(layout: StackLayout, environment: Mapping[str, str]) -> Check:
    """Look at the beamlines' files: a bad one stops no other, so that nobody may have noticed it."""
    folder = Path(environment.get("BEAMLOOP_BEAMLINES") or layout.beamlines)
    good, faults = read_beamlines(folder)
    if faults:
        words = "; ".join(fault.what for fault in faults)
        return Check("Beamlines", False, words, faults[0].try_next)
    names = ", ".join(beamline.beamline for beamline in good) or "none yet"
    return Check("Beamlines", True, f"{names}, in {folder}")


def _existing(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.is_dir())


def _state_directory(layout: StackLayout) -> Check:
    place = _existing(layout.state)
    ok = os.access(place, os.W_OK | os.X_OK)
    found = f"{layout.state}" if ok else f"no permission to write to {place}"
    return Check("State directory", ok, found, "" if ok else "Set BEAMLOOP_STATE to a folder of yours.")


def _disk(layout: StackLayout) -> Check:
    free_bytes = shutil.disk_usage(_existing(layout.state)).free
    ok = free_bytes >= COMFORTABLE_FREE_BYTES
    remedy = f"Make room: {COMFORTABLE_FREE_BYTES / 1e9:.0f} GB to begin with, or set BEAMLOOP_STATE."
    return Check("Disk", ok, f"{free_bytes / 1e9:.1f} GB free", "" if ok else remedy)


def _memory() -> Check:
    available_bytes = psutil.virtual_memory().available
    ok = available_bytes >= LEAST_MEMORY_BYTES
    remedy = f"End other programs: {LEAST_MEMORY_BYTES / 1e9:.1f} GB are needed for one sweep at a time."
    return Check("Memory", ok, f"{available_bytes / 1e9:.1f} GB available", "" if ok else remedy)


def _ui_port(layout: StackLayout) -> Check:
    if Supervisor(layout).pid() is not None and (ports := load_ports(layout)):
        return Check("Port", True, f"{ports.ui}, in use by this stack")
    # Never a fault: `up` takes another one.
    state = "free" if is_free(PREFERRED_UI_PORT) else "taken; `up` will choose another"
    return Check("Port", True, f"{PREFERRED_UI_PORT} is {state}")


def _locale() -> Check:
    encoding = locale.getencoding()
    ok = encoding.upper().replace("-", "") == "UTF8"
    remedy = "Set LANG=C.UTF-8: file names outside ASCII cannot be shown otherwise."
    return Check("Locale", ok, encoding, "" if ok else remedy)
