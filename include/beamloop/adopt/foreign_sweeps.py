"""From pairs to sweeps: which pairs are steps of one sweep, and what each sweep is called."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from beamloop.adopt.find_pairs import Pair
from beamloop.adopt.take_copies import Copy
from beamloop.dials_cli.foreign_pairs import ForeignPart
from beamloop.records.identifiers import natural_order
from beamloop.records.parameters import STEPS

# A spot nearer to another index than to its own was not indexed by these models. Pairs that belong together
# lie at 0.01-0.05, at 0.2 where the crystal varies over a long scan (L-cysteine, its mean cell taken);
# reflections of another sweep at 5 and more (polyhedra).
LARGEST_MISFIT = 0.5


@dataclass(frozen=True, slots=True)
class ReadPair:
    """A pair with our copies of its files and what DIALS made of them."""

    pair: Pair
    experiments: Copy
    reflections: Copy
    parts: tuple[ForeignPart, ...]


@dataclass(frozen=True, slots=True)
class ForeignStep:
    """What one step left of one scan."""

    step: str  # "refine"
    read: ReadPair
    part: ForeignPart

    @property
    def copies(self) -> tuple[Copy, Copy]:
        """Our copies of experiments and reflections."""
        return self.read.experiments, self.read.reflections


@dataclass(frozen=True, slots=True)
class ForeignSweep:
    """A sweep as DIALS left it elsewhere."""

    name: str  # "sweep_002"
    steps: tuple[ForeignStep, ...]  # in the order of the stage, each step once

    @property
    def template(self) -> str:
        """The images' template as DIALS knew it; "" for none."""
        return self.steps[-1].part.template

    @property
    def blocks(self) -> tuple[tuple[int, int], ...]:
        """First and last image of each contiguous part."""
        return self.steps[-1].part.blocks

    def content_sha256(self) -> str:
        """Hash the files that the sweep was read from, and which of their scans it is."""
        digest = hashlib.sha256(self.template.encode("utf-8", "surrogateescape"))
        for step in self.steps:
            digest.update("\n".join([step.step, *(copy.source.sha256 for copy in step.copies)]).encode())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A pair that is not adopted."""

    pair: str  # "scaled.expt with scaled.refl"
    folder: Path
    why: str


def misfit_words(part: ForeignPart) -> str:
    """Say why experiments and reflections do not fit by what they hold, or nothing where they do."""
    worst = max((misfit for misfit in part.misfits if misfit is not None), default=0.0)
    if worst <= LARGEST_MISFIT:
        return ""
    number = part.misfits.index(worst) + 1
    return (
        f"the pair does not fit: by crystal {number} the spots lie {worst:.1f} reciprocal lattice units away "
        "from the indices that the reflections give them"
    )


def make_sweeps(
    groups: Iterable[tuple[tuple[Path, str], Sequence[ReadPair]]], directory: Path
) -> tuple[list[ForeignSweep], list[Refusal]]:
    """Put the steps of each sweep together, and give each sweep a name of its own.

    Parameters
    ----------
    groups
        Pairs that may be steps of one sweep, by their folder and the stem of their names.
    directory
        The folder that is adopted.

    Returns
    -------
    tuple
        The sweeps in natural order of their names, and the pairs that say again what another one says.
    """
    refusals: list[Refusal] = []
    scans: list[tuple[Path, str, bool, tuple[ForeignStep, ...]]] = []
    taken: dict[tuple[str, tuple[tuple[int, int], ...]], str] = {}
    # Files of one scan go before combined ones, which say the same again.
    for (folder, stem), reads in sorted(groups, key=_by_width):
        for template, steps in _scans(reads, refusals).items():
            key = (template, steps[0].part.blocks)
            first = steps[0].read.pair
            if template and key in taken:
                words = f"the images {PurePosixPath(template).name} are described by {taken[key]} already"
                refusals.append(Refusal(first.name, folder, words))
                continue
            taken[key] = first.name
            scans.append((folder, stem, len(steps[0].read.parts) > 1, steps))
    names = _names(directory, scans)
    sweeps = [ForeignSweep(name, steps) for name, (*_, steps) in zip(names, scans, strict=True)]
    return sorted(sweeps, key=lambda sweep: natural_order(sweep.name)), refusals


def _by_width(group: tuple[tuple[Path, str], Sequence[ReadPair]]) -> tuple[int, list[tuple[int, str]]]:
    (folder, stem), reads = group
    return max(len(read.parts) for read in reads), natural_order(f"{folder}/{stem}")


def _scans(reads: Sequence[ReadPair], refusals: list[Refusal]) -> Mapping[str, tuple[ForeignStep, ...]]:
    """Sort the steps of a group by the images that they are of."""
    scans: dict[str, dict[str, ForeignStep]] = {}
    for read in reads:
        for part in read.parts:
            steps = scans.setdefault(part.template, {})
            step = ForeignStep(_step(read.pair, part), read, part)
            twin = steps.get(step.step) or next(
                (s for s in steps.values() if s.part.blocks != part.blocks), None
            )
            if twin:
                words = f"{twin.read.pair.name} is the step {step.step} of the same sweep, or of other images"
                refusals.append(Refusal(read.pair.name, read.pair.experiments.parent, words))
            else:
                steps[step.step] = step
    return {
        template: tuple(sorted(steps.values(), key=lambda step: STEPS.index(step.step)))
        for template, steps in scans.items()
    }


def _step(pair: Pair, part: ForeignPart) -> str:
    """Believe a name except where intensities, or their absence, say otherwise."""
    if part.level == "integrate" or pair.step in (None, "integrate"):
        return part.level
    return pair.step or part.level


def _names(directory: Path, scans: Sequence[tuple[Path, str, bool, tuple[ForeignStep, ...]]]) -> list[str]:
    """Name each scan by its files, else its folder, else its images; by all of these where two agree."""
    short = [
        _template_name(steps) if several else stem or _folder_name(directory, folder) or _template_name(steps)
        for folder, stem, several, steps in scans
    ]
    counts = Counter(short)
    names: list[str] = []
    for name, (folder, stem, several, steps) in zip(short, scans, strict=True):
        if counts[name] > 1:
            below = (
                folder.relative_to(directory).parts if folder.is_relative_to(directory) else folder.parts[-1:]
            )
            name = "_".join([*below, *filter(None, [stem]), *([_template_name(steps)] if several else [])])
        names.append(name)
    return [f"{name}-{names[:place].count(name) + 1}" if name in names[:place] else name
            for place, name in enumerate(names)]  # fmt: skip


def _folder_name(directory: Path, folder: Path) -> str:
    return "" if folder == directory else folder.name


def _template_name(steps: Sequence[ForeignStep]) -> str:
    """Return "xtal303_1" for "/data/xtal303_1_####.cbf"."""
    stem = PurePosixPath(steps[0].part.template).name.partition("#")[0]
    return stem.rstrip("_-. ") or "sweep"
