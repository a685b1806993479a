"""What a launcher of the DIALS server does: one program after another, each for a connection of its own.

It serves the next one only when the last has ended by itself, with all its descendants, and everything that
its request has set here is as before. After anything else it ends, and what might be left ends with it.
"""

import contextlib
import json
import os
import select
import signal
import socket
import struct
from typing import Any

import launcher
from installed_programs import Programs, become
from launcher_pool import IDLE, PEER

LENGTH = struct.Struct("!Q")
LONGEST_REQUEST = 64 * 1024**2  # bytes; a sweep of 100 000 images named one by one has 10 million
PROGRAMS_EACH = 100  # what a launcher gathers then goes with it; its fork is a hundredth for each of them


def serve_channel(channel: socket.socket, programs: Programs, server_pid: int) -> None:
    """Look after one connection after another, until there is a reason to end."""
    told = launcher.prepare()
    os.set_blocking(told, False)
    own_log = os.dup(2)
    for programs_left in reversed(range(PROGRAMS_EACH)):
        handed = wait_for_connection(channel, told)
        if handed is None:
            return
        connection, caller = handed
        with connection:
            if not look_after(connection, caller, programs, told, server_pid) or not programs_left:
                return
            os.dup2(own_log, 2)
            os.chdir("/")
            # Before the connection ends: by that the caller learns that its program is over, and its next
            # one shall find this launcher idle.
            with contextlib.suppress(OSError):  # no server any more, as the next wait will tell
                channel.send(IDLE)


def wait_for_connection(channel: socket.socket, told: int) -> tuple[socket.socket, int] | None:
    """Return the next connection and its caller's process id; None when this process shall end.

    That is when the server has ended, or needs it no more, or when a signal asks for it.
    """
    poll = select.poll()
    for descriptor in (told, channel.fileno()):
        poll.register(descriptor, select.POLLIN)
    ready: dict[int, int] = {}
    while channel.fileno() not in ready:
        ready = dict(poll.poll())
        # Asked whatever is ready: a signal that came before the connection must not end its program.
        if asked_to_end(told):
            return None
    with contextlib.suppress(ConnectionResetError):  # the server has ended and not heard the last word
        peer, descriptors, _, _ = socket.recv_fds(channel, PEER.size, 1)
        if descriptors:
            return socket.socket(fileno=descriptors[0]), PEER.unpack(peer)[0]
    return None


def asked_to_end(told: int) -> bool:
    """Take in which signals have come; return whether one asks this process to end."""
    with contextlib.suppress(BlockingIOError):
        # The rest is the end of the last program, told once more.
        return bool(set(os.read(told, 512)) & set(launcher.CANCELLING))
    return False


def look_after(
    connection: socket.socket, caller: int, programs: Programs, told: int, server_pid: int
) -> bool:
    """Read one request, run its program, answer; return whether everything went as most programs go."""
    # Tells of a caller whose end of the connection is also held by a forked copy of it.
    watched_caller = os.pidfd_open(caller)
    request, log = receive(connection)
    if request.get("stop"):
        os.kill(server_pid, signal.SIGTERM)
        return False
    os.dup2(log, 2)
    os.close(log)
    os.chdir(request["working_directory"])
    nothing_left = launcher.conduct(
        lambda _: become(programs, request),
        told,
        (connection.fileno(), watched_caller),
        connection.fileno(),
        request["time_s"],
        request["memory_bytes"],
    )
    os.close(watched_caller)
    return nothing_left


def receive(connection: socket.socket) -> tuple[dict[str, Any], int]:
    """Return a request and the descriptor of its log, if it has one."""
    head, descriptors, _, _ = socket.recv_fds(connection, LENGTH.size, 1)
    (length,) = LENGTH.unpack(head)
    if length > LONGEST_REQUEST:
        raise ValueError(f"a request of {length} bytes")
    with connection.makefile("rb") as stream:
        request = json.loads(stream.read(length))
    return request, descriptors[0] if descriptors else -1
