"""Experiments and reflections that another DIALS wrote, read and written anew by this one."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.run_script import run_script
from beamloop.errors import ProgramFailedError
from beamloop.records.program import ProgramLimits, ProgramResult


@dataclass(frozen=True, slots=True)
class PlannedPair:
    """A pair to read."""

    number: int  # 3: names its outputs
    experiments: str  # "3.expt", in the working directory
    reflections: str  # "3.refl"
    pickled: bool  # reading it runs what its author wished
    keep_lookups: bool  # masks and gains that the experiments name; DIALS may unpickle them later


@dataclass(frozen=True, slots=True)
class ForeignPart:
    """One scan of a pair, as files that this DIALS wrote."""

    experiments: Path
    reflections: Path
    centroids: Path  # the reflections without their pixels
    template: str  # "/data/x_####.cbf"; "" where the experiments name no images
    blocks: tuple[tuple[int, int], ...]  # ((1, 20),): first and last image of each contiguous part
    # for each experiment: median distance of its spots from their index, in reciprocal lattice units
    misfits: tuple[float | None, ...]
    level: str  # "refine": the step whose result it is, by its content
    lookups: tuple[str, ...]  # ("mask /home/x/mask.pickle",): what was dropped
    stranger_count: int  # reflections left out, of lattices that are not in the experiment list


@dataclass(frozen=True, slots=True)
class ForeignPair:
    """What became of one pair."""

    parts: tuple[ForeignPart, ...] = ()
    fault: str = ""  # "the pair does not fit: ..."; empty where there are parts


def read_foreign_pairs(
    dials: Dials, directory: Path, planned: Sequence[PlannedPair], limits: ProgramLimits
) -> dict[int, ForeignPair]:
    """Read pairs under the DIALS Python, in one start unless one of them brings it down.

    Parameters
    ----------
    dials
        Which DIALS.
    directory
        Where the files are; the outputs go there too.
    planned
        What to read.
    limits
        For each start.

    Returns
    -------
    dict
        What became of each pair, by its number.

    Raises
    ------
    ProgramFailedError
        When not even the first pair was begun: DIALS itself does not work.
    """
    found: dict[int, ForeignPair] = {}
    left = list(planned)
    while left:
        result = _start(dials, directory, left, limits)
        for pair in left:
            answer = directory / f"found-{pair.number}.json"
            if not answer.exists():
                break
            found[pair.number] = _pair(directory, json.loads(answer.read_bytes()))
        left = [pair for pair in left if pair.number not in found]
        if not left:
            break
        if not (directory / "begun").exists():
            raise ProgramFailedError(
                f"{dials.settings.python} cannot read DIALS's files.",
                evidence=_last_words(result.log_path),
                try_next="`beamloop doctor` tells whether this Python has DIALS.",
            )
        words = f"DIALS came to an end while reading it ({result.end.value}, exit code {result.exit_code})"
        found[left.pop(0).number] = ForeignPair(fault=words)
    return found


def _start(
    dials: Dials, directory: Path, left: Sequence[PlannedPair], limits: ProgramLimits
) -> ProgramResult:
    (directory / "begun").unlink(missing_ok=True)
    (directory / "plan.json").write_text(json.dumps([asdict(pair) for pair in left]), "utf-8")
    return run_script(
        dials, directory, "adopt_pairs.py", ["plan.json"], log_name="adopt_pairs.out", limits=limits
    )


def _pair(directory: Path, said: dict[str, Any]) -> ForeignPair:
    if "fault" in said:
        return ForeignPair(fault=said["fault"])
    return ForeignPair(parts=tuple(_part(directory, part) for part in said["parts"]))


def _part(directory: Path, part: dict[str, Any]) -> ForeignPart:
    return ForeignPart(
        experiments=directory / part["experiments"],
        reflections=directory / part["reflections"],
        centroids=directory / part["centroids"],
        # Any text may stand there, and the catalogue takes neither NUL nor bytes that are no UTF-8.
        template="".join(c if c.isprintable() else "?" for c in part["template"]),
        blocks=tuple((first, last) for first, last in part["blocks"]),
        misfits=tuple(part["misfits"]),
        level=part["level"],
        lookups=tuple(part["lookups"]),
        stranger_count=part["strangers"],
    )


def _last_words(log: Path) -> str:
    return " ".join(log.read_text("utf-8", "replace").split())[-300:]
