"""`beamloop failures`: what went wrong in a night, grouped by common cause."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated

import typer
from rich.console import Console

from beamloop.accounts.failures_document import failures_document
from beamloop.catalog.failure_causes import FailureGroup, group_failures
from beamloop.catalog.selection import Failure, failures_since
from beamloop.cli.choices import parse_since
from beamloop.cli.plain_text import as_text
from beamloop.cli.results_json import dump
from beamloop.cli.results_table import results_console
from beamloop.cli.session import open_catalog
from beamloop.records.identifiers import natural_order
from beamloop.records.outcome import NEED_A_PERSON

NAMED_AT_MOST = 12


def failures(
    since: Annotated[
        str, typer.Option(help="12h, 90m, 2d, or a time such as 2026-11-20T18:00 (UTC).")
    ] = "12h",
    beamline: Annotated[str | None, typer.Option(help="Only this beamline.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show sweeps whose newest run ended without a result, grouped by common cause."""
    start = parse_since(since, datetime.now(UTC))
    with open_catalog() as catalog, catalog.transaction() as connection:
        groups = group_failures(failures_since(connection, start, beamline))
    if as_json:
        typer.echo(dump(failures_document(start, beamline, groups)))
        return
    console = results_console()
    count = sum(len(group.failures) for group in groups)
    where = f" of beamline {beamline}" if beamline else ""
    words = (
        f"{_many(count, 'sweep')}{where} without a result since {when(start)}, {_many(len(groups), 'cause')}"
    )
    console.print(as_text(words if groups else f"No sweep{where} failed since {when(start)}.", "bold"))
    for group in groups:
        _print_group(console, group)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def when(time: datetime) -> str:
    """Write a time in UTC with the local one of this machine beside it."""
    utc, local = time.astimezone(UTC), time.astimezone()
    same_day = f"{local:%H:%M}" if local.date() == utc.date() else f"{local:%Y-%m-%d %H:%M}"
    return f"{utc:%Y-%m-%d %H:%M} UTC ({same_day} local)"


def _print_group(console: Console, group: FailureGroup) -> None:
    newest = group.failures[0]
    style = "red" if group.code in NEED_A_PERSON else "yellow"
    count = len(group.failures)
    console.print()
    heading = as_text(f"{count} x {group.code.value}", f"bold {style}")
    console.print(heading.append(f"  {_span(group)}", "not bold"), soft_wrap=True)
    sentence = newest.outcome.sentence if count == 1 else group.cause
    console.print(as_text(f"  {' '.join(sentence.split())}"), soft_wrap=True)
    if count > 1:
        console.print(as_text(f"  such as {newest.sweep}: {newest.outcome.sentence}", "dim"), soft_wrap=True)
    for place, members in _by_place(group.failures):
        console.print(as_text(f"  {place.beamline}  {place.collection}: {_names(members)}"), soft_wrap=True)
    console.print(as_text(f"  → {newest.outcome.try_next}", "cyan"), soft_wrap=True)


def _span(group: FailureGroup) -> str:
    first, last = group.failures[-1].recorded_at, group.failures[0].recorded_at
    return when(first) if len(group.failures) == 1 else f"{when(first)} – {when(last)}"


def _by_place(failures: Sequence[Failure]) -> Iterator[tuple[Failure, list[Failure]]]:
    def place(failure: Failure) -> tuple[str, str]:
        return failure.beamline, str(failure.directory)

    for _, found in groupby(sorted(failures, key=place), key=place):
        members = sorted(found, key=lambda failure: natural_order(failure.sweep))
        yield members[0], members


def _names(members: Sequence[Failure]) -> str:
    named = ", ".join(member.sweep for member in members[:NAMED_AT_MOST])
    more = len(members) - NAMED_AT_MOST
    return f"{named} and {more} more" if more > 0 else named
