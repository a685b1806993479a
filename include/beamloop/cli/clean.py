"""`beamloop clean`: remove what is safely kept elsewhere and what killed programs left."""

from typing import Annotated, Any

import typer
from rich.console import Console

from beamloop.catalog.connection import Catalog
from beamloop.cli.plain_text import as_text
from beamloop.cli.results_json import FORMAT, dump
from beamloop.cli.session import load_settings
from beamloop.housekeeping.clean import clean as clean_up
from beamloop.housekeeping.report import Report, size_text
from beamloop.storage.opening import open_store


def clean(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Remove old run directories whose files are all stored, and what killed programs left."""
    settings = load_settings()
    with Catalog(settings.catalog_dsn) as catalog:
        store = open_store(settings.store)
        report = clean_up(settings.run_root, catalog, store, settings.beamlines_directory, dry_run=dry_run)
    if as_json:
        typer.echo(dump(_document(report, dry_run=dry_run)))
        return
    _print(Console(), report, dry_run=dry_run)


def _print(console: Console, report: Report, *, dry_run: bool) -> None:
    for removed in report.removed:
        words = f"  {size_text(removed.size_bytes):>9}  {removed.kind.of(1)}  {removed.what}"
        console.print(as_text(words), soft_wrap=True)
    for kept in report.kept:
        console.print(as_text(f"  kept: {kept.what}: {kept.why}", "yellow"), soft_wrap=True)
    console.print(as_text(report.summary(dry_run=dry_run), "bold"), soft_wrap=True)


def _document(report: Report, *, dry_run: bool) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "dry_run": dry_run,
        "removed": [
            {"kind": one.kind.value, "what": one.what, "size_bytes": one.size_bytes} for one in report.removed
        ],
        "kept": [{"what": one.what, "why": one.why} for one in report.kept],
    }
