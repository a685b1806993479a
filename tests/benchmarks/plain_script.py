"""What a person would write: the tutorial's commands for each wedge, over a pool of two processes."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.process_wedge import SPACE_GROUP

from beamloop.dials_cli.experiments import read_experiments

AT_ONCE = 2
# The tutorial's commands in today's names; without profile fitting, as it integrates.
COMMANDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("import", ("dials.import",)),
    ("find_spots", ("dials.find_spots", "imported.expt", "nproc=1")),
    ("index", ("dials.index", "imported.expt", "strong.refl", "output.experiments=p1.expt")),
    ("index", ("dials.index", "p1.expt", "strong.refl", f"space_group={SPACE_GROUP}")),
    (
        "refine",
        (
            *("dials.refine", "indexed.expt", "indexed.refl"),
            *("scan_varying=false", "outlier.algorithm=tukey"),
        ),
    ),
    (
        "integrate",
        (
            *("dials.integrate", "refined.expt", "refined.refl", "profile.fitting=False"),
            *("prediction.d_min=3", "prediction.d_max=8", "profile.gaussian_rs.min_spots.overall=10"),
        ),
    ),
    (
        "export",
        (
            *("dials.export", "integrated.expt", "integrated.refl", "intensity=sum"),
            "mtz.hklout=integrated.mtz",
        ),
    ),
)


@dataclass(slots=True)
class PlainWedge:
    """One wedge, as far as its commands came."""

    wedge: str  # "xtal2_1"
    cpu_s: dict[str, float] = field(default_factory=dict)  # by step
    peak_memory_bytes: int = 0  # of the largest program
    cell: tuple[
        float, ...
    ] = ()  # after integration, in angstrom and degrees; () where it did not come so far


def run_plainly(dials_bin: Path, images: Path, wedges: list[str], folder: Path) -> list[PlainWedge]:
    """Process wedges two at a time; a wedge whose command fails ends there.

    Parameters
    ----------
    dials_bin
        Folder of the DIALS programs.
    images
        Folder of the images, `WEDGE_#####.cbf`.
    wedges
        Their names.
    folder
        Where each wedge gets a folder to work in.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda wedge: _one(dials_bin, images, wedge, folder / wedge), wedges))


def _one(dials_bin: Path, images: Path, wedge: str, folder: Path) -> PlainWedge:
    folder.mkdir(parents=True)
    done = PlainWedge(wedge)
    for step, (program, *arguments) in COMMANDS:
        if step == "import":
            arguments = [f"template={images}/{wedge}_#####.cbf"]
        if not _start(done, step, [str(dials_bin / program), *arguments], folder):
            return done
    done.cell = read_experiments(folder / "integrated.expt").experiments[0].crystal.cell.as_tuple()  # type: ignore[union-attr]
    return done


def _start(done: PlainWedge, step: str, argv: list[str], folder: Path) -> bool:
    """Run one command; tell whether to go on."""
    with open(folder / f"{step}.out", "ab") as said:
        process = subprocess.Popen(argv, cwd=folder, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    done.cpu_s[step] = done.cpu_s.get(step, 0.0) + used.ru_utime + used.ru_stime
    done.peak_memory_bytes = max(done.peak_memory_bytes, used.ru_maxrss * 1024)
    return process.returncode == 0 and (step != "find_spots" or (folder / "strong.refl").exists())
