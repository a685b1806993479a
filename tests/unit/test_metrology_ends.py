"""How a metrology ends without a candidate: what the data do not give is kept, what broke has failed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from tests.services.metrology_figures import metrology

from beamloop.errors import TransientError
from beamloop.metrology.work import MetrologyWork, failed
from beamloop.records.metrology import MetrologyState
from beamloop.records.outcome import OutcomeCode
from beamloop.records.program import ProgramEnd, ProgramResult
from beamloop.services import Services

pytestmark = pytest.mark.unit

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
TOO_FEW = "Sorry: Too few reflections to parameterise Detector1Group1Dist.\n"


def ended(folder: Path, said: str, end: ProgramEnd = ProgramEnd.EXITED) -> ProgramResult:
    """Return a refinement that failed with these last words."""
    log = folder / "refine.out"
    log.write_text(said)
    return ProgramResult(("dials.refine",), end, 1, 1.0, 1.0, 1, NOW, log, ("refined.expt",))


@pytest.fixture
def work(tmp_path: Path) -> MetrologyWork:
    return MetrologyWork("refine", tmp_path, tmp_path, metrology(), cast(Services, None))


def test_too_few_reflections_are_kept_with_the_words_of_dials(work: MetrologyWork, tmp_path: Path) -> None:
    finding = failed(work, [ended(tmp_path, TOO_FEW)])
    assert finding.outcome is None
    assert finding.state is MetrologyState.KEPT
    assert finding.sentence.startswith("No candidate: dials.refine says: ")
    assert "Too few reflections" in finding.sentence


def test_a_crash_has_failed(work: MetrologyWork, tmp_path: Path) -> None:
    finding = failed(work, [ended(tmp_path, "Segmentation fault")])
    assert finding.state is None
    assert finding.outcome is not None
    assert finding.outcome.code is OutcomeCode.PROGRAM_CRASHED


def test_a_program_that_reached_its_limit_has_failed(work: MetrologyWork, tmp_path: Path) -> None:
    finding = failed(work, [ended(tmp_path, "", ProgramEnd.TIMED_OUT)])
    assert finding.outcome is not None
    assert finding.outcome.code is OutcomeCode.TIMED_OUT


def test_a_program_that_was_ended_from_outside_is_tried_again(work: MetrologyWork, tmp_path: Path) -> None:
    with pytest.raises(TransientError):
        failed(work, [ended(tmp_path, "", ProgramEnd.CANCELLED)])
