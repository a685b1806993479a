"""The isomorphism stage with a real catalogue and store, without DIALS: cells are written down, not found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from tests.services.filled_catalogue import NOW, FilledCatalogue

from beamloop.catalog.connection import Catalog
from beamloop.catalog.isomorphism import latest_groups, members_of_report, newest_report
from beamloop.catalog.results import find_collections
from beamloop.catalog.runs import record_step, start_run
from beamloop.dials_cli.handle import Dials
from beamloop.isomorphism import report_files
from beamloop.isomorphism.check import CheckResult, check_collection
from beamloop.records.identifiers import CollectionId
from beamloop.records.isomorphism import GroupSnapshot, ReportHeader, ReportMember
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.records.run import CrystalFact, StepReport
from beamloop.services import Services
from beamloop.settings import StoreSettings
from beamloop.storage.opening import open_store

Cell = tuple[float, ...]
TEHA: Cell = (98.3, 98.3, 136.6, 90.0, 90.0, 120.0)
DOUBLED: Cell = (98.3, 98.3, 273.2, 90.0, 90.0, 120.0)


def scaled(factor: float, cell: Cell = TEHA) -> Cell:
    """Return a cell whose lengths are longer or shorter by a factor."""
    return (*(length * factor for length in cell[:3]), *cell[3:])


def alike(count: int) -> dict[str, Cell]:
    """Return sweeps xtal1, xtal2, ... whose cells differ by 0.05 % at most."""
    return {f"xtal{n}": scaled(1 + 0.0005 * ((n * 7) % 11) / 11) for n in range(1, count + 1)}


@dataclass(slots=True)
class IsomorphismBench:
    """One collection, and the stage's services in a folder of the test's own."""

    plate: FilledCatalogue
    services: Services

    @property
    def collection_id(self) -> CollectionId:
        """The collection."""
        with self.services.catalog.transaction() as connection:
            return find_collections(connection, str(self.plate.directory))[0]

    def process(self, cells: Mapping[str, Cell], space_group: str = "H 3", *, again: bool = False) -> None:
        """Let sweeps end as processed, each with one crystal of this cell."""
        self.plate.ask(*cells, again=again)
        for sweep, cell in cells.items():
            self.end_processed(sweep, [cell], space_group)

    def end_processed(
        self, sweep: str, cells: Sequence[Cell], space_group: str = "H 3", used_count: int | None = 160
    ) -> None:
        """Let a sweep's newest run end as processed with these crystals."""
        crystals = tuple(
            CrystalFact(n, space_group, cell, None, 181, 0.04, 0.05, 0.2, 0.3, 0.1, 250, 84, 90, used_count)
            for n, cell in enumerate(cells, start=1)
        )
        outcome = Outcome(OutcomeCode.PROCESSED, "Images to MTZ.", "refine")
        with self.services.catalog.transaction() as connection:
            start_run(connection, self.plate.runs[sweep])
            record_step(
                connection,
                self.plate.runs[sweep],
                StepReport("refine", NOW, NOW, "refined", outcome=outcome, crystals=crystals),
                [],
            )

    def check(self) -> CheckResult:
        """Check the collection."""
        return check_collection(self.services, self.collection_id)

    def header(self) -> ReportHeader:
        """The newest report."""
        with self.services.catalog.transaction() as connection:
            header = newest_report(connection, self.collection_id)
        assert header is not None
        return header

    def members(self) -> dict[str, ReportMember]:
        """The newest report's crystals by sweep; of several of a sweep the last."""
        header = self.header()
        with self.services.catalog.transaction() as connection:
            found = members_of_report(connection, header.report_id)
        return {entry.member.sweep_name: entry for entry in found}

    def groups(self) -> dict[str, list[str]]:
        """The sweeps of each group by its name."""
        return {group.name: [m.sweep_name for m in group.members] for group in self.snapshots()}

    def snapshots(self) -> tuple[GroupSnapshot, ...]:
        """The groups as later stages get them."""
        with self.services.catalog.transaction() as connection:
            return latest_groups(connection, self.collection_id)


def leave_out_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let reports have no trees and plots, which cost 2.5 CPU s each time."""
    monkeypatch.setattr(report_files, "write_files", lambda *_: ())


def open_isomorphism_bench(folder: Path, dsn: str) -> IsomorphismBench:
    """Return a bench with an empty catalogue."""
    catalog = Catalog(dsn)
    store = open_store(StoreSettings(directory=folder / "artifacts"))
    # Nothing here starts a program.
    services = Services(catalog, store, cast(Dials, None), folder / "runs")
    return IsomorphismBench(FilledCatalogue(catalog, Path("/data/i24/plate3")), services)
