"""Geometry versions in a shell: a table, one version in full, and the same as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from beamloop.catalog.connection import Catalog
from beamloop.catalog.geometry import geometry_by_id, sources_of, sweeps_with
from beamloop.catalog.geometry_decisions import decisions_on
from beamloop.cli.failures import when
from beamloop.cli.plain_text import as_text, plain
from beamloop.cli.results_json import FORMAT
from beamloop.records.geometry import (
    GeometryDecision,
    GeometryId,
    GeometrySource,
    GeometryState,
    GeometryVersion,
    ImportedSweep,
)

HEADINGS = ("geometry", "beamline", "detector", "state", "data from", "until", "mm", "panels", "made")
NAMED_AT_MOST = 20


@dataclass(frozen=True, slots=True)
class Account:
    """A version with its provenance both ways."""

    version: GeometryVersion
    decisions: tuple[GeometryDecision, ...]
    sources: tuple[GeometrySource, ...]
    imported: tuple[ImportedSweep, ...]

    @property
    def stale(self) -> tuple[ImportedSweep, ...]:
        """Sweeps imported with it that another geometry serves now."""
        return tuple(sweep for sweep in self.imported if sweep.is_stale(self.version.geometry_id))


def gather(catalog: Catalog, geometry_id: GeometryId) -> Account:
    """Read a version with everything around it.

    Raises
    ------
    NotFoundError
        When there is no such version.
    """
    with catalog.transaction() as connection:
        return Account(
            geometry_by_id(connection, geometry_id),
            tuple(decisions_on(connection, geometry_id)),
            tuple(sources_of(connection, geometry_id)),
            tuple(sweeps_with(connection, geometry_id)),
        )


def version_document(version: GeometryVersion) -> dict[str, Any]:
    """Return a version as plain values, see docs/json.md."""
    use = version.use
    return {
        "geometry_id": version.geometry_id,
        "beamline": version.beamline,
        "detector": version.detector,
        "state": version.state.value,
        "valid_from": version.valid_from,
        "valid_until": version.valid_until,
        "distance_mm": version.distance_mm,
        "header_distance_mm": use.header_distance_mm,
        "hierarchy_level": version.hierarchy_level,
        "panel_count": version.panel_count,
        "takes_beam": use.takes_beam,
        "takes_goniometer": use.takes_goniometer,
        "models": asdict(use.models),
        "evidence": version.evidence.as_json() if version.evidence else None,
        "origin": version.origin,
        "made_by": version.made_by,
        "made_at": version.made_at,
    }


def account_document(account: Account) -> dict[str, Any]:
    """Return a version with its provenance as plain values."""
    number = account.version.geometry_id
    return {
        "format": FORMAT,
        **version_document(account.version),
        "decisions": [asdict(decision) for decision in account.decisions],
        "sources": [asdict(source) for source in account.sources],
        "imported": [asdict(sweep) | {"stale": sweep.is_stale(number)} for sweep in account.imported],
    }


def print_versions(console: Console, versions: Sequence[GeometryVersion]) -> None:
    """Print a line for each version."""
    if not versions:
        console.print("There is no geometry: imports take the headers'.")
        return
    table = Table(*HEADINGS, box=box.SIMPLE_HEAD)
    for version in versions:
        table.add_row(
            str(version.geometry_id),
            plain(version.beamline),
            as_text(version.detector),
            as_text(version.state.value, "green" if version.state is GeometryState.IN_FORCE else ""),
            when(version.valid_from) if version.valid_from else "",
            when(version.valid_until) if version.valid_until else "",
            f"{version.distance_mm:.2f}",
            str(version.panel_count),
            when(version.made_at),
        )
    console.print(table)


def print_account(console: Console, account: Account) -> None:
    """Print a version in full."""
    version = account.version
    title = f"Geometry {version.geometry_id} of {version.beamline}, {version.detector}: {version.state.value}"
    console.print(as_text(title, "bold"), soft_wrap=True)
    for section in (_facts, _evidence, _provenance, _what_next):
        for line in section(account):
            console.print(as_text(line), soft_wrap=True)


def _facts(account: Account) -> Iterator[str]:
    version = account.version
    if version.valid_from:
        until = f" until {when(version.valid_until)}" if version.valid_until else ""
        verb = "served" if version.state is GeometryState.WITHDRAWN else "serves"
        yield f"It {verb} data from {when(version.valid_from)}{until}."
    header_mm = version.use.header_distance_mm
    header = "not known" if header_mm is None else f"{header_mm:.2f} mm"
    yield (
        f"{version.distance_mm:.3f} mm along the beam, in the headers of its data {header}; "
        f"{version.panel_count} panels, refined at level {version.hierarchy_level}."
    )
    yield f"{version.origin}, by {version.made_by} at {when(version.made_at)}; {version.use.models.key}"


def _evidence(account: Account) -> Iterator[str]:
    evidence = account.version.evidence
    if evidence is None:
        yield "There is no evidence on held-out data."
        return
    (before_x, before_y), (after_x, after_y) = (
        evidence.held_out_rmsd_before_mm,
        evidence.held_out_rmsd_after_mm,
    )
    halves = (
        "" if evidence.half_split_um is None else f"; two halves agree to {evidence.half_split_um:.1f} µm"
    )
    yield (
        f"{evidence.held_out_count} held-out reflections: RMSD x y {before_x:.4f} {before_y:.4f} → "
        f"{after_x:.4f} {after_y:.4f} mm{halves}; {evidence.covered_panel_count} panels covered."
    )


def _provenance(account: Account) -> Iterator[str]:
    for decision in account.decisions:
        since = f" for data from {when(decision.in_force_from)}" if decision.in_force_from else ""
        without = ", without evidence" if decision.without_evidence else ""
        yield f"{when(decision.decided_at)}: {decision.decided_by}: {decision.decision}{since}{without}: " \
              f"{decision.why}"  # fmt: skip
    for source in account.sources:
        yield f"made from run {source.run_id}, {source.collection} {source.sweep} ({source.role.value})"
    for sweep in account.imported[:NAMED_AT_MOST]:
        now = f"geometry {sweep.serving_id}" if sweep.serving_id else "the headers' geometry"
        stale = f", stale: {now} serves it now" if sweep.is_stale(account.version.geometry_id) else ""
        yield f"imported with it: {sweep.collection} {sweep.sweep}, run {sweep.run_id}{stale}"
    if len(account.imported) > NAMED_AT_MOST:
        yield f"and {len(account.imported) - NAMED_AT_MOST} sweeps more, see --json"


def _what_next(account: Account) -> Iterator[str]:
    if account.stale:
        number = account.version.geometry_id
        count = len(account.stale)
        sweeps = "sweep is" if count == 1 else "sweeps are"
        yield f"Try next: {count} {sweeps} stale; `beamloop reprocess --geometry {number}` makes new runs."
