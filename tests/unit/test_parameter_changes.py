"""What a person changes for the next run, and how two runs' parameters differ."""

import pytest

from beamloop.beamlines.changes import Changes, change_parameters, differences, own_settings
from beamloop.beamlines.profiles import make_parameters
from beamloop.errors import InvalidInputError
from beamloop.records.parameters import Parameters
from beamloop.records.program import ProgramLimits
from beamloop.records.sample import Sample, UnitCell

pytestmark = pytest.mark.unit

LIMITS = ProgramLimits()
CELL = UnitCell(98.3456789, 98.3456789, 136.6, 90, 90, 120)
OLD = make_parameters(
    "cells",
    settings=["index.indexing.method=fft1d", "find_spots.filter.min_spot_size=2"],
    sample=Sample("H 3", CELL),
    limits=LIMITS,
)


def changed(old: Parameters = OLD, **values: str | tuple[str, ...]) -> Parameters:
    return change_parameters(old, Changes(**values), LIMITS)  # type: ignore[arg-type] # one of two types each


def test_no_change_is_the_same_work() -> None:
    assert changed() == OLD
    assert differences(OLD, changed()) == []


def test_a_setting_replaces_an_earlier_one_of_the_same_name_and_keeps_the_others() -> None:
    new = changed(settings=("index.indexing.method=real_space_grid_search",))
    assert own_settings(new) == {
        "find_spots": ["filter.min_spot_size=2"],
        "index": ["indexing.method=real_space_grid_search"],
    }
    assert differences(OLD, new) == [
        "- index.indexing.method=fft1d",
        "+ index.indexing.method=real_space_grid_search",
    ]


def test_a_setting_said_twice_is_the_same_work() -> None:
    once = changed(settings=("refine.scan_varying=true",))
    assert once.options["refine"][-1] == "scan_varying=true"
    assert changed(once, settings=("refine.scan_varying=true",)) == once != OLD


def test_another_profile_keeps_a_persons_own_settings() -> None:
    new = changed(profile="full")
    assert new.for_merging
    assert own_settings(new) == own_settings(OLD)
    assert "prediction.d_min=3" not in new.options["integrate"]
    assert differences(OLD, new) == ["profile cells → full"]


def test_the_sample_can_be_forgotten_and_the_rest_of_it_keeps_every_digit() -> None:
    new = changed(space_group="none")
    assert new.sample == Sample(None, CELL)
    assert differences(OLD, new) == ["space group H 3 → none"]
    assert changed(space_group="NONE", unit_cell="none").sample == Sample()


def test_a_space_group_that_contradicts_the_cell_known_before_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="does not obey"):
        changed(space_group="P 43 21 2")
    assert changed(space_group="P 43 21 2", unit_cell="none").sample.space_group == "P 43 21 2"


def test_limits_are_the_present_ones_and_said() -> None:
    new = change_parameters(OLD, Changes(), ProgramLimits(7200, 16 * 1024**3))
    assert differences(OLD, new) == ["limit time_s 3600 → 7200", "limit memory_gb 8 → 16"]
