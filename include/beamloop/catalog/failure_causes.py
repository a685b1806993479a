"""Group failures by their common cause: the reason code and what is the same in their sentences."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from beamloop.catalog.selection import Failure
from beamloop.records.outcome import OutcomeCode

SENTENCES_KEPT = 16_384
# What differs from sweep to sweep though the cause is one, in the order in which it is taken out.
DIFFERENT = (
    # How far the ladder was climbed depends on the sweep and on the time that was left.
    (re.compile(r" Tried: .*"), ""),
    (re.compile(r"'[^']*'|\"[^\"]*\""), "…"),
    (re.compile(r"(?<!\w)/[^\s,;:]+"), "…"),
    (re.compile(r"\S+\.(?:cbf|h5|nxs|expt|refl|log|out|mtz)\b(?:\.gz|\.bz2)?", re.IGNORECASE), "…"),
    (re.compile(r"(?<![\w.])[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\w)"), "N"),
    (re.compile(r"(?:…, )+(?:…|\.\.\.)"), "…"),
    (re.compile(r"(?:N, )+N"), "N"),
)


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Sweeps that failed for one cause, the newest first."""

    code: OutcomeCode
    cause: str  # "Only N spots on N images; a lattice needs at least N."
    failures: tuple[Failure, ...]


# A page asks for the same failures with every look, seven patterns each.
@lru_cache(maxsize=SENTENCES_KEPT)
def common_sentence(sentence: str) -> str:
    """Return a sentence without its numbers, file names, quoted words and list of what was tried.

    Parameters
    ----------
    sentence
        E.g. "Of 12 images, 1 is not there: 'a_00008.cbf'."

    Returns
    -------
    str
        E.g. "Of N images, N is not there: …."
    """
    common = " ".join(sentence.split())
    for pattern, stand_in in DIFFERENT:
        common = pattern.sub(stand_in, common)
    return common


def group_failures(failures: Sequence[Failure]) -> list[FailureGroup]:
    """Group failures by cause, the most frequent cause first, and of equals the newest.

    Parameters
    ----------
    failures
        The newest first.
    """
    groups: dict[tuple[OutcomeCode, str], list[Failure]] = {}
    for failure in failures:
        key = (failure.outcome.code, common_sentence(failure.outcome.sentence))
        groups.setdefault(key, []).append(failure)
    found = [FailureGroup(code, cause, tuple(members)) for (code, cause), members in groups.items()]
    return sorted(found, key=lambda group: -len(group.failures))
