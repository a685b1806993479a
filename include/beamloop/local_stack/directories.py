"""The folders of a stack, and the beamline files that come with the package."""

import os
import shutil
from importlib.resources import files

from beamloop.errors import DiskFullError, InvalidInputError
from beamloop.local_stack.layout import StackLayout

# A first start writes 0.1 GB, PostgreSQL's write-ahead log may grow to 1 GB, and sweeps come on top.
LEAST_FREE_BYTES = 1_000_000_000
COMFORTABLE_FREE_BYTES = 3_000_000_000
NOT_A_BEAMLINE = "profiles.yaml"  # processing profiles, part of the package


def make_directories(layout: StackLayout) -> None:
    """Make the stack's folders; they are open to their owner only.

    Root's state directory may be passed through (mode 0711): its PostgreSQL runs as another user.

    Raises
    ------
    InvalidInputError
        When a folder cannot be made or written.
    """
    try:
        for directory in layout.directories:
            if not directory.is_dir():
                directory.mkdir(mode=0o700, parents=directory == layout.state)
        if os.geteuid() == 0:
            layout.state.chmod(0o711)
    except OSError as error:
        raise InvalidInputError(
            f"The state directory {layout.state} cannot be made.",
            evidence=str(error),
            try_next="Set BEAMLOOP_STATE to a folder on a local disk that you may write to.",
        ) from error
    if not os.access(layout.state, os.W_OK | os.X_OK):
        raise InvalidInputError(
            f"You may not write to the state directory {layout.state}.",
            try_next="Start Beamloop as its owner, or set BEAMLOOP_STATE to another folder.",
        )


def check_disk_space(layout: StackLayout) -> int:
    """Return the bytes free for the state directory.

    Raises
    ------
    DiskFullError
        Below 1 GB: PostgreSQL would stop in mid-run.
    """
    free_bytes = shutil.disk_usage(layout.state).free
    if free_bytes < LEAST_FREE_BYTES:
        raise DiskFullError(
            f"Only {free_bytes / 1e9:.1f} GB are free for {layout.state}; "
            f"a stack needs {LEAST_FREE_BYTES / 1e9:.0f} GB, and "
            f"{COMFORTABLE_FREE_BYTES / 1e9:.0f} GB to work with.",
            try_next="Make room, or set BEAMLOOP_STATE to a folder on a larger disk.",
        )
    return free_bytes


def copy_beamline_files(layout: StackLayout) -> list[str]:
    """Copy the package's beamline files that the stack does not have; a person's changes stay.

    Returns
    -------
    list of str
        Names of the files copied now, e.g. ["demo.yaml"].
    """
    copied = []
    for source in files("beamloop").joinpath("beamlines").iterdir():
        target = layout.beamlines / source.name
        if source.name.endswith(".yaml") and source.name != NOT_A_BEAMLINE and not target.exists():
            target.write_bytes(source.read_bytes())
            copied.append(source.name)
    return copied
