"""Stale sweeps in a shell."""

from collections.abc import Sequence

from rich.console import Console

from beamloop.accounts.stale import stale_lines
from beamloop.cli.plain_text import as_text
from beamloop.records.geometry import StaleSweep


def print_stale(console: Console, stale: Sequence[StaleSweep]) -> None:
    """Print which sweeps of a collection are stale, and how to process them again."""
    for line in stale_lines(stale):
        console.print(as_text(line, "yellow"), soft_wrap=True)
