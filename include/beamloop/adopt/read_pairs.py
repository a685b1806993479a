"""Read pairs of files that DIALS left elsewhere, from copies of them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from beamloop.adopt.find_pairs import Pair
from beamloop.adopt.foreign_sweeps import ReadPair, Refusal, misfit_words
from beamloop.adopt.take_copies import take_copy
from beamloop.dials_cli.foreign_pairs import ForeignPart, PlannedPair, read_foreign_pairs
from beamloop.dials_cli.handle import Dials
from beamloop.errors import InvalidInputError
from beamloop.records.program import ProgramLimits


def read_pairs(
    dials: Dials, pairs: Sequence[Pair], scratch: Path, *, trust_pickles: bool
) -> tuple[list[ReadPair], list[Refusal]]:
    """Copy pairs, let DIALS read them, and tell those that cannot be used.

    Parameters
    ----------
    dials
        Which DIALS.
    pairs
        As they were found.
    scratch
        Where the copies go, and what DIALS makes of them.
    trust_pickles
        Whether reflections of DIALS 1 may be read: reading runs what their author wished.

    Raises
    ------
    ProgramFailedError
        When DIALS does not work.
    """
    reads: dict[int, ReadPair] = {}
    refusals = []
    for number, pair in enumerate(pairs):
        try:
            experiments, reflections = (
                take_copy(source, scratch / f"{number}{suffix}", trust_pickles=trust_pickles)
                for source, suffix in ((pair.experiments, ".expt"), (pair.reflections, ".refl"))
            )
            reads[number] = ReadPair(pair, experiments, reflections, ())
        except InvalidInputError as error:
            refusals.append(Refusal(pair.name, pair.experiments.parent, f"{error.what} {error.try_next}"))
    planned = [
        PlannedPair(number, read.experiments.path.name, read.reflections.path.name,
                    read.reflections.is_pickle, trust_pickles)
        for number, read in reads.items()
    ]  # fmt: skip
    found = read_foreign_pairs(dials, scratch, planned, ProgramLimits())
    usable = []
    for number, read in reads.items():
        parts = tuple(_with_originals(read, found[number].parts))
        fault = found[number].fault or next(filter(None, map(misfit_words, parts)), "")
        if fault:
            refusals.append(Refusal(read.pair.name, read.pair.experiments.parent, fault))
        else:
            usable.append(replace(read, parts=parts))
    return usable, refusals


def _with_originals(read: ReadPair, parts: Sequence[ForeignPart]) -> Sequence[ForeignPart]:
    """Keep the files as they were, byte for byte, where nothing had to be taken apart or converted."""
    if len(parts) != 1 or read.reflections.is_pickle or read.pair.experiments.suffix != ".expt":
        return parts
    (part,) = parts
    return [
        replace(
            part,
            experiments=part.experiments if part.lookups else read.experiments.path,
            reflections=part.reflections if part.stranger_count else read.reflections.path,
        )
    ]
