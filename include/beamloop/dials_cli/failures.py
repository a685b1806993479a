"""Why a DIALS program failed: from what it printed to a cause in a fixed vocabulary.

The messages are those of 3.12.1 and 3.30.1, provoked one by one or, where marked, read in their sources.
"""

import os
import re
import signal
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from beamloop.records.program import ProgramEnd, ProgramResult


class FailureCause(StrEnum):
    """What a program's last words mean."""

    NO_SPOTS = "no_spots"
    NO_SUITABLE_LATTICE = "no_suitable_lattice"
    WRONG_SYMMETRY = "wrong_symmetry"  # lattices were found, none with the symmetry that was asked for
    TOO_FEW_REFLECTIONS = "too_few_reflections"  # for indexing, refinement or profile modelling
    REFINEMENT_DIVERGED = "refinement_diverged"
    NOTHING_LEFT = "nothing_left"  # no reflection in the range asked for, or none integrated
    MISSING_IMAGE = "missing_image"
    UNREADABLE_IMAGE = "unreadable_image"
    UNREADABLE_INPUT = "unreadable_input"  # an .expt or .refl file that is absent or damaged
    BAD_OPTION = "bad_option"
    DISK_FULL = "disk_full"
    OUT_OF_MEMORY = "out_of_memory"
    KILLED = "killed"  # by a signal from outside: a person, or the kernel out of memory
    UNKNOWN = "unknown"


class Explanation(NamedTuple):
    """A cause, and the sentence of the log that says so."""

    cause: FailureCause
    quote: str  # "No suitable lattice could be found."


TAIL_BYTES = 64 * 1024  # of the log; a traceback is 5 kB, a table 10
QUOTE_LENGTH = 300

# Crashes whose last words are Python's own: what to say instead, with the match's groups.
CRASH_WITHOUT_SYMMETRY = r"'NoneType' object has no attribute 'change_basis'"
WRONG_FORMAT = r"IncorrectFormatError: .*'([^']+)'\)"
MERGE_WITHOUT_STATISTICS = r"'NoneType' object has no attribute 'as_dict'"
TOO_FEW_TO_MERGE = "There are too few reflections for statistics of merging."
# Profile modelling of 26 spots of a simulated wedge: its simplex walked to a negative mosaicity.
NO_MOSAICITY = r"assert sigma_m > TINY"
# A NXmx file's pixel mask, where modules stand side by side: dxtbx 3.12 cuts it and cannot take the pieces.
CUT_MASK = r"numpy array is non-c-contiguous"
BETTER_WORDS = {
    CUT_MASK: "This DIALS cannot cut the file's pixel_mask into modules that stand side by side.",
    CRASH_WITHOUT_SYMMETRY: "The lattice of the given crystal cannot have the space group asked for.",
    MERGE_WITHOUT_STATISTICS: TOO_FEW_TO_MERGE,
    NO_MOSAICITY: "There are too few reflections to estimate the mosaicity.",
    WRONG_FORMAT: r"Image file \1 is not in the format of the others.",
}

