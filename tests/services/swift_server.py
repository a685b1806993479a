"""One whole OpenStack Swift with its S3 API, for tests; run by Debian's own Python, which has Swift.

Usage: `python3 swift_server.py DIRECTORY PARENT_PID`. Everything is kept in DIRECTORY; the port of the S3 API
is written to DIRECTORY/port when requests are taken; `BEAMLOOP_TEST_SWIFT_LISTEN=HOST:PORT` asks for another
than a free one here. Proxy, account, container and object server are Swift's own, one process each, and talk
HTTP with each other as on four machines. All of them end with the parent. A restart finds what was kept.
"""

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import eventlet  # type: ignore[import-not-found]

# Before Swift is imported, and once for all four processes: later, with its locks and objects in memory, this
# takes 4 s of each.
eventlet.patcher.monkey_patch(all=False, socket=True, select=True, thread=True)

from swift.common import utils  # type: ignore[import-not-found]  # noqa: E402
from swift.common.ring import RingBuilder  # type: ignore[import-not-found]  # noqa: E402
from swift.common.wsgi import run_server  # type: ignore[import-not-found]  # noqa: E402

STORAGE_SERVERS = ("account", "container", "object")
# The order is Swift's: s3api before the authentication, symlink because versioned_writes needs it.
FILTERS = "catch_errors gatekeeper healthcheck cache s3api tempauth copy slo dlo versioned_writes symlink"
# Keys in one page of a listing, not 1000: a test crosses page borders with 41 keys instead of 2001.
PAGE_KEYS = 20
PR_SET_PDEATHSIG = 1  # linux/prctl.h

STORAGE_CONF = """\
[DEFAULT]
swift_dir = {directory}
devices = {directory}/devices
mount_check = false
log_level = CRITICAL
[app:main]
use = egg:swift#{server}
"""

PROXY_CONF = """\
[DEFAULT]
swift_dir = {directory}
log_level = CRITICAL
[pipeline:main]
pipeline = {filters} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:s3api]
use = egg:swift#s3api
max_bucket_listing = {page_keys}
[filter:cache]
paste.filter_factory = __main__:cache_filter
[filter:tempauth]
use = egg:swift#tempauth
user_beamloop_owner = {secret_key} .admin
user_beamloop_guest = {secret_key}
"""


class ProcessCache:
    """What the one proxy remembers of accounts and containers: memcached's part, without a fifth process.

    Nothing expires: nobody but this proxy changes what is remembered, and it forgets that itself.
    """

    def __init__(self) -> None:
        self._known: dict[str, object] = {}

    def get(self, key: str, **_: object) -> object:
        return self._known.get(key)

    def set(self, key: str, value: object, **_: object) -> None:
        self._known[key] = value

    def delete(self, key: str, **_: object) -> None:
        self._known.pop(key, None)


def cache_filter(global_conf: object, **conf: object) -> object:
    """Make the middleware that hands the cache to Swift's own, as paste.deploy asks for it."""
    cache = ProcessCache()

    def wrap(application: Callable[..., object]) -> Callable[..., object]:
        def call(environment: dict[str, object], start_response: object) -> object:
            environment["swift.cache"] = cache
            return application(environment, start_response)

        return call

    return wrap


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent ends, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have ended before the line above.
    if os.getppid() != parent_pid:
        sys.exit("The parent has ended already.")


def write_ring(directory: Path, server: str, port: int) -> None:
    """Write the ring of one kind of storage server: one device, one replica."""
    builder = RingBuilder(part_power=1, replicas=1, min_part_hours=0)
    place = {"region": 1, "zone": 1, "device": "disk", "weight": 1.0}
    builder.add_dev({"id": 0, "ip": "127.0.0.1", "port": port, **place})
    builder.rebalance()
    builder.get_ring().save(str(directory / f"{server}.ring.gz"))


def configure(directory: Path, secret_key: str, ports: dict[str, int]) -> None:
    """Write every configuration file and ring."""
    (directory / "devices" / "disk").mkdir(parents=True, exist_ok=True)
    (directory / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = tests\n")
    for server in STORAGE_SERVERS:
        write_ring(directory, server, ports[server])
        text = STORAGE_CONF.format(directory=directory, server=server)
        (directory / f"{server}-server.conf").write_text(text)
    plain = [name for name in FILTERS.split() if f"[filter:{name}]" not in PROXY_CONF]
    text = PROXY_CONF.format(directory=directory, filters=FILTERS, secret_key=secret_key, page_keys=PAGE_KEYS)
    text += "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in plain)
    (directory / "proxy-server.conf").write_text(text)


def serve(directory: Path, server: str, listener: socket.socket) -> None:
    """Answer requests on a listening socket for ever, as the server's configuration file says."""
    name = f"{server}-server"
    conf = {"__file__": str(directory / f"{name}.conf")}
    run_server(conf, utils.get_logger({"log_level": "CRITICAL"}, name), listener)


def main(directory: Path, parent_pid: int) -> None:
    """Start all servers and serve until killed."""
    die_with_parent(parent_pid)
    # Port 0: the kernel gives free ones, and they are held from here on.
    listeners = {name: socket.create_server(("127.0.0.1", 0)) for name in STORAGE_SERVERS}
    host, _, port = os.environ.get("BEAMLOOP_TEST_SWIFT_LISTEN", "127.0.0.1:0").rpartition(":")
    listeners["proxy"] = socket.create_server((host, int(port)))
    ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
    configure(directory, os.environ["BEAMLOOP_TEST_SWIFT_SECRET"], ports)
    utils.set_swift_dir(str(directory))
    launcher_pid = os.getpid()
    for server in STORAGE_SERVERS:
        if os.fork() == 0:
            die_with_parent(launcher_pid)
            serve(directory, server, listeners[server])
    # The sockets listen already: requests that come before the servers are ready wait for them.
    (directory / "port.new").write_text(str(ports["proxy"]))
    (directory / "port.new").rename(directory / "port")
    serve(directory, "proxy", listeners["proxy"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
