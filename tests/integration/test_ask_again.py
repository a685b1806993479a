"""Candidates that nobody is asked about any more are taken up again; each by one run at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.services.candidate_bench import ask, fill_plate, give_candidate
from tests.services.filled_catalogue import VERSION

from beamloop.beamlines.geometry_rules import GeometryRules
from beamloop.catalog.connection import Catalog
from beamloop.geometry.approval import carry_out, consider
from beamloop.geometry.registry import reject, withdraw
from beamloop.metrology.ask_again import asked_elsewhere, take_up_unasked
from beamloop.metrology.night import take_up_detectors
from beamloop.records.approval import Answer, Question
from beamloop.records.geometry import GeometryId
from beamloop.records.metrology import MetrologyId

pytestmark = pytest.mark.integration

RULES = GeometryRules()
NIGHT = "scheduled__2026-11-21T03:00:00+00:00"


@dataclass
class Tasks:
    """Airflow's tasks that ask: by run and place in it."""

    asking: set[tuple[str, int]] = field(default_factory=set)

    def asks(self, dag_run_id: str, map_index: int) -> bool:
        return (dag_run_id, map_index) in self.asking


@pytest.fixture
def catalog(catalog_dsn: str, tmp_path: Path) -> Iterator[Catalog]:
    with Catalog(catalog_dsn) as made:
        fill_plate(made, tmp_path / "plate3")
        yield made


def run_a_night(catalog: Catalog, name: str = NIGHT, *, metrology_ids: list[int] | None = None) -> list[int]:
    """Let a run of the DAG take up what waits."""
    found = take_up_detectors(catalog, VERSION, dag_run_id=name, metrology_ids=metrology_ids)
    return [int(str(number)) for number, _ in found]


def candidate(catalog: Catalog, *, asked: bool = True) -> tuple[MetrologyId, GeometryId]:
    """Let a night give a candidate that somebody is asked about, or is about to be."""
    metrology_id = ask(catalog)
    assert run_a_night(catalog) == [metrology_id]
    geometry_id = give_candidate(catalog, metrology_id)
    if asked:
        assert isinstance(consider(catalog, geometry_id, RULES, ""), Question)
    let_pass(catalog, timedelta(minutes=11))
    return metrology_id, geometry_id


def let_pass(catalog: Catalog, time: timedelta) -> None:
    with catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE beamloop.metrology_takings SET taken_at = taken_at - %s", (time,))
        cursor.execute(
            "UPDATE beamloop.geometry_questions SET asked_at = asked_at - %s, until = until - %s",
            (time, time),
        )


@pytest.mark.parametrize("asked", [True, False], ids=["while it waits", "before it asks"])
def test_a_candidate_whose_run_is_gone_is_taken_up_by_a_new_one_that_goes_on_at_the_question(
    catalog: Catalog, asked: bool
) -> None:
    metrology_id, geometry_id = candidate(catalog, asked=asked)
    assert take_up_unasked(catalog, Tasks({(NIGHT, 0)})) == {}
    run = f"ask-again-{metrology_id}-2"
    assert take_up_unasked(catalog, Tasks()) == {run: metrology_id}
    assert run_a_night(catalog, run, metrology_ids=[metrology_id]) == [metrology_id]
    question = consider(catalog, geometry_id, RULES, "")
    assert isinstance(question, Question)
    # What was asked first counts: a question that is lost again and again does not stand for ever.
    asked_for = question.until - datetime.now(UTC)
    assert asked_for < timedelta(days=7) - timedelta(minutes=10 if asked else 0)
    with catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT sentence FROM beamloop.events WHERE kind = 'asked_again'")
        (said,) = (dict(row)["sentence"] for row in cursor.fetchall())
    assert f"geometry {geometry_id}" in said


def test_a_run_that_never_came_is_missed_later_and_later(catalog: Catalog) -> None:
    metrology_id, _ = candidate(catalog)
    assert list(take_up_unasked(catalog, Tasks())) == [f"ask-again-{metrology_id}-2"]
    for wait_minutes, times in ((20, 3), (40, 4)):
        let_pass(catalog, timedelta(minutes=wait_minutes - 1))
        assert take_up_unasked(catalog, Tasks()) == {}
        let_pass(catalog, timedelta(minutes=2))
        assert list(take_up_unasked(catalog, Tasks())) == [f"ask-again-{metrology_id}-{times}"]


def test_what_nobody_needs_to_answer_is_not_asked_again(catalog: Catalog) -> None:
    _, rejected = candidate(catalog)
    reject(catalog, rejected, by="anna", why="the crystal was cracked")
    assert take_up_unasked(catalog, Tasks()) == {}
    older_metrology, _ = candidate(catalog)
    _, newer = candidate(catalog)
    carry_out(catalog, newer, Answer(True, "anna", "better"), RULES, datetime.now(UTC))
    assert take_up_unasked(catalog, Tasks()) == {}
    # The way back from the newer one makes the older one a choice again.
    withdraw(catalog, newer, by="anna", why="worse after all")
    assert list(take_up_unasked(catalog, Tasks()).values()) == [older_metrology]
    let_pass(catalog, timedelta(days=8))
    assert take_up_unasked(catalog, Tasks()) == {}


def test_one_candidate_is_one_question_when_two_runs_have_taken_it_up(catalog: Catalog) -> None:
    metrology_id = ask(catalog)
    run_a_night(catalog, "metrology-1-1", metrology_ids=[metrology_id])
    run_a_night(catalog)
    give_candidate(catalog, metrology_id)
    assert asked_elsewhere(catalog, metrology_id, NIGHT) == ""
    assert f"The run {NIGHT} has taken this metrology up since" in asked_elsewhere(
        catalog, metrology_id, "metrology-1-1"
    )


def test_a_person_who_clears_a_question_whose_time_has_passed_is_asked_anew(catalog: Catalog) -> None:
    _, geometry_id = candidate(catalog)
    let_pass(catalog, timedelta(days=8))
    question = consider(catalog, geometry_id, RULES, "")
    assert isinstance(question, Question)
    assert question.until > datetime.now(UTC) + timedelta(days=6)
