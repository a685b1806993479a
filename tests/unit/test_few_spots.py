"""What a sweep of few spots gets: weaker spots, all resolutions, and the header's distance."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.services.random_spots import write_random_spots
from tests.services.scripted_dials import scripted_work

from beamloop.records.outcome import OutcomeCode
from beamloop.records.program import ProgramRequest
from beamloop.sweep import find_spots
from beamloop.sweep.few_spots import FEW, KEEP_SMALL_GROUPS, WEAK_SPOT_OPTIONS, refinement_options
from beamloop.sweep.integrate_pair import ALL_RESOLUTIONS, FEWER_SPOTS, integrate_pair

pytestmark = pytest.mark.unit

TOO_FEW = "Too few reflections for profile modelling:"
NONE_AT_ALL = "Zero reference spots were matched to predictions"


def test_only_few_spots_keep_the_headers_distance_and_small_groups_are_kept_always() -> None:
    assert refinement_options(FEW) == (KEEP_SMALL_GROUPS,)
    assert refinement_options(FEW - 1) == (
        KEEP_SMALL_GROUPS,
        "refinement.parameterisation.detector.fix=distance",
    )


@pytest.mark.parametrize(
    ("strong", "weak", "started", "outcome"),
    [
        (30, 90, 1, None),
        (9, 24, 2, None),
        (9, 9, 2, OutcomeCode.TOO_FEW_SPOTS),
    ],
)
def test_weaker_spots_are_looked_for_where_the_strong_ones_are_too_few(
    tmp_path: Path, strong: int, weak: int, started: int, outcome: OutcomeCode | None
) -> None:
    def find(request: ProgramRequest) -> str:
        count = weak if set(WEAK_SPOT_OPTIONS) <= set(request.argv) else strong
        write_random_spots(request.working_directory / "strong.refl", count, 12, (981, 1043))
        return ""

    finding = find_spots.perform(scripted_work(tmp_path, "find_spots", find))
    assert len(finding.programs) == started
    assert (finding.outcome.code if finding.outcome else None) is outcome
    assert finding.spots is not None
    assert finding.spots.spot_count == (weak if started == 2 and outcome is None else strong)


@pytest.mark.parametrize(("words", "for_merging"), [(TOO_FEW, False), (NONE_AT_ALL, False), (TOO_FEW, True)])
def test_too_few_spots_within_the_limits_are_integrated_without_limits_and_six_do_for_sums(
    tmp_path: Path, words: str, *, for_merging: bool
) -> None:
    def integrated(request: ProgramRequest) -> str:
        if not set(ALL_RESOLUTIONS) <= set(request.argv):
            return words
        assert set(FEWER_SPOTS).isdisjoint(request.argv) is for_merging
        for name in request.expected_outputs:
            (request.working_directory / name).write_text(" ".join(request.argv[1:3]))
        return ""

    plain = scripted_work(tmp_path, "integrate", integrated)
    parameters = replace(plain.run.parameters, for_merging=for_merging)
    work = replace(plain, run=replace(plain.run, parameters=parameters))
    result = integrate_pair(work, work.staging, Path("../refine/a.expt"), Path("../refine/a.refl"))
    assert result.succeeded
    assert result.widened
    # The second try runs one folder further down.
    assert (work.staging / "integrated.expt").read_text() == "../../refine/a.expt ../../refine/a.refl"


def test_a_program_that_fails_otherwise_is_not_started_again(tmp_path: Path) -> None:
    work = scripted_work(tmp_path, "integrate", lambda _: "Segmentation fault")
    result = integrate_pair(work, work.staging, Path("../refine/a.expt"), Path("../refine/a.refl"))
    assert not result.succeeded
    assert len(result.results) == 1
