"""A real S3 server for tests: OpenStack Swift from Debian's package python3-swift."""

import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

DEBIAN_PYTHON = Path("/usr/bin/python3")
SWIFT_PACKAGE = Path("/usr/lib/python3/dist-packages/swift")
LAUNCHER = Path(__file__).with_name("swift_server.py")
# It takes 1 s; a loaded machine gets a lot more.
START_LIMIT_S = 60.0


@dataclass(frozen=True)
class SwiftServer:
    """A running Swift and the keys of its two users."""

    endpoint: str  # "127.0.0.1:40123"
    secret_key: str = field(repr=False)
    owner_access_key: str = "beamloop:owner"  # may do everything
    guest_access_key: str = "beamloop:guest"  # may do nothing
    page_keys: int = 20  # in one page of a listing, as swift_server.py sets it


@contextmanager
def running_swift(directory: Path) -> Iterator[SwiftServer]:
    """Start Swift in an empty directory; it ends with the block, or with this process.

    Parameters
    ----------
    directory
        On a file system with extended attributes (not a tmpfs).
    """
    require_swift(directory)
    secret_key = secrets.token_hex(16)
    with (directory / "swift.log").open("wb") as log:
        process = subprocess.Popen(
            # -I: nothing of this environment or of the launcher's folder is imported.
            [str(DEBIAN_PYTHON), "-I", str(LAUNCHER), str(directory), str(os.getpid())],
            env={"BEAMLOOP_TEST_SWIFT_SECRET": secret_key},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield SwiftServer(f"127.0.0.1:{wait_for_port(directory, process)}", secret_key)
    finally:
        # Its three children die with it.
        process.kill()
        process.wait()


def require_swift(directory: Path) -> None:
    """Fail with a remedy where Swift cannot run: a skipped S3 tier would look like a tested one."""
    if not SWIFT_PACKAGE.is_dir():
        pytest.fail(
            "Swift is not installed. On Debian: `make setup`, or install python3-swift.", pytrace=False
        )
    try:
        os.setxattr(directory, "user.beamloop", b"probe")
    except OSError as error:
        pytest.fail(
            f"Swift needs extended attributes, which {directory} has not ({error}): give pytest a "
            "--basetemp on ext4, XFS or another disk file system.",
            pytrace=False,
        )


def wait_for_port(directory: Path, process: subprocess.Popen[bytes]) -> int:
    """Return the port of the S3 API as soon as the launcher has written it."""
    deadline = time.monotonic() + START_LIMIT_S
    while not (directory / "port").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"Swift did not start:\n{(directory / 'swift.log').read_text()}", pytrace=False)
        time.sleep(0.02)
    return int((directory / "port").read_text())
