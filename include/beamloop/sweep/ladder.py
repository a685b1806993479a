"""Which ways to index a sweep there are, and in which order: nothing here starts a program."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from beamloop.records.images import SweepImages
from beamloop.records.rung_record import RungRecord
from beamloop.records.sample import Sample
from beamloop.sweep.known_rungs import CHEAPEST, SIMPLE_RUNGS, WEAK_RUNGS, Rung, last_resorts

METHOD_OPTION = re.compile(r"indexing\.method=(\w+)")
NEED_A_CELL = ("real_space_grid_search", "low_res_spot_match")
# A rung counts as tried so often with the expected figures, beside what the beamline has really seen: after
# five sweeps a record weighs as much as the expectation.
WEIGHT_OF_EXPECTATION = 5


def choose_rungs(
    sample: Sample, images: SweepImages, index_options: Sequence[str], records: Iterable[RungRecord] = ()
) -> list[Rung]:
    """Return the ways to try, in order.

    The first one is fixed by what is known. The others are only ever tried on sweeps where it failed, so
    their records can be compared with each other but not with its own.

    Parameters
    ----------
    sample
        What is known of the sample.
    images
        The sweep; the first images of a whole one can be left out.
    index_options
        Of a person, the beamline or the profile. One that names the method keeps all others out.
    records
        What each method has done on this beamline lately.
    """
    asked = method_asked_for(index_options)
    known = bool(sample.space_group and sample.unit_cell)
    rungs = [rung for rung in _by_algorithm(asked) if known or not (rung.with_cell or _needs_a_cell(rung))]
    if not rungs:
        return []
    weak = [rung for rung in WEAK_RUNGS if known and _is_allowed(rung, asked)]
    # The last resorts search as the first rung does.
    return [rungs[0], *by_success_per_cost(rungs[1:] + weak + last_resorts(rungs[0], images), records)]


def method_asked_for(index_options: Sequence[str]) -> str | None:
    """Return the indexing method that the options name, by the last one, as DIALS does."""
    matches = [METHOD_OPTION.fullmatch(option) for option in index_options]
    named = [match[1] for match in matches if match]
    return named[-1] if named else None


def _by_algorithm(asked: str | None) -> list[Rung]:
    if asked is None:
        return list(SIMPLE_RUNGS)
    return [
        replace(rung, algorithm=asked, method=rung.method.replace(CHEAPEST, asked))
        for rung in SIMPLE_RUNGS
        if rung.algorithm == CHEAPEST
    ]


def _is_allowed(rung: Rung, asked: str | None) -> bool:
    return asked is None or (asked == rung.algorithm and not rung.by_orientation)


def _needs_a_cell(rung: Rung) -> bool:
    return rung.algorithm in NEED_A_CELL


def by_success_per_cost(rungs: Sequence[Rung], records: Iterable[RungRecord]) -> list[Rung]:
    """Sort rungs so that a lattice is found for the least CPU time on average.

    Parameters
    ----------
    rungs
        Any, in an order that decides between equals.
    records
        What has been seen of their methods.

    Notes
    -----
    Trials that end with the first success cost least on average in falling order of p / c: the chance of
    success over the cost of each. Source: L. G. Mitten, J. Ind. Eng. 11 (1960) 17-18. Here
    p / c = (s + w p0) / (C + w c0), with s successes and C CPU seconds seen, p0 and c0 expected, and w
    :data:`WEIGHT_OF_EXPECTATION`: the mean of a beta distribution whose prior weighs w tries.
    """
    seen = {record.method: record for record in records}

    def success_per_cpu_s(rung: Rung) -> float:
        record = seen.get(rung.method, RungRecord(rung.method, 0, 0, 0.0))
        successes = record.successes + WEIGHT_OF_EXPECTATION * rung.expected_success
        return successes / (record.cpu_s + WEIGHT_OF_EXPECTATION * rung.expected_cpu_s)

    return sorted(rungs, key=success_per_cpu_s, reverse=True)
