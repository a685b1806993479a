"""Who lets a candidate serve: the gate, a person, the rule; and many who decide at the same moment."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import psycopg2
import pytest
from tests.services.candidate_bench import GOOD, PANELS, TOO_FEW, ask, fill_plate, give_candidate

from beamloop.beamlines.geometry_rules import GeometryRules
from beamloop.catalog.connection import Catalog
from beamloop.catalog.geometry import geometries, geometry_by_id
from beamloop.catalog.geometry_decisions import decisions_on
from beamloop.errors import InvalidInputError
from beamloop.geometry.approval import carry_out, consider, why_over
from beamloop.geometry.registry import promote, reject, withdraw
from beamloop.records.approval import Answer, Question, Settled
from beamloop.records.evidence import Evidence
from beamloop.records.geometry import GeometryGate, GeometryId, GeometryState, GeometryVersion

pytestmark = pytest.mark.integration

RULES = GeometryRules()
YES = Answer(promote=True, by="anna", why="better on every panel")
# Two panels that got each other's corrections, in data that fit better as a whole.
MISLABELLED = replace(
    GOOD, panels=(*(replace(panel, held_out_rmsd_after_mm=(0.075, 0.071)) for panel in PANELS[:2]), PANELS[2])
)


@pytest.fixture
def catalog(catalog_dsn: str, tmp_path: Path) -> Iterator[Catalog]:
    made = Catalog(catalog_dsn, connections=8)
    fill_plate(made, tmp_path / "plate3")
    yield made
    made.close()


def candidate(catalog: Catalog, evidence: Evidence | None = GOOD) -> GeometryId:
    return give_candidate(catalog, ask(catalog), evidence)


def load(catalog: Catalog, geometry_id: GeometryId) -> GeometryVersion:
    with catalog.transaction() as connection:
        return geometry_by_id(connection, geometry_id)


def trail(catalog: Catalog, geometry_id: GeometryId) -> list[tuple[str, str, str]]:
    with catalog.transaction() as connection:
        return [(d.decision, d.decided_by, d.why) for d in decisions_on(connection, geometry_id)]


def set_distance(catalog: Catalog, geometry_id: GeometryId, distance_mm: float) -> None:
    with catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE beamloop.geometry_versions SET distance_mm = %s WHERE geometry_id = %s",
            (distance_mm, geometry_id),
        )


@pytest.mark.parametrize("approval", ["person", "automatic"])
@pytest.mark.parametrize(
    ("evidence", "distance_mm", "reason"),
    [
        (MISLABELLED, 250.37, "worse on 2 of 3 panels (row-0, row-1)"),
        (TOO_FEW, 250.37, "120 held-out reflections are too few: 500 are needed"),
        (GOOD, 262.5, "The distance is 262.50 mm where the header has 250.00 mm: 5.0% off"),
        (None, 250.37, "There is no evidence on held-out data"),
    ],
    ids=["mislabelled panels", "too few reflections", "a wrong distance", "no evidence"],
)
def test_a_candidate_made_worse_on_purpose_is_rejected_with_the_reason_whoever_decides(
    catalog: Catalog, evidence: Evidence | None, distance_mm: float, reason: str, approval: str
) -> None:
    geometry_id = candidate(catalog, evidence)
    set_distance(catalog, geometry_id, distance_mm)
    rules = GeometryRules.model_validate({"approval": approval})
    answer = consider(catalog, geometry_id, rules, "")
    assert isinstance(answer, Answer)
    version = carry_out(catalog, geometry_id, answer, rules, datetime.now(UTC))
    assert version.state is GeometryState.REJECTED
    ((decision, by, why),) = trail(catalog, geometry_id)
    assert (decision, by) == ("reject", "refine_metrology")
    assert reason in why


def test_what_passes_is_a_persons_to_decide_unless_the_rule_says_otherwise(catalog: Catalog) -> None:
    geometry_id = candidate(catalog)
    question = consider(catalog, geometry_id, GeometryRules(approvers=["anna"], approval_days=2), "r.html")
    assert isinstance(question, Question)
    assert question.approvers == ("anna",)
    # Just now, on this machine's clock; the catalogue's is the same one.
    assert abs(question.until - datetime.now(UTC) - timedelta(days=2)) < timedelta(minutes=5)
    assert "Now serves the headers' geometry" in question.body
    answer = consider(catalog, geometry_id, GeometryRules(approval="automatic"), "r.html")
    assert isinstance(answer, Answer)
    assert answer.promote


def test_text_of_a_header_is_no_markdown(catalog: Catalog) -> None:
    geometry_id = candidate(catalog)
    with catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE beamloop.detectors SET identifier = E'![x](http://h/) | <b>\\n# y'")
    question = consider(catalog, geometry_id, RULES, "")
    assert isinstance(question, Question)
    assert r"\!\[x\]\(http://h/\) \| \<b\> \# y" in question.body


def test_a_gate_that_became_stricter_meanwhile_holds_a_promotion_up(catalog: Catalog) -> None:
    geometry_id = candidate(catalog)
    stricter = GeometryRules(least_held_out_count=5000)
    with pytest.raises(InvalidInputError, match="5000 are needed"):
        carry_out(catalog, geometry_id, YES, stricter, datetime.now(UTC))
    assert load(catalog, geometry_id).state is GeometryState.CANDIDATE


def test_an_answer_is_carried_out_once_and_never_over_another_decision(catalog: Catalog) -> None:
    first, second = candidate(catalog), candidate(catalog)
    served = carry_out(catalog, first, YES, RULES, datetime.now(UTC))
    again = carry_out(catalog, first, YES, RULES, datetime.now(UTC))
    assert again == served
    assert len(trail(catalog, first)) == 1
    reject(catalog, second, by="ben", why="module 17 was swapped")
    assert carry_out(catalog, second, YES, RULES, datetime.now(UTC)).state is GeometryState.REJECTED
    assert trail(catalog, second) == [("reject", "ben", "module 17 was swapped")]


def test_a_question_is_over_when_somebody_has_decided_or_a_newer_geometry_serves(catalog: Catalog) -> None:
    older, newer = candidate(catalog), candidate(catalog)
    question = consider(catalog, newer, RULES, "")
    assert isinstance(question, Question)
    assert f"geometry {older}" in question.body
    assert why_over(catalog, older) == ""
    carry_out(catalog, newer, YES, RULES, datetime.now(UTC))
    assert f"Geometry {newer}, made later for the same detector, serves" in why_over(catalog, older)
    assert why_over(catalog, newer) == f"Geometry {newer} is in_force: promote by anna: better on every panel"
    assert isinstance(consider(catalog, older, RULES, ""), Settled)


def watch(dsn: str, stop: Event) -> tuple[int, int]:
    """Look again and again on a connection of its own; the most overlaps seen at once, and how many looks."""
    connection = psycopg2.connect(dsn)
    most = looks = 0
    with connection.cursor() as cursor:
        while not stop.is_set():
            cursor.execute(
                "SELECT count(*) FROM beamloop.geometry_versions a JOIN beamloop.geometry_versions b"
                " ON a.geometry_id <= b.geometry_id AND a.validity && b.validity"
                " WHERE a.state IN ('in_force', 'superseded') AND b.state IN ('in_force', 'superseded')"
                " AND a.geometry_id <> b.geometry_id"
            )
            ((overlaps,),) = cursor.fetchall()
            connection.rollback()
            most, looks = max(most, overlaps), looks + 1
    connection.close()
    return most, looks


def test_approval_withdrawal_and_two_promotions_at_once_leave_one_version_in_force_at_every_instant(
    catalog: Catalog, catalog_dsn: str
) -> None:
    """Twelve rounds of four decisions on connections of their own, and one that watches all the time."""
    gate = GeometryGate()
    serving = candidate(catalog)
    promote(catalog, serving, lambda _: gate, since=datetime.now(UTC), by="start", why="the first")
    stop = Event()
    with ThreadPoolExecutor(max_workers=5) as pool:
        watching = pool.submit(watch, catalog_dsn, stop)
        for number in range(12):
            approved, one, other = candidate(catalog), candidate(catalog), candidate(catalog)
            start = datetime.now(UTC) + timedelta(microseconds=number)
            deeds: list[Callable[[], object]] = [
                lambda geometry_id=approved: carry_out(catalog, geometry_id, YES, RULES, datetime.now(UTC)),  # type: ignore[misc]
                lambda geometry_id=one, at=start: promote(  # type: ignore[misc]
                    catalog, geometry_id, lambda _: gate, since=at, by="ben", why="one"
                ),
                lambda geometry_id=other, at=start: promote(  # type: ignore[misc]
                    catalog, geometry_id, lambda _: gate, since=at, by="carl", why="other"
                ),
                lambda geometry_id=serving: withdraw(catalog, geometry_id, by="dora", why="it drifted"),  # type: ignore[misc]
            ]
            refused = [
                error for error in (deed.exception() for deed in [pool.submit(d) for d in deeds]) if error
            ]
            # Two that begin at the very same time: the second to come is told so. All else is carried out.
            assert [type(error) for error in refused] == [InvalidInputError]
            assert "begins to serve at that very time" in str(refused[0])
            serving = in_force_now(catalog)
        stop.set()
        overlaps, looks = watching.result()
    assert overlaps == 0
    assert looks > 12
    check_trail(catalog)


def in_force_now(catalog: Catalog) -> GeometryId:
    with catalog.transaction() as connection:
        (version,) = (v for v in geometries(connection) if v.state is GeometryState.IN_FORCE)
    return version.geometry_id


def check_trail(catalog: Catalog) -> None:
    """Each version stands as the last decision on it says, which names who and why."""
    ends = {
        "promote": (GeometryState.IN_FORCE, GeometryState.SUPERSEDED),
        "withdraw": (GeometryState.WITHDRAWN,),
    }
    with catalog.transaction() as connection:
        for version in geometries(connection):
            decisions = decisions_on(connection, version.geometry_id)
            assert all(decision.decided_by and decision.why for decision in decisions)
            if decisions:
                assert version.state in ends[decisions[-1].decision]
            else:
                assert version.state is GeometryState.CANDIDATE
