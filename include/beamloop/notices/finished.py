"""A collection is finished: nothing of it is at work, asked for or arriving."""

from collections import Counter
from datetime import UTC, datetime

from beamloop.beamlines.beamline_file import Beamline
from beamloop.beamlines.notifications import Notifications
from beamloop.catalog.connection import Connection
from beamloop.catalog.failure_causes import FailureGroup, group_failures
from beamloop.catalog.isomorphism import newest_report
from beamloop.catalog.isomorphism_snapshot import gather_snapshot
from beamloop.catalog.noticed import FinishedCollection, finished_collections, note_finish_noticed
from beamloop.catalog.results import SweepResult, results_of_collection
from beamloop.catalog.selection import Failure
from beamloop.notices.links import AirflowPages
from beamloop.notices.words import group_facts, group_lines, name_text, sweeps
from beamloop.records.isomorphism import ReportHeader, Verdict
from beamloop.records.notification import Message, NoticeKind
from beamloop.records.outcome import OutcomeCode

# A cancelled sweep is somebody's will.
NO_FAILURES = (OutcomeCode.PROCESSED, OutcomeCode.CANCELLED)


def notice_finished(
    connection: Connection, beamline: Beamline, wanted: Notifications, pages: AirflowPages
) -> list[Message]:
    """Return a message for each collection that has become finished.

    Sweeps are processed one by one as they become complete, each as a request of its own; a message for
    each of them would be noise. So the end of requests is kept back until the collection has been quiet for
    a while, and one message tells them all.

    Parameters
    ----------
    connection
        Inside a transaction, which also keeps the messages.
    beamline, wanted
        Whose collections, and what its people want to know.
    pages
        Where Airflow's pages are.
    """
    quiet_s = 60 * wanted.finished_quiet_minutes
    messages = []
    for collection in finished_collections(connection, beamline.beamline, quiet_s):
        results = _results(connection, collection)
        report = _report(connection, collection, beamline.lcv_limit_percent)
        messages.append(_message(beamline.beamline, collection, results, report, pages))
        note_finish_noticed(connection, collection.request_ids)
    return messages


def _results(connection: Connection, collection: FinishedCollection) -> list[SweepResult]:
    """Return the sweeps of the requests, each as its newest run among them ended."""
    newest: dict[str, SweepResult] = {}
    for request_id in collection.request_ids:
        for result in results_of_collection(connection, collection.collection_id, request_id):
            newest[result.sweep] = result
    return list(newest.values())


def _report(
    connection: Connection, collection: FinishedCollection, lcv_limit_percent: float
) -> ReportHeader | None:
    """Return the report on the collection's crystals; None where it is of others, or nothing is compared."""
    report = newest_report(connection, collection.collection_id)
    if report is None or report.verdict is Verdict.TOO_FEW:
        return None
    snapshot = gather_snapshot(connection, collection.collection_id, lcv_limit_percent)
    return report if report.membership_sha256 == snapshot.sha256 else None


def _message(
    beamline: str,
    collection: FinishedCollection,
    results: list[SweepResult],
    report: ReportHeader | None,
    pages: AirflowPages,
) -> Message:
    counts = Counter(result.outcome.code for result in results if result.outcome)
    groups = _failures(beamline, collection, results)
    name = name_text(collection.name)
    lines = [f"{sweeps(len(results))}: " + ", ".join(f"{n} {code.value}" for code, n in counts.most_common())]
    for group in groups:
        lines += group_lines(group)
    if report:
        lines.append(f"Crystals: {report.sentence}")
    return Message(
        event_key=f"finished-{collection.collection_id}-{collection.request_ids[-1]}",
        kind=NoticeKind.FINISHED,
        beamline=beamline,
        collection_id=collection.collection_id,
        title=f"{beamline}, {name} is finished: {counts[OutcomeCode.PROCESSED]} of {sweeps(len(results))} "
        "processed",
        lines=tuple(lines),
        link=pages.dag_run(collection.dag_run_id),
        facts={
            "collection": collection.name,
            "directory": str(collection.directory),
            "counts": {code.value: n for code, n in counts.items()},
            "causes": [group_facts(group) for group in groups],
            "isomorphism": {"verdict": report.verdict.value, "sentence": report.sentence} if report else None,
        },
    )


def _failures(
    beamline: str, collection: FinishedCollection, results: list[SweepResult]
) -> list[FailureGroup]:
    failures = [
        Failure(
            beamline=beamline,
            collection=collection.name,
            directory=collection.directory,
            sweep_id=result.sweep_id,
            sweep=result.sweep,
            run_id=result.run_id,
            outcome=result.outcome,
            recorded_at=result.ended_at or datetime.now(UTC),
        )
        for result in results
        if result.outcome and result.outcome.code not in NO_FAILURES and result.run_id is not None
    ]
    return group_failures(sorted(failures, key=lambda failure: failure.recorded_at, reverse=True))
