"""Sweeps that another geometry serves now than they were imported with, in plain words."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from beamloop.accounts.shell_words import shell_word
from beamloop.records.geometry import GeometryId, StaleSweep

NAMED_AT_MOST = 12
# What `beamloop reprocess --geometry` calls the headers' geometry.
HEADERS = 0


def stale_lines(stale: Sequence[StaleSweep]) -> Iterator[str]:
    """Say which sweeps are stale, and how to process them again.

    Parameters
    ----------
    stale
        Sweeps of one collection.
    """

    def why(sweep: StaleSweep) -> tuple[int, int]:
        return sweep.imported_id or HEADERS, sweep.serving_id or HEADERS

    for _, found in groupby(sorted(stale, key=why), key=why):
        sweeps = list(found)
        first = sweeps[0]
        count = "1 sweep is" if len(sweeps) == 1 else f"{len(sweeps)} sweeps are"
        yield (
            f"{count} stale: imported with {_name(first.imported_id)}, and {_name(first.serving_id)} serves "
            f"now ({_names(sweeps)})."
        )
        yield (
            f"`beamloop reprocess {shell_word(first.directory)} --geometry {first.imported_id or HEADERS}` "
            "makes new runs."
        )


def _name(geometry_id: GeometryId | None) -> str:
    return "the headers' geometry" if geometry_id is None else f"geometry {geometry_id}"


def _names(sweeps: Sequence[StaleSweep]) -> str:
    more = f" and {len(sweeps) - NAMED_AT_MOST} more" if len(sweeps) > NAMED_AT_MOST else ""
    return f"{', '.join(sweep.sweep for sweep in sweeps[:NAMED_AT_MOST])}{more}"
