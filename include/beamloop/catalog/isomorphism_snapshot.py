"""What a report on isomorphism is made of, and which collections need a new one."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES, Row
from beamloop.catalog.isomorphism import group_member, member_words
from beamloop.errors import NotFoundError
from beamloop.records.identifiers import CollectionId, ReportId, natural_order
from beamloop.records.isomorphism import LIMIT_PERCENT, Candidate, LimitWord, MemberWord

# While a collection is being processed, sweep after sweep, one report in so much time is enough; when
# nothing of it is at work any more, it is checked at once.
PATIENCE_S = 300.0

# Airflow fails a task that maps over more than core.max_map_length (1024), which a first start after an
# upgrade could ask for.
CHECKS_AT_ONCE = 100

# Raised when the same crystals and words would give another report: then each collection is checked anew
# with its next result.
METHOD = 2


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The crystals of a collection, and what people said of them, at one moment."""

    collection_id: CollectionId  # 5
    name: str  # "plate3"
    place: str  # "i24/plate3-1f0c9a": the prefix of the collection's artifacts
    crystals: tuple[Candidate, ...]  # in natural order of the sweep's name
    words: tuple[MemberWord, ...]
    limit_percent: float  # 1.0
    limit_word: LimitWord | None  # None: the limit is that of the beamline's file, or of the field

    @property
    def sha256(self) -> str:
        """What decides the report: 64 hexadecimal digits."""
        parts = [
            METHOD,
            [[c.member.run_id, c.member.crystal_number] for c in self.crystals],
            [word.decision_id for word in self.words],
            self.limit_word.decision_id if self.limit_word else self.limit_percent,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ReservedReport:
    """The number of a report that is to be made."""

    report_id: ReportId  # 31
    begun_at: datetime  # UTC
    published: bool


@dataclass(frozen=True, slots=True)
class DueCheck:
    """A collection to check."""

    collection_id: CollectionId  # 5
    dag_run_id: str  # "plate3-1f0c9a.5.change-7": the same until the collection changes again


def gather_snapshot(
    connection: Connection, collection_id: CollectionId, lcv_limit_percent: float = LIMIT_PERCENT
) -> Snapshot:
    """Return the crystals that a report of now is made of.

    Each sweep counts with its newest run that was processed: a later run that failed, or goes on, takes
    nothing away.

    Parameters
    ----------
    connection
        Inside a transaction.
    collection_id
        The collection.
    lcv_limit_percent
        What holds where no person set the limit of this collection.

    Raises
    ------
    NotFoundError
        When there is no such collection.
    """
    place = QUERIES.collection_place(connection, collection_id=collection_id)
    if place is None:
        raise NotFoundError(
            f"The catalogue has no collection {collection_id}.",
            try_next="Take the number from the address of its page, .../beamloop/collection/NUMBER.",
        )
    rows = QUERIES.isomorphism_candidates(connection, collection_id=collection_id)
    limit = QUERIES.standing_limit(connection, collection_id=collection_id)
    limit_word = LimitWord(**limit) if limit else None
    return Snapshot(
        collection_id=collection_id,
        name=place["name"],
        place=f"{place['beamline']}/{place['key_name']}",
        crystals=tuple(sorted(map(_candidate, rows), key=_order)),
        words=member_words(QUERIES.standing_words(connection, collection_id=collection_id)),
        limit_percent=limit_word.limit_percent if limit_word else lcv_limit_percent,
        limit_word=limit_word,
    )


def _candidate(row: Row) -> Candidate:
    keys = row["mtz_keys"]
    # One MTZ for the sweep, or one for each of its blocks, which are its crystals.
    at = row["crystal_number"] - 1 if len(keys) > 1 else 0
    return Candidate(
        member=group_member(row),
        distance_mm=row["distance_mm"],
        d_min_angstrom=row["d_min_angstrom"],
        used_count=row["used_count"],
        with_siblings_cell=row["with_siblings_cell"],
        image_first=row["image_first"],
        image_last=row["image_last"],
        mtz_key=keys[at] if at < len(keys) else None,
    )


def _order(crystal: Candidate) -> tuple[object, ...]:
    member = crystal.member
    return natural_order(member.sweep_name), member.sweep_id, member.crystal_number


def take_up_news(connection: Connection, collection_id: CollectionId) -> None:
    """Begin a check: what changes after this asks for another one.

    To be called, and committed, before the snapshot is gathered: then a change is either in the snapshot
    or asks for the next one.
    """
    QUERIES.take_up_isomorphism_news(connection, collection_id=collection_id)


def due_checks(
    connection: Connection, patience_s: float = PATIENCE_S, limit: int = CHECKS_AT_ONCE
) -> list[DueCheck]:
    """Return the collections that have changed since they were checked, the longest waiting first.

    A collection that is being processed is left alone for a while, so that a burst of results gives one
    report; a person's word is answered at once.

    Parameters
    ----------
    connection
        Inside a transaction.
    patience_s
        How long results wait for the rest of their collection.
    limit
        How many at most; the rest comes when these are taken up.
    """
    rows = QUERIES.collections_with_isomorphism_news(connection, patience_s=patience_s, limit=limit)
    return [_due(row) for row in rows]


def check_of_collection(connection: Connection, collection_id: CollectionId) -> DueCheck | None:
    """Return the check that a collection's changes up to now ask for, None where it never changed."""
    place = QUERIES.collection_place(connection, collection_id=collection_id)
    news = QUERIES.isomorphism_news_of(connection, collection_id=collection_id)
    if place is None or news is None:
        return None
    return _due({"collection_id": collection_id, **news, **place})


def _due(row: Row) -> DueCheck:
    # The number too: two beamlines may have a folder of one name, or the same one.
    number = row["collection_id"]
    return DueCheck(CollectionId(number), f"{row['key_name']}.{number}.change-{row['changes']}")


def reserve_report(connection: Connection, snapshot: Snapshot) -> ReservedReport:
    """Return the number of a snapshot's report, the same one however often it is begun."""
    row = QUERIES.reserve_isomorphism_report(
        connection,
        collection_id=snapshot.collection_id,
        membership_sha256=snapshot.sha256,
        limit_percent=snapshot.limit_percent,
    )
    return ReservedReport(ReportId(row["report_id"]), row["begun_at"], row["published_at"] is not None)
