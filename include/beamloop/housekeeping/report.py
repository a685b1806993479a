"""What was removed, what was kept and why."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What may be removed."""

    RUN_DIRECTORY = "run_directory"
    STAGING = "staging_folder"
    LEFTOVER = "leftover_in_the_store"
    HALF_REMOVED = "half_removed_folder"

    def of(self, count: int) -> str:
        """Return the words after a number: "run directory", "run directories"."""
        return WORDS[self][count != 1]


WORDS = {
    Kind.RUN_DIRECTORY: ("run directory", "run directories"),
    Kind.STAGING: ("staging folder", "staging folders"),
    Kind.LEFTOVER: ("leftover in the store", "leftovers in the store"),
    Kind.HALF_REMOVED: ("half-removed folder", "half-removed folders"),
}


@dataclass(frozen=True, slots=True)
class Removed:
    """Something that is gone, or would be in earnest."""

    kind: Kind
    what: str  # "i24/plate3-1f0c9a/xtal2_1/run-17"
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that its age would let go, and why it stays."""

    what: str  # "i24/plate3-1f0c9a/xtal2_1/run-17"
    why: str  # "index/notes.txt is no artifact of it"


@dataclass(slots=True)
class Report:
    """One round."""

    removed: list[Removed] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)

    def summary(self, *, dry_run: bool = False) -> str:
        """Say in one line what was removed and how many bytes."""
        counts = Counter(one.kind for one in self.removed)
        sizes = {kind: sum(one.size_bytes for one in self.removed if one.kind is kind) for kind in counts}
        parts = [
            f"{counts[kind]} {kind.of(counts[kind])} ({size_text(sizes[kind])})" for kind in sorted(counts)
        ]
        done = "To be removed" if dry_run else "Removed"
        words = f"{done}: {', '.join(parts) or 'nothing'}."
        return f"{words} Kept although old: {len(self.kept)}." if self.kept else words


def size_text(size_bytes: int) -> str:
    """Write a size as a person reads it: "812 B", "1.4 GB" (of 1000**3 bytes)."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
