"""`beamloop geometry`: refined detectors, which of them serve, and what was imported with them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from beamloop.beamlines.beamline_file import Beamline
from beamloop.beamlines.geometry_rules import GeometryRules
from beamloop.catalog.geometry import geometries
from beamloop.cli.choices import parse_since, person
from beamloop.cli.drift import drift
from beamloop.cli.geometry_text import (
    Account,
    account_document,
    gather,
    print_account,
    print_versions,
    version_document,
)
from beamloop.cli.plain_text import as_text
from beamloop.cli.results_json import FORMAT, dump
from beamloop.cli.results_table import results_console
from beamloop.cli.serviced import serviced
from beamloop.cli.session import find_beamline, load_settings, open_catalog
from beamloop.errors import InvalidInputError
from beamloop.geometry.candidates import add_candidate, store_models
from beamloop.geometry.models import describe_models, read_models
from beamloop.geometry.registry import promote, reject, withdraw
from beamloop.records.evidence import Evidence
from beamloop.records.geometry import GeometryGate, GeometryId, NewGeometry
from beamloop.storage.opening import open_store

geometry_app = typer.Typer(
    help="Refined detectors: candidates, the one in force, the way back.", no_args_is_help=True
)

geometry_app.command()(drift)
geometry_app.command()(serviced)

NUMBER = typer.Argument(help="The version's number, as `beamloop geometry list` shows it.")
WHY = typer.Option("--why", help="The reason; it is kept.")
AS_JSON = typer.Option("--json", help="Print JSON.")


@geometry_app.command("list")
def list_versions(
    beamline: Annotated[str | None, typer.Option(help="Only this beamline.")] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """List the versions, the newest first."""
    with open_catalog() as catalog, catalog.transaction() as connection:
        found = geometries(connection, beamline)
    if as_json:
        typer.echo(dump({"format": FORMAT, "geometries": [version_document(version) for version in found]}))
    else:
        print_versions(results_console(), found)


@geometry_app.command()
def show(number: Annotated[int, NUMBER], as_json: Annotated[bool, AS_JSON] = False) -> None:
    """Show a version: evidence, decisions, which runs made it, what was imported with it."""
    with open_catalog() as catalog:
        _print(gather(catalog, GeometryId(number)), as_json)


@geometry_app.command()
def add(
    file: Annotated[Path, typer.Argument(help="A refined.expt of dials.refine.")],
    beamline: Annotated[str, typer.Option(help="Whose detector it is.")],
    detector: Annotated[str, typer.Option(help="The detector, as it calls itself.")] = "detector",
    level: Annotated[int, typer.Option(min=0, help="Hierarchy level that was refined.")] = 0,
    header_distance_mm: Annotated[
        float | None, typer.Option(min=0.1, help="Distance in the headers of its data; none: not known.")
    ] = None,
    evidence: Annotated[Path | None, typer.Option(help="JSON with figures on held-out data.")] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Add a geometry that was made elsewhere, as a candidate: it serves nothing yet."""
    models = read_models(file)
    rules = _beamline(beamline).geometry
    new = NewGeometry(
        beamline=beamline,
        detector=detector,
        models=describe_models(models),
        stored=store_models(open_store(load_settings().store), beamline, models),
        header_distance_mm=header_distance_mm,
        hierarchy_level=level,
        evidence=_read_evidence(evidence) if evidence else None,
        origin=f"added by hand from {file.name}",
        made_by=person(),
        takes_beam=rules.beam == "geometry",
        takes_goniometer=rules.goniometer == "geometry",
    )
    with open_catalog() as catalog:
        _print(gather(catalog, add_candidate(catalog, new)), as_json)


@geometry_app.command("promote")
def promote_version(
    number: Annotated[int, NUMBER],
    why: Annotated[str, WHY],
    since: Annotated[
        str | None, typer.Option("--from", help="First data it serves: 2026-11-20T18:00, 12h; none: now.")
    ] = None,
    without_evidence: Annotated[
        bool, typer.Option("--without-evidence", help="Take it upon yourself that there is none.")
    ] = False,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Let a version serve the imports of data from a time on."""
    now = datetime.now(UTC)
    start = parse_since(since, now) if since else now
    with open_catalog() as catalog:
        promote(
            catalog,
            GeometryId(number),
            _gate_of,
            since=start,
            by=person(),
            why=why,
            without_evidence=without_evidence,
        )
        _print(gather(catalog, GeometryId(number)), as_json)


@geometry_app.command("reject")
def reject_version(
    number: Annotated[int, NUMBER], why: Annotated[str, WHY], as_json: Annotated[bool, AS_JSON] = False
) -> None:
    """Let a candidate never serve."""
    with open_catalog() as catalog:
        reject(catalog, GeometryId(number), by=person(), why=why)
        _print(gather(catalog, GeometryId(number)), as_json)


@geometry_app.command("withdraw")
def withdraw_version(
    number: Annotated[int, NUMBER], why: Annotated[str, WHY], as_json: Annotated[bool, AS_JSON] = False
) -> None:
    """End a version's service at all times; the one before it serves in its place."""
    with open_catalog() as catalog:
        done = withdraw(catalog, GeometryId(number), by=person(), why=why)
        _print(gather(catalog, GeometryId(number)), as_json)
    if not as_json:
        instead = f"geometry {done.serving_instead}" if done.serving_instead else "the headers' geometry"
        Console().print(as_text(f"In its place serves {instead}."), soft_wrap=True)


def _print(account: Account, as_json: bool) -> None:
    if as_json:
        typer.echo(dump(account_document(account)))
    else:
        print_account(results_console(), account)


def _beamline(name: str) -> Beamline:
    found = find_beamline(name)
    if found is None:
        raise InvalidInputError(
            f"There is no file of a beamline {name!a} that can be used.",
            try_next="`beamloop doctor` names the beamlines' files and their faults.",
        )
    return found


def _gate_of(beamline: str) -> GeometryGate:
    found = find_beamline(beamline)
    return (found.geometry if found else GeometryRules()).gate()


def _read_evidence(path: Path) -> Evidence:
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidInputError(
            f"The evidence {path} cannot be read: {error}.",
            try_next="Give a JSON file as docs/operations.md, Geometry, shows it.",
        ) from error
    if not isinstance(values, dict):
        raise InvalidInputError(
            f"The evidence {path} is no JSON object.",
            try_next="docs/operations.md, Geometry, shows an evidence file.",
        )
    return Evidence.from_json(values)
