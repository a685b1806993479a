"""The launchers of the DIALS server: forked when all others are busy, kept for the next connection when not.

A launcher is a copy of a process of 300 MB: to fork and to end it takes 10 CPU ms, to hand a connection to
one that waits 0.2.
"""

import contextlib
import os
import socket
import struct
import time
import traceback
from collections.abc import Callable

PEER = struct.Struct("3i")  # struct ucred of unix(7): pid, uid, gid
IDLE = b"idle"  # a launcher's word that it waits for the next connection
KEEP_S = 60.0  # a sweep's next program comes within seconds; what waits meanwhile has 3 MB of its own


class LauncherPool:
    """As many launchers as had to work at once, each at the other end of a channel.

    A connection goes to the launcher that has waited for the shortest time, so that those too many grow old.

    Parameters
    ----------
    work
        What a launcher does in its own process, given its end of the channel: from there it receives
        connections, and what the kernel says of their callers; there it says `IDLE`.
    """

    def __init__(self, work: Callable[[socket.socket], None]) -> None:
        self.work = work
        self.busy: set[socket.socket] = set()
        self.idle: dict[socket.socket, float] = {}  # since when, in s; the oldest first

    def look(self) -> None:
        """See which launchers have become idle, have ended, or have been idle for too long."""
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        for channel in [channel for channel in self.busy if has_word(channel)]:
            self.busy.remove(channel)
            self.idle[channel] = time.monotonic()
        now = time.monotonic()
        for channel, since in [*self.idle.items()]:
            # What it says now is its end.
            if has_word(channel) or now - since > KEEP_S:
                del self.idle[channel]
                channel.close()

    def hand_over(self, connection: socket.socket, caller: bytes) -> None:
        """Give a connection to an idle launcher, or to a new one.

        Raises
        ------
        OSError
            When no process can be forked.
        """
        while self.idle:
            channel, _ = self.idle.popitem()
            if self._given(channel, connection, caller):
                return
        # Should this one be killed at once, the connection ends and its caller asks again.
        self._given(self._fork(connection), connection, caller)

    def _given(self, channel: socket.socket, connection: socket.socket, caller: bytes) -> bool:
        """Send a connection to a launcher, if it still lives."""
        try:
            socket.send_fds(channel, [caller], [connection.fileno()])
        except OSError:
            channel.close()
            return False
        self.busy.add(channel)
        return True

    def _fork(self, connection: socket.socket) -> socket.socket:
        """Fork a launcher; return this end of its channel, whose end tells it of the server's."""
        channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork():
            theirs.close()
            channel.setblocking(False)
            return channel
        try:
            # What a copy of a socket is held by has no end for those who wait for it. This launcher gets the
            # connection by its channel, as all others it will get.
            for held in (connection, channel, *self.busy, *self.idle):
                held.close()
            self.work(theirs)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)


def has_word(channel: socket.socket) -> bool:
    """Take a word that a launcher has said, if only that it has ended."""
    try:
        channel.recv(len(IDLE))
    except BlockingIOError:
        return False
    except OSError:
        return True  # ended without having taken what it was sent
    return True