# In this order: what the machine lacks explains whatever follows it, and "no lattice" is also said after
# every lattice has been thrown out by the symmetry.
PATTERNS: tuple[tuple[str, FailureCause], ...] = (
    (r"No space left on device|Disk quota exceeded", FailureCause.DISK_FULL),
    (r"MemoryError|std::bad_alloc|Cannot allocate memory", FailureCause.OUT_OF_MEMORY),
    (r"Not enough memory to run integration jobs", FailureCause.OUT_OF_MEMORY),  # sources
    (
        r"(Unknown command line|Ambiguous) parameter definition|Error interpreting \S+=",
        FailureCause.BAD_OPTION,
    ),
    (r"interpreting command line argument as parameter definition", FailureCause.BAD_OPTION),
    (r"Space group symbol not recognized|Undefined variable:", FailureCause.BAD_OPTION),
    (r"Extracted 0 spots|Saved 0 reflections|No reflections found", FailureCause.NO_SPOTS),
    (r"No crystal models remaining after comparing with known symmetry", FailureCause.WRONG_SYMMETRY),
    (CRASH_WITHOUT_SYMMETRY, FailureCause.WRONG_SYMMETRY),
    (r"No suitable lattice could be found", FailureCause.NO_SUITABLE_LATTICE),
    (r"Indexing failed: fft3d peak search", FailureCause.NO_SUITABLE_LATTICE),
    (r"No suitable indexing solution found", FailureCause.NO_SUITABLE_LATTICE),  # sources
    (r"Too few spots .*nearest neighbour analysis", FailureCause.TOO_FEW_REFLECTIONS),
    (r"No spots left for max cell analysis", FailureCause.TOO_FEW_REFLECTIONS),  # sources
    (r"No reflections left to index", FailureCause.TOO_FEW_REFLECTIONS),
    (r"Experiment id \d+ contains no reflections", FailureCause.TOO_FEW_REFLECTIONS),  # sources
    (r"No reflections available for refinement", FailureCause.TOO_FEW_REFLECTIONS),
    (r"Too few reflections to parameterise", FailureCause.TOO_FEW_REFLECTIONS),
    (r"Not enough degrees of freedom to refine", FailureCause.TOO_FEW_REFLECTIONS),  # sources
    (r"Too few reflections for profile modelling", FailureCause.TOO_FEW_REFLECTIONS),  # sources
    (r"No reflections remaining for profile modelling", FailureCause.TOO_FEW_REFLECTIONS),  # sources
    (r"No indexed spots found", FailureCause.TOO_FEW_REFLECTIONS),  # sources
    (NO_MOSAICITY, FailureCause.TOO_FEW_REFLECTIONS),
    (MERGE_WITHOUT_STATISTICS, FailureCause.TOO_FEW_REFLECTIONS),
    (r"Unable to use this dataset for scaling", FailureCause.TOO_FEW_REFLECTIONS),
    (r"All data sets have been rejected as bad", FailureCause.TOO_FEW_REFLECTIONS),  # sources
    (r"No datasets remain after filtering out bad datasets", FailureCause.TOO_FEW_REFLECTIONS),  # sources
    (r"Unrealistic unit cell volume increase", FailureCause.REFINEMENT_DIVERGED),
    (r"normal equations have an indeterminate solution", FailureCause.REFINEMENT_DIVERGED),  # sources
    (r"Zero reference spots were matched to predictions", FailureCause.NOTHING_LEFT),
    (r"All data has been filtered from the reflection table", FailureCause.NOTHING_LEFT),
    (r"No intensity data in reflections", FailureCause.NOTHING_LEFT),  # sources
    (r"Missing image \d+ from imageset", FailureCause.MISSING_IMAGE),
    (r"Template .* does not match any files|^File .* not found", FailureCause.MISSING_IMAGE),
    (r"No such file or directory: .*\.(cbf|img|h5|nxs|mccd|sfrm)\b", FailureCause.MISSING_IMAGE),
    (r"Image file .* format is unknown", FailureCause.UNREADABLE_IMAGE),
    (WRONG_FORMAT, FailureCause.UNREADABLE_IMAGE),
    (CUT_MASK, FailureCause.UNREADABLE_IMAGE),
    (r"CBFlib Error|Permission denied: .*\.(cbf|img|h5|nxs|mccd|sfrm)\b", FailureCause.UNREADABLE_IMAGE),
    (r"Imageset contains no beam or detector model", FailureCause.UNREADABLE_IMAGE),  # sources
    (r"JSONDecodeError|does not have the required data column", FailureCause.UNREADABLE_INPUT),
    (r"Unable to handle the following arguments|^usage: ", FailureCause.UNREADABLE_INPUT),
)

# What DIALS puts before its own words, and Python's class names before everybody's.
DECORATION = re.compile(
    r"^(?:[\w.]+(?:Error|Exception)|Exception|Sorry): |Please report this error (?:at \S+ or )?to \S+: ?"
    r"|^dials\.\w+: error: (?:Invalid phil parameter: )?"
)
LAST_WORDS = re.compile(
    r"^\s*(?:Sorry: |[\w.]*(?:Error|Exception)\b[^:]*: |Fatal Python error: ).+", re.MULTILINE
)
SENT_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def explain_failure(result: ProgramResult) -> Explanation:
    """Say why a program failed.

    Parameters
    ----------
    result
        A program that did not succeed.

    Returns
    -------
    Explanation
        UNKNOWN with the log's last words where no message is known; an empty quote where it said nothing.
    """
    number = result.exit_code - 128
    if result.end is ProgramEnd.EXITED and number in SENT_FROM_OUTSIDE:
        return Explanation(FailureCause.KILLED, f"ended from outside by {signal.Signals(number).name}")
    return explain_log(log_tail(result.log_path))


def explain_log(text: str) -> Explanation:
    """Say why a program failed, by the end of its log."""
    for pattern, cause in PATTERNS:
        # The last line that matches: earlier ones may belong to an attempt that the program got over.
        for line in reversed(text.splitlines()):
            if match := re.search(pattern, line):
                words = BETTER_WORDS.get(pattern)
                return Explanation(cause, match.expand(words) if words else _plain(line))
    exceptions = LAST_WORDS.findall(text.partition("Exception ignored in")[0])
    lines = [line for line in text.splitlines() if line.strip(" -=+|")]
    return Explanation(FailureCause.UNKNOWN, _plain((exceptions or lines or [""])[-1]))


def log_tail(path: Path) -> str:
    """Return the end of a log, empty where there is no log; programs may flood it."""
    try:
        with open(path, "rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - TAIL_BYTES))
            return log.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _plain(line: str) -> str:
    return DECORATION.sub("", line.strip()).strip()[:QUOTE_LENGTH]
