"""A run repeated by the script of `beamloop reproduce`, where there is no Beamloop."""

import subprocess
from pathlib import Path

from tests.services.sweep_bench import SweepBench

from beamloop.sweep.reproduce import reproduction_script


def run_script(script: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script in a folder with nothing of Beamloop or of the tests on the way: what any shell has."""
    plain = {"PATH": "/usr/bin:/bin", "HOME": str(folder.parent)}
    return subprocess.run(["sh", script], cwd=folder, env=plain, capture_output=True, text=True, check=False)


def repeat_run(bench: SweepBench, sweep: str, place: Path) -> Path:
    """Repeat the run of a sweep, and return the folder with its steps' folders.

    Parameters
    ----------
    bench
        On which the sweep was processed.
    sweep
        Its name.
    place
        Where `again.sh` and the folder `again` are made.
    """
    services = bench.services
    script = place / "again.sh"
    script.write_text(reproduction_script(services.catalog, services.store, bench.runs[sweep]))
    folder = place / "again"
    folder.mkdir()
    done = run_script(script, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder
