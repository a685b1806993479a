"""A DIALS that is a real executable and does what its arguments say, in their order.

`fake.exit=3`, `fake.die_of=11`, `fake.sleep_s=60`, `fake.spin_s=0.4` (CPU s), `fake.allocate_mb=300`,
`fake.flood_mb=50`, `fake.say=TEXT`, `fake.write=NAME`, `fake.touch=NAME` (empty), `fake.tell=NAME`
(arguments, environment and process id as JSON), `fake.deaf` (ignore SIGTERM).
`fake.child`: what follows is done by a child, while the program sleeps until a file "child.done" is there.
`fake.orphan`: the same, by a grandchild in a session of its own that ignores SIGTERM.
All other arguments are left alone.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = ("import", "find_spots", "index", "refine", "integrate", "export", "version")


def install(directory: Path) -> Path:
    """Write an executable of each program's name into a folder and return it."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in PROGRAMS:
        program = directory / f"dials.{name}"
        program.write_text(
            f"#!{sys.executable} -IS\nimport runpy\nrunpy.run_path({__file__!r}, run_name='__main__')\n"
        )
        program.chmod(0o755)
    return directory


def install_with_python(prefix: Path) -> Path:
    """Make a Python that has a distribution "dials" with these programs; return the folder of both."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(prefix)], check=True)
    (packages,) = (prefix / "lib").glob("python3.*/site-packages")
    (packages / "dials").mkdir()
    (packages / "dials" / "__init__.py").touch()
    (packages / "fake_dials.py").symlink_to(__file__)
    information = packages / "dials-3.99.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: dials\nVersion: 3.99\n")
    scripts = "".join(f"dials.{name} = fake_dials:run\n" for name in PROGRAMS)
    (information / "entry_points.txt").write_text(f"[console_scripts]\n{scripts}")
    return install(prefix / "bin")


def run() -> None:
    """Do what the command line says, as an entry point."""
    perform(sys.argv[1:])


def spin(cpu_s: float) -> None:
    """Use CPU time."""
    end = time.process_time() + cpu_s
    while time.process_time() < end:
        pass


def tell(name: str) -> None:
    """Write what this process knows of itself, all at once."""
    facts = {"argv": sys.argv[1:], "environment": dict(os.environ), "pid": os.getpid()}
    Path(f"{name}.part").write_text(json.dumps(facts))
    Path(f"{name}.part").rename(name)


def sleep_until(path: Path) -> None:
    """Sleep until a file is there."""
    while not path.exists():
        time.sleep(0.01)


def leave_child(arguments: list[str]) -> None:
    """Do the rest in a child of the same process group."""
    if os.fork() == 0:
        perform(arguments)
        os._exit(0)


def leave_orphan(arguments: list[str]) -> None:
    """Do the rest in a grandchild that nobody waits for."""
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        leave_child(arguments)
        os._exit(0)


def perform(arguments: list[str]) -> None:
    """Do what the arguments say."""
    held = []
    for place, argument in enumerate(arguments):
        action, _, value = argument.partition("=")
        match action:
            case "fake.exit":
                sys.exit(int(value))
            case "fake.die_of":
                os.kill(os.getpid(), int(value))
            case "fake.sleep_s":
                time.sleep(float(value))
            case "fake.spin_s":
                spin(float(value))
            case "fake.allocate_mb":
                held.append(bytearray(b"x") * (int(value) * 1024**2))
            case "fake.flood_mb":
                for _ in range(int(value)):
                    sys.stdout.write(("x" * 1023 + "\n") * 1024)
            case "fake.say":
                sys.stdout.write(f"{value}\n")
                sys.stdout.flush()
            case "fake.write":
                Path(value).write_text("something")
            case "fake.touch":
                Path(value).touch()
            case "fake.tell":
                tell(value)
            case "fake.deaf":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            case "fake.child" | "fake.orphan":
                rest = arguments[place + 1 :]
                leave_orphan(rest) if action == "fake.orphan" else leave_child(rest)
                sleep_until(Path("child.done"))
                return


if __name__ == "__main__":
    perform(sys.argv[1:])
