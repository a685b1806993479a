"""What programs print in their last lines becomes a cause and a sentence to quote."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from beamloop.dials_cli.failures import FailureCause, explain_failure, explain_log
from beamloop.records.program import ProgramEnd, ProgramResult

pytestmark = pytest.mark.unit

# The last lines of real logs of DIALS 3.12.1, and what they mean.
LOGS = [
    (
        "Using d_min_step 0.0\nNo suitable lattice could be found.\n",
        FailureCause.NO_SUITABLE_LATTICE,
        "No suitable lattice could be found.",
    ),
    (
        "No crystal models remaining after comparing with known symmetry\nUsing d_min_step 0.0\n"
        "No suitable lattice could be found.\n",
        FailureCause.WRONG_SYMMETRY,
        "No crystal models remaining after comparing with known symmetry",
    ),
    (
        "AttributeError: Please report this error to dials-support@lists.sourceforge.net: 'NoneType' object "
        "has no attribute 'change_basis'\n",
        FailureCause.WRONG_SYMMETRY,
        "The lattice of the given crystal cannot have the space group asked for.",
    ),
    (
        "    assert sigma_m > TINY\n           ^^^^^^^^^^^^^^\n"
        "AssertionError: Please report this error to dials-support@lists.sourceforge.net:\n",
        FailureCause.TOO_FEW_REFLECTIONS,
        "There are too few reflections to estimate the mosaicity.",
    ),
    (
        "AssertionError: Please report this error to dials-support@lists.sourceforge.net: Too few spots (4) "
        "for nearest neighbour analysis.\n",
        FailureCause.TOO_FEW_REFLECTIONS,
        "Too few spots (4) for nearest neighbour analysis.",
    ),
    (
        "ValueError: Please report this error to dials-support@lists.sourceforge.net: Missing image 3 from "
        "imageset (1-4)\n",
        FailureCause.MISSING_IMAGE,
        "Missing image 3 from imageset (1-4)",
    ),
    (
        "FileNotFoundError: [Errno 2] No such file or directory: '/data/x_00002.cbf'\nException ignored in: "
        "<function FormatCBFFull.__del__ at 0x7f>\nAttributeError: 'FormatCBFFullPilatus' object has no\n",
        FailureCause.MISSING_IMAGE,
        "[Errno 2] No such file or directory: '/data/x_00002.cbf'",
    ),
    (
        "ValueError: Please report this error to dials-support@lists.sourceforge.net: numpy array is "
        "non-c-contiguous - flex arrays must be c-contiguous\n",
        FailureCause.UNREADABLE_IMAGE,
        "This DIALS cannot cut the file's pixel_mask into modules that stand side by side.",
    ),
    (
        "dxtbx.IncorrectFormatError: ('Please report this error to dials-support@lists.sourceforge.net:', "
        "<dxtbx.format.FormatCBFFullPilatus object at 0x7f>, '/data/x_00002.cbf')\n",
        FailureCause.UNREADABLE_IMAGE,
        "Image file /data/x_00002.cbf is not in the format of the others.",
    ),
    (
        "Exception: Please report this error to dials-support@lists.sourceforge.net: CBFlib Error(s): "
        "CBF_FORMAT\n",
        FailureCause.UNREADABLE_IMAGE,
        "CBFlib Error(s): CBF_FORMAT",
    ),
    (
        "Sorry: Unknown command line parameter definition: nonesuch = 1\n",
        FailureCause.BAD_OPTION,
        "Unknown command line parameter definition: nonesuch = 1",
    ),
    (
        "Too few reflections to parameterise Detector1Dist.\nTry setting refinement.\n",
        FailureCause.TOO_FEW_REFLECTIONS,
        "Too few reflections to parameterise Detector1Dist.",
    ),
    (
        "Predicted 0 reflections\n\n   Invalid input for reference reflections.\n"
        "        Zero reference spots were matched to predictions\n",
        FailureCause.NOTHING_LEFT,
        "Zero reference spots were matched to predictions",
    ),
    (
        "OSError: [Errno 28] No space left on device\n",
        FailureCause.DISK_FULL,
        "[Errno 28] No space left on device",
    ),
    ("numpy.core._exceptions.MemoryError: Unable to allocate\n", FailureCause.OUT_OF_MEMORY, None),
    ("Fatal Python error: Segmentation fault\n\nstack\n", FailureCause.UNKNOWN, None),
    ("Saved 0 reflections to strong.refl\n", FailureCause.NO_SPOTS, None),
    ("ZeroDivisionError: float division by zero\n", FailureCause.UNKNOWN, "float division by zero"),
    ("working\nstill working\n+-----+\n", FailureCause.UNKNOWN, "still working"),
    ("", FailureCause.UNKNOWN, ""),
]

# What 3.30.1 says otherwise.
NEWER_LOGS = [
    ("-----\nNo reflections found\n", FailureCause.NO_SPOTS, "No reflections found"),
    (
        "No crystal models remaining after comparing with known symmetry\n"
        "No candidate solutions found within thresholds\nNo suitable lattice could be found.\n",
        FailureCause.WRONG_SYMMETRY,
        "No crystal models remaining after comparing with known symmetry",
    ),
    (
        "usage: dials.index [options] models.expt strong.refl\n"
        "dials.index: error: Invalid phil parameter: cctbx Error: Space group symbol not recognized: P999\n",
        FailureCause.BAD_OPTION,
        "cctbx Error: Space group symbol not recognized: P999",
    ),
    (
        "Sorry: Ambiguous parameter definition: d_min = 6\nBest matches:\n  indexing.fft3d.d_min\n",
        FailureCause.BAD_OPTION,
        "Ambiguous parameter definition: d_min = 6",
    ),
    (
        "ValueError: Please report this error at https://github.com/dials/dials/issues or to "
        "dials-user-group@jiscmail.ac.uk: All data has been filtered from the reflection table\n",
        FailureCause.NOTHING_LEFT,
        "All data has been filtered from the reflection table",
    ),
    (
        "Failure in nearest neighbour analysis:\nToo few spots (3) for nearest neighbour analysis.\n",
        FailureCause.TOO_FEW_REFLECTIONS,
        "Too few spots (3) for nearest neighbour analysis.",
    ),
]


@pytest.mark.parametrize(("text", "cause", "quote"), [*LOGS, *NEWER_LOGS])
def test_last_words_are_understood(text: str, cause: FailureCause, quote: str | None) -> None:
    explanation = explain_log(f"DIALS 3.12\n{text}" if text else "")
    assert explanation.cause is cause
    assert explanation.quote == (text.splitlines()[0] if quote is None else quote).removeprefix(
        "numpy.core._exceptions.MemoryError: "
    )


def ended(log_path: Path, exit_code: int, end: ProgramEnd = ProgramEnd.EXITED) -> ProgramResult:
    return ProgramResult((), end, exit_code, 1.0, 1.0, 1, datetime.now(UTC), log_path, ())


def test_a_program_killed_from_outside_is_not_blamed_on_the_data(tmp_path: Path) -> None:
    log_path = tmp_path / "index.out"
    log_path.write_text("No suitable lattice could be found.\n")
    explanation = explain_failure(ended(log_path, 137))
    assert explanation == (FailureCause.KILLED, "ended from outside by SIGKILL")


def test_only_the_end_of_a_flooded_log_is_read(tmp_path: Path) -> None:
    log_path = tmp_path / "index.out"
    with log_path.open("w") as log:
        log.write("No space left on device\n")
        log.truncate(2 * 1024**3)  # sparse
        log.seek(0, 2)
        log.write("\nNo suitable lattice could be found.\n")
    assert explain_failure(ended(log_path, 1)).cause is FailureCause.NO_SUITABLE_LATTICE


def test_a_log_that_is_not_there_or_no_text_explains_nothing(tmp_path: Path) -> None:
    log_path = tmp_path / "index.out"
    assert explain_failure(ended(log_path, 1)) == (FailureCause.UNKNOWN, "")
    log_path.write_bytes(b"\xff\xfe\x00")
    assert explain_failure(ended(log_path, 1)).cause is FailureCause.UNKNOWN
