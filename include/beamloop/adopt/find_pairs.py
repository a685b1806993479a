"""Which files of a folder are experiments and reflections that belong together, by their names.

A name's words are what stands between its underscores. Words that only say what kind of file it is, and
those that say which step wrote it, are left out; what is left is the sweep's own name. So
`sweep_002_experiments.json` goes with `sweep_002_reflections.pickle`, `25_integrated_experiments.json` with
`25_integrated.pickle`, `experiments.json` with `indexed.pickle`, and `indexed`, `refined` and `integrated`
of one folder are three steps of one sweep.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from beamloop.errors import InvalidInputError
from beamloop.records.identifiers import natural_order

EXPERIMENT_SUFFIXES = (".expt", ".json")
REFLECTION_SUFFIXES = (".refl", ".pickle")
KIND_WORDS = ("experiments", "reflections", "models")
STEP_WORDS = {"indexed": "index", "refined": "refine", "integrated": "integrate"}


@dataclass(frozen=True, slots=True)
class Pair:
    """Experiments, and the reflections that their name belongs to."""

    experiments: Path
    reflections: Path
    stem: str  # "sweep_002": what the names have of their own; "" for integrated.expt
    step: str | None  # "integrate": what the names say; None: nothing

    @property
    def name(self) -> str:
        """How a person knows the pair."""
        return f"{self.experiments.name} with {self.reflections.name}"


@dataclass(frozen=True, slots=True)
class FoundPairs:
    """What a folder holds."""

    pairs: tuple[Pair, ...]  # in natural order
    alone: tuple[Path, ...]  # without a partner


@dataclass(frozen=True, slots=True)
class _Name:
    stem: str
    step: str | None


def find_pairs(directory: Path) -> FoundPairs:
    """Look through a folder and those below it; hidden ones and links to folders are passed over.

    Parameters
    ----------
    directory
        Where DIALS worked.

    Raises
    ------
    InvalidInputError
        When there is no such folder, or nothing in it that could be a pair.
    """
    if not directory.is_dir():
        raise InvalidInputError(f"There is no folder {str(directory)!a}.", try_next="Check the path.")
    pairs: list[Pair] = []
    alone: list[Path] = []
    for folder, names in _walk(directory):
        own, left = _pairs_of_folder(folder, names)
        pairs += own
        alone += left
    if not pairs:
        raise InvalidInputError(
            f"The folder {str(directory)!a} has no experiments with reflections of the same name.",
            evidence=f"without a partner: {', '.join(ascii(path.name) for path in alone[:5]) or 'nothing'}",
            try_next="Name X.expt beside X.refl (or .json, .pickle), or give the two files themselves.",
        )
    return FoundPairs(tuple(pairs), tuple(alone))


def given_pairs(files: Sequence[Path]) -> FoundPairs:
    """Pair files in the order in which a person named them: experiments and reflections alternate.

    Raises
    ------
    InvalidInputError
        When they do not alternate, or one is not there.
    """
    for path in files:
        if not path.is_file():
            raise InvalidInputError(f"There is no file {str(path)!a}.", try_next="Check the path.")
    if len(files) % 2 or any(
        first.suffix not in EXPERIMENT_SUFFIXES or second.suffix not in REFLECTION_SUFFIXES
        for first, second in zip(files[::2], files[1::2], strict=False)
    ):
        raise InvalidInputError(
            "The files are not pairs.",
            try_next="Name experiments and then their reflections: A.expt A.refl B.expt B.refl.",
        )
    pairs = []
    for first, second in zip(files[::2], files[1::2], strict=True):
        own, other = _name(first.name), _name(second.name)
        pairs.append(Pair(first, second, own.stem or other.stem, own.step or other.step))
    return FoundPairs(tuple(pairs), ())


def _walk(directory: Path) -> Iterator[tuple[Path, list[str]]]:
    for folder, below, names in os.walk(directory):
        below[:] = sorted((name for name in below if not name.startswith(".")), key=natural_order)
        yield Path(folder), sorted((n for n in names if not n.startswith(".")), key=natural_order)


def _pairs_of_folder(folder: Path, names: Sequence[str]) -> tuple[list[Pair], list[Path]]:
    experiments = _by_name(folder, names, EXPERIMENT_SUFFIXES)
    reflections = _by_name(folder, names, REFLECTION_SUFFIXES)
    pairs = []
    for name in list(experiments):
        partner = name if name in reflections else _partner(name, experiments, reflections)
        if partner is None:
            continue
        step = name.step or partner.step
        pairs.append(Pair(experiments.pop(name), reflections.pop(partner), name.stem, step))
    # Any JSON file may stand beside DIALS's files; only what is DIALS's for certain is worth a word.
    alone = [p for p in (*experiments.values(), *reflections.values()) if p.suffix != ".json"]
    return pairs, alone


def _by_name(folder: Path, names: Sequence[str], suffixes: Sequence[str]) -> dict[_Name, Path]:
    found: dict[_Name, Path] = {}
    for suffix in suffixes:  # a new file goes before an old one of the same name
        for name in names:
            if name.endswith(suffix):
                found.setdefault(_name(name), folder / name)
    return found


def _name(file_name: str) -> _Name:
    words = file_name.rpartition(".")[0].split("_")
    steps = [STEP_WORDS[word] for word in words if word in STEP_WORDS]
    own = [word for word in words if word not in STEP_WORDS and word not in KIND_WORDS]
    return _Name("_".join(own), steps[-1] if steps else None)


def _partner(name: _Name, experiments: dict[_Name, Path], reflections: dict[_Name, Path]) -> _Name | None:
    """Return the only reflections of the sweep, where one of the two does not name its step."""
    open_names = [
        other for other in reflections
        if other.stem == name.stem and other not in experiments and None in (name.step, other.step)
    ]  # fmt: skip
    return open_names[0] if len(open_names) == 1 else None


def steps_by_sweep(pairs: Sequence[Pair]) -> dict[tuple[Path, str], list[Pair]]:
    """Sort pairs by folder and the sweep's own name: those together may be steps of one sweep."""
    sweeps = defaultdict(list)
    for pair in pairs:
        sweeps[pair.experiments.parent, pair.stem].append(pair)
    return dict(sweeps)
