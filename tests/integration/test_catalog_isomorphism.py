"""Reports on isomorphism in the catalogue: due when something changed, published whole and once."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import psycopg2
import pytest
from tests.services.filled_catalogue import FilledCatalogue, parameters

from beamloop.catalog.connection import Catalog, Row
from beamloop.catalog.isomorphism import (
    artifacts_of_report,
    findings_of_report,
    latest_groups,
    members_of_report,
    newest_report,
    words_of_report,
)
from beamloop.catalog.isomorphism_publishing import FinishedReport, known_groups, publish_report
from beamloop.catalog.isomorphism_snapshot import (
    Snapshot,
    due_checks,
    gather_snapshot,
    reserve_report,
    take_up_news,
)
from beamloop.catalog.isomorphism_words import say_limit, say_of_sweep
from beamloop.catalog.open_requests import close_request
from beamloop.catalog.results import find_collections
from beamloop.errors import NotFoundError
from beamloop.records.artifact import StoredObject
from beamloop.records.identifiers import CollectionId, RunId
from beamloop.records.isomorphism import (
    Finding,
    ReportGroup,
    ReportMember,
    Severity,
    Standing,
    Variation,
    Verdict,
    WordKind,
)
from beamloop.records.outcome import OutcomeCode

pytestmark = pytest.mark.integration


@pytest.fixture
def plate(catalog_dsn: str) -> Iterator[FilledCatalogue]:
    """Provide a collection of two processed sweeps and one without a lattice."""
    with Catalog(catalog_dsn) as catalog:
        made = FilledCatalogue(catalog, Path("/data/i24/plate3"))
        made.ask("xtal1", "xtal2", "xtal10")
        made.end("xtal1", OutcomeCode.NO_LATTICE, "No lattice.")
        for sweep in ("xtal2", "xtal10"):
            made.end(sweep, OutcomeCode.PROCESSED, "Images to MTZ.", step="integrate")
        yield made


def collection_of(plate: FilledCatalogue) -> CollectionId:
    with plate.catalog.transaction() as connection:
        return find_collections(connection, str(plate.directory))[0]


def gathered(plate: FilledCatalogue) -> Snapshot:
    with plate.catalog.transaction() as connection:
        return gather_snapshot(connection, collection_of(plate))


def due(plate: FilledCatalogue, patience_s: float = 300) -> list[str]:
    with plate.catalog.transaction() as connection:
        return [check.dag_run_id for check in due_checks(connection, patience_s)]


def close_all(plate: FilledCatalogue) -> None:
    with plate.catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(request_id) AS all FROM beamloop.requests")
        for request_id in cast(Row, cursor.fetchone())["all"]:
            close_request(connection, request_id)


def take_up(plate: FilledCatalogue) -> None:
    with plate.catalog.transaction() as connection:
        take_up_news(connection, collection_of(plate))


def say(plate: FilledCatalogue, sweep: str, kind: WordKind) -> None:
    sweep_id = next(c.member.sweep_id for c in gathered(plate).crystals if c.member.sweep_name == sweep)
    with plate.catalog.transaction() as connection:
        say_of_sweep(
            connection, collection_of(plate), sweep_id, kind, said_by="anna", why="ice", words=f"{sweep}"
        )


def finished(plate: FilledCatalogue, names: dict[str, str | None]) -> FinishedReport:
    """Return a report that puts sweeps into groups by name; None excludes."""
    snapshot = gathered(plate)
    with plate.catalog.transaction() as connection:
        reserved = reserve_report(connection, snapshot)
        known = {group.name: group.group_id for group in known_groups(connection, snapshot.collection_id)}
    members: list[ReportMember] = []
    groups: dict[str, list[tuple[RunId, int]]] = {}
    for crystal in snapshot.crystals:
        name = names[crystal.member.sweep_name]
        inside = name is not None
        members.append(
            ReportMember(
                crystal.member,
                len(members) + 1 if inside else None,
                Standing.MEMBER if inside else Standing.EXCLUDED,
                crystal.member.cell if inside else None,
                "a,b,c" if inside else None,
                0.3 if inside else None,
                "",
                "" if inside else "Excluded by anna: ice",
                None if inside else next(word.decision_id for word in snapshot.words),
            )
        )
        if name is not None:
            groups.setdefault(name, []).append((crystal.member.run_id, crystal.member.crystal_number))
    return FinishedReport(
        report_id=reserved.report_id,
        collection_id=snapshot.collection_id,
        verdict=Verdict.ISOMORPHOUS,
        sentence="All is well.",
        setting="conventional R",
        variation=Variation(0.41, 0.69),
        whole_variation=None,
        members=tuple(members),
        groups=tuple(ReportGroup(name, known.get(name), 0.41, 0.69, tuple(m)) for name, m in groups.items()),
        findings=(Finding("robust_z", Severity.WARNING, False, "One stands out.", {"z": [7.5]}, ("xtal2",)),),
        wall_s=1.5,
        cpu_s=1.2,
    )


def publish(plate: FilledCatalogue, report: FinishedReport) -> bool:
    stored = StoredObject(f"i24/plate3/isomorphism/report-{report.report_id}/tree.png", "c" * 64, 12)
    with plate.catalog.transaction() as connection:
        return publish_report(connection, report, {"tree.png": stored})


def test_only_processed_sweeps_count_with_their_newest_processed_run(plate: FilledCatalogue) -> None:
    assert [c.member.sweep_name for c in gathered(plate).crystals] == ["xtal2", "xtal10"]
    before = gathered(plate)
    plate.ask("xtal2", how=parameters("index.indexing.method=fft1d"))
    assert gathered(plate).sha256 == before.sha256  # it goes on
    plate.end("xtal2", OutcomeCode.NO_LATTICE, "No lattice.")
    assert gathered(plate).sha256 == before.sha256  # it failed
    plate.ask("xtal2", how=parameters("index.indexing.method=fft3d"))
    plate.end("xtal2", OutcomeCode.PROCESSED, "Images to MTZ.", step="refine")
    after = gathered(plate)
    assert after.sha256 != before.sha256
    assert after.crystals[0].member.run_id == plate.runs["xtal2"]
    assert after.crystals[0].member.place.endswith(f"/xtal2/run-{plate.runs['xtal2']}")


def test_a_collection_without_news_is_not_due(plate: FilledCatalogue) -> None:
    close_all(plate)
    assert [run_id.rpartition(".")[2] for run_id in due(plate)] == ["change-2"]
    take_up(plate)
    assert due(plate) == []


def test_the_same_folder_of_two_beamlines_is_checked_for_each(plate: FilledCatalogue) -> None:
    other = FilledCatalogue(plate.catalog, plate.directory, beamline="i04")
    other.ask("xtal2")
    other.end("xtal2", OutcomeCode.PROCESSED, "Images to MTZ.", step="integrate")
    close_all(plate)
    names = due(plate)
    assert len(set(names)) == len(names) == 2


def test_a_collection_at_work_waits_for_the_rest_but_not_for_ever(plate: FilledCatalogue) -> None:
    assert due(plate) == []
    assert len(due(plate, patience_s=0)) == 1
    close_all(plate)
    assert len(due(plate)) == 1


def test_no_more_collections_are_asked_for_at_once_than_airflow_takes(plate: FilledCatalogue) -> None:
    other = FilledCatalogue(plate.catalog, Path("/data/i24/plate4"))
    other.ask("xtal1")
    other.end("xtal1", OutcomeCode.PROCESSED, "Images to MTZ.", step="refine")
    close_all(plate)
    assert len(due(plate)) == 2
    with plate.catalog.transaction() as connection:
        (first,) = due_checks(connection, limit=1)
    assert first.collection_id == collection_of(plate)  # it has waited longest


def test_a_persons_word_is_answered_at_once_even_while_sweeps_are_at_work(plate: FilledCatalogue) -> None:
    take_up(plate)
    before = gathered(plate)
    say(plate, "xtal2", WordKind.EXCLUDE)
    assert len(due(plate)) == 1
    excluded = gathered(plate)
    say(plate, "xtal2", WordKind.INCLUDE)
    assert len({before.sha256, excluded.sha256, gathered(plate).sha256}) == 3
    assert [word.kind for word in gathered(plate).words] == [WordKind.INCLUDE]  # the last one stands
    take_up(plate)
    with plate.catalog.transaction() as connection:
        say_limit(connection, collection_of(plate), 0.5, said_by="anna", why="poor isomorphism")
    assert len(due(plate)) == 1
    assert gathered(plate).limit_percent == 0.5


def test_what_a_person_said_cannot_be_changed_afterwards(plate: FilledCatalogue) -> None:
    say(plate, "xtal2", WordKind.EXCLUDE)
    for statement in (
        "UPDATE beamloop.member_decisions SET why = 'x'",
        "DELETE FROM beamloop.member_decisions",
    ):
        with (
            pytest.raises(psycopg2.errors.RaiseException, match="stays as it was said"),
            plate.catalog.transaction() as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_a_report_is_found_again_as_it_was_published(plate: FilledCatalogue) -> None:
    say(plate, "xtal10", WordKind.EXCLUDE)
    report = finished(plate, {"xtal2": "A", "xtal10": None})
    with plate.catalog.transaction() as connection:
        assert newest_report(connection, report.collection_id) is None  # reserved is not published
        assert latest_groups(connection, report.collection_id) == ()
    assert publish(plate, report)
    with plate.catalog.transaction() as connection:
        header = newest_report(connection, report.collection_id)
        assert header is not None
        assert (header.report_id, header.verdict) == (report.report_id, Verdict.ISOMORPHOUS)
        assert (header.members, header.everything) == (Variation(0.41, 0.69), None)
        assert members_of_report(connection, report.report_id) == report.members
        assert findings_of_report(connection, report.report_id) == report.findings
        assert [word.why for word in words_of_report(connection, report.report_id)] == ["ice"]
        assert artifacts_of_report(connection, report.report_id)["tree.png"].size_bytes == 12
        (group,) = latest_groups(connection, report.collection_id)
    assert (group.name, [m.sweep_name for m in group.members]) == ("A", ["xtal2"])
    assert group.members[0] == report.members[0].member


def test_the_same_snapshot_is_the_same_report_and_is_published_once(plate: FilledCatalogue) -> None:
    report = finished(plate, {"xtal2": "A", "xtal10": "A"})
    assert finished(plate, {"xtal2": "A", "xtal10": "A"}).report_id == report.report_id
    assert publish(plate, report)
    assert not publish(plate, report)
    snapshot = gathered(plate)
    with plate.catalog.transaction() as connection:
        assert reserve_report(connection, snapshot).published


def test_groups_keep_their_identity_and_remember_who_belonged_to_them_last(plate: FilledCatalogue) -> None:
    publish(plate, finished(plate, {"xtal2": "A", "xtal10": "B"}))
    with plate.catalog.transaction() as connection:
        first = {group.name: group for group in latest_groups(connection, collection_of(plate))}
    say(plate, "xtal10", WordKind.EXCLUDE)
    publish(plate, finished(plate, {"xtal2": "A", "xtal10": None}))
    with plate.catalog.transaction() as connection:
        second = latest_groups(connection, collection_of(plate))
        known = known_groups(connection, collection_of(plate))
    assert [(group.name, group.group_id) for group in second] == [("A", first["A"].group_id)]
    assert [(group.name, group.in_newest_report) for group in known] == [("A", True), ("B", False)]
    member = first["B"].members[0]
    assert known[1].last_members == {(member.sweep_id, 1)}


def test_an_overtaken_report_and_one_whose_new_name_is_taken_are_not_published(
    plate: FilledCatalogue,
) -> None:
    slow = finished(plate, {"xtal2": "A", "xtal10": "A"})
    say(plate, "xtal10", WordKind.INCLUDE)
    quick = finished(plate, {"xtal2": "A", "xtal10": "A"})
    assert quick.report_id > slow.report_id
    assert publish(plate, quick)
    assert not publish(plate, slow)
    say(plate, "xtal2", WordKind.INCLUDE)
    clash = finished(plate, {"xtal2": "A", "xtal10": "A"})
    assert not publish(plate, replace(clash, groups=(replace(clash.groups[0], group_id=None),)))


def test_an_unknown_collection_is_named(plate: FilledCatalogue) -> None:
    with pytest.raises(NotFoundError, match="no collection 999"), plate.catalog.transaction() as connection:
        gather_snapshot(connection, CollectionId(999))
