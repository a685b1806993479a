"""`beamloop geometry drift`: whether detectors stay where they were."""

from collections.abc import Iterator, Sequence
from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from beamloop.accounts.drift_document import drift_document
from beamloop.catalog.connection import Catalog
from beamloop.cli.failures import when
from beamloop.cli.plain_text import as_text
from beamloop.cli.results_json import dump
from beamloop.cli.results_table import results_console
from beamloop.cli.session import find_beamline, open_catalog
from beamloop.errors import InvalidInputError
from beamloop.geometry.drift import LEAST_POINTS, detector_drifts
from beamloop.records.drift import DetectorDrift, DriftSeries
from beamloop.records.geometry import GeometryGate

HEADINGS = ("quantity", "newest", "expected", "unit", "points", "")


def drift(
    beamline: Annotated[str | None, typer.Option(help="Only this beamline.")] = None,
    png: Annotated[Path | None, typer.Option(help="Draw the charts of one detector into this file.")] = None,
    detector: Annotated[
        str | None, typer.Option(help="Only detectors whose name contains this, as the table shows it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show where metrologies found the detectors over time, against the headers, with control limits."""
    with open_catalog() as catalog:
        found = _drifts(catalog, beamline, detector)
    if png:
        _draw(found, png)
    if as_json:
        typer.echo(dump(drift_document(found)))
    else:
        _print(results_console(), found)


def _drifts(catalog: Catalog, beamline: str | None, detector: str | None) -> list[DetectorDrift]:
    rules = find_beamline(beamline) if beamline else None
    least = rules.geometry.least_held_out_count if rules else GeometryGate().least_held_out_count
    with catalog.transaction() as connection:
        found = detector_drifts(connection, beamline, least)
    return [one for one in found if detector is None or detector in one.detector]


def _draw(found: Sequence[DetectorDrift], png: Path) -> None:
    from beamloop.geometry.drift_plot import draw_drift

    if len(found) != 1:
        names = ", ".join(f"{one.detector} at {one.header_distance_mm:.1f} mm" for one in found) or "none"
        raise InvalidInputError(
            f"A picture shows one detector at one distance, and here are {len(found)}: {names}.",
            try_next="Choose with --beamline and --detector; --json has all.",
        )
    try:
        draw_drift(found[0]).savefig(png, format="png")
    except OSError as error:
        raise InvalidInputError(
            f"{png} cannot be written: {error.strerror}.", try_next="Give a file in a folder that is yours."
        ) from error


def _print(console: Console, found: Sequence[DetectorDrift]) -> None:
    if not found:
        console.print("No metrology has found a detector yet: `beamloop metrology run` makes one.")
    for one in found:
        title = f"{one.beamline}, {one.detector} at {one.header_distance_mm:.1f} mm: refined less headers'"
        console.print(as_text(title, "bold"), soft_wrap=True)
        table = Table(*HEADINGS, box=box.SIMPLE_HEAD)
        for series in (*one.whole, *_out(one.panels)):
            _add_row(table, series)
        console.print(table)
        for service in one.services:
            at = service.serviced_at.astimezone(UTC)  # to the second: by it the word is taken back
            words = f"Serviced {at:%Y-%m-%d %H:%M:%S} UTC, says {service.said_by}: {service.why}"
            console.print(as_text(words), soft_wrap=True)
        newest = one.whole[0].points[-1]
        console.print(as_text(f"Newest data {when(newest.measured_at)}, geometry {newest.geometry_id}."))


def _out(panels: Sequence[DriftSeries]) -> Iterator[DriftSeries]:
    """Yield the panels that are beyond their limits now: the others are many, and where they were."""
    return (series for series in panels if series.points[-1].is_out)


def _add_row(table: Table, series: DriftSeries) -> None:
    newest = series.points[-1]
    limits = newest.limits
    expected = f"{limits.lower:+.3f} to {limits.upper:+.3f}" if limits else f"after {LEAST_POINTS} points"
    table.add_row(
        as_text(series.words),
        f"{newest.value:+.3f}",
        expected,
        series.unit,
        str(len(series.points)),
        as_text("beyond the limits", "bold red") if newest.is_out else "",
    )
