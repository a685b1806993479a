"""Keep DIALS imported, and fork a child for each program that is asked for.

Run by the DIALS Python, `python -I serve_programs.py SOCKET IDLE_S`; it returns when the server listens, and
the server goes on behind it. Starting a DIALS program costs 1 to 1.6 CPU s, nearly all of it imports; a fork
costs milliseconds.

Each connection is handed to a *launcher*, a process forked from here, which does what launcher.py does: it
forks the program, bounds its time and memory, ends it when the caller closes the connection or dies, and
answers with the same two lines. A launcher has one connection at a time, and is kept for the next when
nothing of the last is left (parts/pooled_launcher.py). So what the server is asked and what it does meanwhile
never mix, and a server that is killed takes no program with it.

A request is a length in bytes (8 of them, big-endian) with the open log as a file descriptor beside it, then
as much JSON: program, arguments, working_directory, environment, time_s, memory_bytes. Or {"stop": true}.
A program is one of DIALS, or the name of a script in this file's folder, see parts/installed_programs.py.

Only processes of the same user are answered. The server ends when nobody has asked for IDLE_S seconds, when
its socket is no longer the one it made, and when DIALS was installed anew beneath it; launchers end with it,
or as soon as their program has ended.
"""

import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent / "parts"))
from installed_programs import Programs
from launcher_pool import PEER, LauncherPool
from pooled_launcher import serve_channel

BACKLOG = 128  # more than any pool has slots
LOOK_S = 1.0  # between two looks at the socket, at DIALS and at the clock


def listen(path: str) -> socket.socket:
    """Open the socket, for this user only."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        server.bind(path)
    finally:
        os.umask(before)
    server.listen(BACKLOG)
    return server


def serve(server: socket.socket, path: str, idle_s: float, programs: Programs) -> None:
    """Have a launcher look after each connection until there is a reason to end."""
    mine = inode(path)
    pool = LauncherPool(in_launcher(server, programs))
    idle_looks = 0
    while idle_looks * LOOK_S < idle_s and programs.still_installed() and inode(path) == mine:
        ready, _, _ = select.select([server], [], [], LOOK_S)
        pool.look()
        idle_looks = 0 if ready or pool.busy else idle_looks + 1
        if not ready:
            continue
        with server.accept()[0] as connection:
            caller = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
            if PEER.unpack(caller)[1] == os.geteuid():
                pool.hand_over(connection, caller)


def in_launcher(server: socket.socket, programs: Programs) -> Callable[[socket.socket], None]:
    """Return what a launcher does."""
    server_pid = os.getpid()

    def work(channel: socket.socket) -> None:
        server.close()
        serve_channel(channel, programs, server_pid)

    return work


def inode(path: str) -> int:
    """Return which file a name leads to, 0 where it leads to none."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0


def refuse_threads() -> None:
    """End when importing DIALS has started threads.

    A lock that another thread holds at a fork stays locked in the child for ever.
    """
    if len(os.listdir("/proc/self/task")) > 1:
        sys.exit("Importing DIALS started threads, and a process with threads cannot be forked safely.")


def go_on_behind() -> None:
    """Leave the caller, who waits for this process's end, and live on as a child that nobody waits for."""
    refuse_threads()
    if os.fork():
        os._exit(0)
    os.setsid()
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def leave(path: str, mine: int) -> None:
    """Take the socket away, if it still is the one that this server made."""
    if inode(path) == mine:
        os.unlink(path)


def main(path: str, idle_s: str) -> None:
    """Listen, let the caller go on, import DIALS, serve."""
    programs = Programs()
    server = listen(path)
    mine = inode(path)

    def end(*_: object) -> NoReturn:
        leave(path, mine)
        os._exit(0)  # 30 CPU ms are saved that the interpreter takes to tidy up what it has imported

    try:
        go_on_behind()
        # No SystemExit: where the interpreter calls back, as it does at each fork, it drops exceptions.
        signal.signal(signal.SIGTERM, end)
        programs.preload()
        refuse_threads()
        serve(server, path, float(idle_s), programs)
    except BaseException:
        leave(path, mine)
        raise
    end()


if __name__ == "__main__":
    main(*sys.argv[1:])
