"""Names, images and parameters, as every stage relies on them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamloop.records.identifiers import SAFE_NAME, SweepId, natural_order, safe_name
from beamloop.records.images import NumberedImages
from beamloop.records.outcome import TRY_NEXT, OutcomeCode
from beamloop.records.parameters import Parameters, run_key
from beamloop.records.program import ProgramEnd, ProgramLimits, ProgramResult
from beamloop.records.sample import Sample, UnitCell

pytestmark = pytest.mark.unit

HOSTILE = ["../../etc/passwd", "a b", "it's", "$(touch x)", "`x`", "new\nline", "Ω", "", ".", "..", "-rf"]


@given(st.one_of(st.text(), st.sampled_from(HOSTILE)))
def test_any_text_becomes_a_safe_path_component(text: str) -> None:
    assert SAFE_NAME.fullmatch(safe_name(text))
    assert ".." not in safe_name(text)


def test_a_plain_name_stays_as_it_is() -> None:
    assert safe_name("xtal2_1") == "xtal2_1"


@given(st.text(), st.text())
def test_different_names_stay_different(one: str, other: str) -> None:
    assert (safe_name(one) == safe_name(other)) == (one == other)


def images(missing: tuple[int, ...]) -> NumberedImages:
    return NumberedImages(Path("/data"), "x_", 3, ".cbf", 1, 10, missing)


@pytest.mark.parametrize(
    ("missing", "blocks"),
    [
        ((), [(1, 10)]),
        ((5,), [(1, 4), (6, 10)]),
        ((2, 3, 9), [(1, 1), (4, 8), (10, 10)]),
    ],
)
def test_missing_images_cut_a_sweep_into_blocks(
    missing: tuple[int, ...], blocks: list[tuple[int, int]]
) -> None:
    assert images(missing).blocks() == blocks


def test_files_have_the_digits_of_their_template() -> None:
    sweep = images((2,))
    assert sweep.template == "x_###.cbf"
    assert sweep.paths()[:2] == [Path("/data/x_001.cbf"), Path("/data/x_003.cbf")]


SWEEP = SweepId(1)
PARAMETERS = Parameters(
    "cells",
    False,
    {"index": ("indexing.method=fft1d",)},
    Sample("H 3", UnitCell(98.3, 98.3, 136.6, 90, 90, 120)),
    ProgramLimits(10, 20),
)


def test_parameters_survive_the_catalogue() -> None:
    assert Parameters.from_json(PARAMETERS.as_json()) == PARAMETERS


def test_the_key_of_a_run_changes_with_what_decides_its_result() -> None:
    other = Parameters("cells", False, {"index": ()}, PARAMETERS.sample, PARAMETERS.limits)
    keys = {
        run_key(PARAMETERS, SWEEP, "a", "3.12.1"),
        run_key(PARAMETERS, SWEEP, "b", "3.12.1"),
        run_key(PARAMETERS, SweepId(2), "a", "3.12.1"),
        run_key(PARAMETERS, SWEEP, "a", "3.30.1"),
        run_key(PARAMETERS, SWEEP, "a", "3.12.1", "geometry-7"),
        run_key(other, SWEEP, "a", "3.12.1"),
    }
    assert len(keys) == 6


def test_every_reason_code_but_success_tells_a_person_what_to_try() -> None:
    assert {code for code in OutcomeCode if TRY_NEXT[code]} == set(OutcomeCode) - {OutcomeCode.PROCESSED}


def test_numbers_in_names_sort_as_numbers() -> None:
    assert sorted(["xtal10_1", "xtal2_1", "b", "xtal2_0"], key=natural_order) == [
        "b",
        "xtal2_0",
        "xtal2_1",
        "xtal10_1",
    ]


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (("dials.refine", "a.expt"), "dials.refine"),
        (("/opt/dials/bin/dials.refine", "a.expt"), "dials.refine"),
        (("/usr/bin/python3", "-I", "/x/scripts/refine_blocked.py", "a.expt"), "refine_blocked"),
        (("/usr/bin/python3", "/x/scripts/correlate_parameters.py"), "correlate_parameters"),
    ],
)
def test_a_program_is_called_by_its_name_and_a_script_by_its_own(argv: tuple[str, ...], name: str) -> None:
    started_at = datetime(2026, 1, 2, tzinfo=UTC)
    result = ProgramResult(argv, ProgramEnd.EXITED, 0, 1.0, 1.0, 1, started_at, Path("x.out"), ())
    assert result.program == name
