"""Which ports of this machine a stack listens on."""

import json
import socket
from dataclasses import asdict, dataclass

from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.private_files import write_private

HOST = "127.0.0.1"  # nothing of a local stack is reachable from another machine
PREFERRED_UI_PORT = 8080


@dataclass(frozen=True, slots=True)
class StackPorts:
    """The ports of one stack, on the loopback interface."""

    ui: int  # 8080
    postgres: int  # 40123


def is_free(port: int) -> bool:
    """Say whether a server could listen on `port` now."""
    with socket.socket() as probe:
        # As servers do it: a port whose last connection closed a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def accepts_connections(port: int, timeout_s: float = 1.0) -> bool:
    """Say whether somebody listens on `port`."""
    try:
        with socket.create_connection((HOST, port), timeout=timeout_s):
            return True
    except OSError:
        return False


def _any_free() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def load_ports(layout: StackLayout) -> StackPorts | None:
    """Read the ports this stack used last; None when it never ran or the file is damaged."""
    try:
        return StackPorts(**json.loads(layout.ports_file.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def choose_ports(layout: StackLayout) -> StackPorts:
    """Choose free ports, those of the last time if they still are, and remember them.

    For a stack that is not running: its own ports would count as taken.
    """
    last = load_ports(layout)
    ui_wishes = ([last.ui] if last else []) + [PREFERRED_UI_PORT]
    postgres_wishes = [last.postgres] if last else []
    chosen = StackPorts(
        ui=next((port for port in ui_wishes if is_free(port)), 0) or _any_free(),
        postgres=next((port for port in postgres_wishes if is_free(port)), 0) or _any_free(),
    )
    if chosen != last:
        write_private(layout.ports_file, json.dumps(asdict(chosen)))
    return chosen
