"""What siblings agree on, and which sweeps get a second chance from it."""

from dataclasses import replace

import pytest

from beamloop.beamlines.profiles import make_parameters
from beamloop.catalog.second_chances import SiblingSweep
from beamloop.records.identifiers import RunId, SweepId
from beamloop.records.outcome import OutcomeCode
from beamloop.records.parameters import Parameters
from beamloop.records.program import ProgramLimits
from beamloop.records.sample import Sample, UnitCell
from beamloop.records.siblings import Siblings
from beamloop.sweep.consensus import find_consensus, wants_second_chance

pytestmark = pytest.mark.unit

KNOWN = make_parameters(
    "cells", sample=Sample("H 3", UnitCell(97.3, 97.3, 135.2, 90, 90, 120)), limits=ProgramLimits()
)
UNKNOWN = replace(KNOWN, sample=Sample())
GOOD = SiblingSweep(
    SweepId(1), "xtal1_1", "a" * 64, RunId(1), KNOWN, "3.12.1", OutcomeCode.PROCESSED, True, False,
    "H 3", (98.3, 98.3, 136.6, 90.0, 90.0, 120.0), 240.0, 84.0, 90.0,
)  # fmt: skip
LOST = replace(
    GOOD, code=OutcomeCode.NO_LATTICE, space_group=None, cell=None, distance_mm=None, beam_x_mm=None,
    beam_y_mm=None,
)  # fmt: skip


def with_axis(a_angstrom: float) -> SiblingSweep:
    return replace(GOOD, cell=(a_angstrom, a_angstrom, 136.6, 90.0, 90.0, 120.0))


def test_the_consensus_is_the_median_of_those_that_agree() -> None:
    sweeps = [with_axis(a) for a in (98.1, 98.2, 98.3, 98.4, 98.6)] + [with_axis(196.6), LOST]
    moved = replace(sweeps[0], distance_mm=239.0, beam_x_mm=84.4, beam_y_mm=89.0)
    consensus = find_consensus([moved, *sweeps[1:]])
    assert consensus is not None
    assert consensus.sample == Sample("H 3", UnitCell(98.3, 98.3, 136.6, 90, 90, 120))
    assert consensus.siblings == Siblings(5, 240.0, 84.0, 90.0)


@pytest.mark.parametrize(
    "sweeps",
    [
        [GOOD] * 4,
        [with_axis(98.3)] * 5 + [with_axis(106.0)] * 4,
        [GOOD] * 5 + [replace(GOOD, space_group="P 2")] * 3,
        [],
    ],
    ids=["too few", "two forms", "two space groups", "none"],
)
def test_too_few_or_divided_siblings_agree_on_nothing(sweeps: list[SiblingSweep]) -> None:
    assert find_consensus(sweeps) is None


def test_triclinic_siblings_do_not_outvote_the_symmetry_that_others_show() -> None:
    triclinic = replace(GOOD, space_group="P 1", cell=(72.4, 72.4, 72.4, 85.5, 85.5, 85.5))
    consensus = find_consensus([triclinic] * 9 + [GOOD] * 5)
    assert consensus is not None
    assert consensus.sample.space_group == "H 3"
    alone = find_consensus([triclinic] * 9)
    assert alone is not None
    assert alone.sample.space_group == "P 1"


@pytest.mark.parametrize(
    ("sweep", "wants"),
    [
        (LOST, True),
        (replace(LOST, code=OutcomeCode.WRONG_SYMMETRY), True),
        (replace(LOST, had_second_chance=True), False),
        (replace(LOST, ended_lately=False), False),
        (replace(LOST, code=OutcomeCode.NO_SPOTS), False),
        (replace(LOST, code=OutcomeCode.TOO_FEW_SPOTS), False),
        (replace(LOST, code=OutcomeCode.PROGRAM_CRASHED), False),
        (GOOD, False),
        (replace(GOOD, parameters=UNKNOWN), False),
        (replace(GOOD, parameters=UNKNOWN, space_group="P 1"), True),
        (replace(GOOD, parameters=UNKNOWN, space_group="C 2"), True),
        (replace(GOOD, space_group="P 1"), False),
    ],
)
def test_only_a_lost_sweep_or_one_that_chose_another_symmetry_wants_it_and_once(
    sweep: SiblingSweep, *, wants: bool
) -> None:
    consensus = find_consensus([GOOD] * 5)
    assert consensus is not None
    assert wants_second_chance(sweep, consensus) is wants


def test_nobody_is_made_triclinic_by_siblings() -> None:
    consensus = find_consensus([replace(GOOD, space_group="P 1")] * 5)
    assert consensus is not None
    assert not wants_second_chance(replace(GOOD, parameters=UNKNOWN, space_group="C 2"), consensus)


def test_a_second_chance_is_other_work_and_other_runs_keep_their_keys() -> None:
    second = replace(KNOWN, siblings=Siblings(9, 239.7, 84.6, 89.9))
    assert "siblings" not in KNOWN.as_json()
    assert Parameters.from_json(second.as_json()) == second
