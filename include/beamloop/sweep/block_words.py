"""Blocks of a sweep with missing images, in words."""

from collections.abc import Sequence
from itertools import pairwise

from beamloop.records.images import SweepImages

NAMED_AT_MOST = 10

Block = tuple[int, int]  # numbers of its first and last image


def describe_gap(images: SweepImages) -> str:
    """Name blocks and missing images: "2 blocks: 1-7, 9-15; image 8 is missing"."""
    blocks = images.blocks()
    count = f"{len(blocks)} block{'s' if len(blocks) > 1 else ''}"
    single = len(images.missing) == 1
    words = f"image {ranges(_gaps(blocks))} is" if single else f"images {ranges(_gaps(blocks))} are"
    return f"{count}: {ranges(blocks)}; {words} missing"


def ranges(blocks: Sequence[Block]) -> str:
    """Name blocks by their images: "1-7, 9, 11-15"; at most ten of them."""
    named = [str(first) if first == last else f"{first}-{last}" for first, last in blocks[:NAMED_AT_MOST]]
    return ", ".join(named) + (", ..." if len(blocks) > NAMED_AT_MOST else "")


def _gaps(blocks: Sequence[Block]) -> list[Block]:
    return [(before[1] + 1, after[0] - 1) for before, after in pairwise(blocks)]
