"""Metrologies as a person sees them in Airflow: the steps, the question, and what an answer does."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.dags.conftest import HOME, Answering, RunDag
from tests.services.candidate_bench import GOOD, TOO_FEW, fill_plate, record

from beamloop.catalog.connection import Catalog
from beamloop.catalog.geometry import geometries
from beamloop.catalog.geometry_decisions import decisions_on
from beamloop.errors import StoreUnavailableError
from beamloop.geometry import approval
from beamloop.geometry.registry import reject
from beamloop.metrology import stage
from beamloop.records.evidence import Evidence
from beamloop.records.geometry import GeometryId, GeometryState, GeometryVersion
from beamloop.records.metrology import METROLOGY_STEPS, Metrology, MetrologyId, MetrologyState
from beamloop.services import Services

pytestmark = pytest.mark.dags


@pytest.fixture
def catalog(tmp_path: Path, catalog_connection: str) -> Iterator[Catalog]:
    made = Catalog(catalog_connection)
    fill_plate(made, tmp_path / "plate3")
    yield made
    made.close()


def behave(monkeypatch: pytest.MonkeyPatch, catalog: Catalog, evidence: Evidence = GOOD) -> None:
    """Let the stage's steps be recorded without being done."""

    def run_metrology_step(_: Services, metrology_id: MetrologyId, step: str) -> Metrology:
        return record(catalog, metrology_id, step, evidence)

    monkeypatch.setattr(stage, "run_metrology_step", run_metrology_step)


def questions() -> list[Any]:
    """Return what Airflow shows as required actions, the newest last."""
    from airflow.models.hitl import HITLDetail
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        found = session.scalars(select(HITLDetail).order_by(HITLDetail.created_at)).all()
        session.expunge_all()
    return list(found)


def the_version(catalog: Catalog) -> GeometryVersion:
    with catalog.transaction() as connection:
        (version,) = geometries(connection)
    return version


def the_decision(catalog: Catalog) -> tuple[str, str, str]:
    with catalog.transaction() as connection:
        (decision,) = decisions_on(connection, the_version(catalog).geometry_id)
    return decision.decision, decision.decided_by, decision.why


def ends(states: dict[tuple[str, int], str], *tasks: str) -> list[str]:
    return [states[f"detector.{task}", 0] for task in tasks]


def test_what_a_person_promotes_serves_from_then_on_in_their_name(
    run_dag: RunDag, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, answering: Answering
) -> None:
    behave(monkeypatch, catalog)
    answering(("Promote", "better on every panel"))
    before = datetime.now(UTC)
    states = run_dag("refine_metrology", {})
    assert ends(states, *METROLOGY_STEPS, "approve", "promote") == ["success"] * 7
    version = the_version(catalog)
    assert version.state is GeometryState.IN_FORCE
    assert version.valid_from is not None
    assert before <= version.valid_from <= datetime.now(UTC)
    assert the_decision(catalog) == ("promote", "anna", "better on every panel")


def test_the_question_shows_the_evidence_and_asks_for_a_reason(
    run_dag: RunDag,
    catalog: Catalog,
    monkeypatch: pytest.MonkeyPatch,
    answering: Answering,
    rules: Callable[[str], None],
) -> None:
    rules("{approvers: [anna, ben]}")
    behave(monkeypatch, catalog)
    answering(("Promote", "better"))
    run_dag("refine_metrology", {})
    question = questions()[-1]
    assert question.subject == "i24: shall geometry 1 serve?"
    for words in (
        "| x | 61.0 | 42.0 | -31 % |",
        "RMSD of 1892 reflections that were not refined against",
        "two halves of the data agree to 6.6 um",
        "3 of 3 had enough reflections",
        "250.370 mm (+0.370 mm from the header's)",
        "row\\-0 +22 -31",
        "report/report.html",
    ):
        assert words in question.body
    assert question.options == ["Promote", "Reject"]
    assert list(question.params) == ["why"]
    assert [user["id"] for user in question.assignees] == ["anna", "ben"]


def test_what_a_person_rejects_never_serves(
    run_dag: RunDag, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, answering: Answering
) -> None:
    behave(monkeypatch, catalog)
    answering(("Reject", "the crystal was cracked"))
    states = run_dag("refine_metrology", {})
    assert ends(states, "approve", "promote") == ["success", "skipped"]
    assert the_version(catalog).state is GeometryState.REJECTED
    assert the_decision(catalog) == ("reject", "anna", "the crystal was cracked")


def test_an_answer_without_a_reason_is_asked_for_again(
    run_dag: RunDag, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, answering: Answering
) -> None:
    behave(monkeypatch, catalog)
    answering(("Promote", "  "), ("Reject", "mistaken"))
    states = run_dag("refine_metrology", {})
    assert ends(states, "approve", "promote") == ["success", "skipped"]
    assert the_decision(catalog) == ("reject", "anna", "mistaken")


def test_what_falls_short_of_the_gate_is_rejected_without_a_question(
    run_dag: RunDag, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, rules: Callable[[str], None]
) -> None:
    rules("{approval: automatic}")
    behave(monkeypatch, catalog, TOO_FEW)
    asked = len(questions())
    states = run_dag("refine_metrology", {})
    assert states["run", -1] == "success"
    assert ends(states, "approve", "promote") == ["success", "skipped"]
    assert len(questions()) == asked
    decision, by, why = the_decision(catalog)
    assert (decision, by) == ("reject", "refine_metrology")
    assert "120 held-out reflections are too few: 500 are needed" in why


def test_a_beamline_may_let_what_passes_the_gate_serve_at_once(
    run_dag: RunDag, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, rules: Callable[[str], None]
) -> None:
    rules("{approval: automatic}")
    behave(monkeypatch, catalog)
    states = run_dag("refine_metrology", {})
    assert ends(states, "approve", "promote") == ["success", "success"]
    assert the_version(catalog).state is GeometryState.IN_FORCE
    decision, by, why = the_decision(catalog)
    assert (decision, by) == ("promote", "refine_metrology")
    assert "approval: automatic" in why


def test_a_decision_by_another_way_ends_the_wait(
    run_dag: RunDag, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    behave(monkeypatch, catalog)
    look = approval.why_over

    def look_after_a_decision(asked: Catalog, geometry_id: GeometryId) -> str:
        reject(catalog, geometry_id, by="ben", why="module 17 was swapped")
        return look(asked, geometry_id)

    monkeypatch.setattr(approval, "why_over", look_after_a_decision)
    states = run_dag("refine_metrology", {})
    assert states["run", -1] == "success"
    assert ends(states, "approve", "promote") == ["skipped", "skipped"]
    assert the_decision(catalog) == ("reject", "ben", "module 17 was swapped")


def test_a_faulty_file_stops_no_other_beamlines_detector_and_lets_no_geometry_serve(
    run_dag: RunDag,
    catalog: Catalog,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    rules: Callable[[str], None],
    answering: Answering,
) -> None:
    fill_plate(catalog, tmp_path / "plate4", beamline="i03")
    rules("{}")  # of i24; the other file may be that of i03
    broken = HOME / "beamlines" / "broken.yaml"
    broken.write_text("beamline: [")
    behave(monkeypatch, catalog)
    answering(("Promote", "better"))
    try:
        states = run_dag("refine_metrology", {})
    finally:
        broken.unlink()
    assert [index for task, index in states if task == "detector.choose"] == [0]
    assert (the_version(catalog).beamline, ends(states, "promote")) == ("i24", ["success"])


def test_each_detector_goes_its_own_way(
    run_dag: RunDag,
    catalog: Catalog,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    answering: Answering,
) -> None:
    fill_plate(catalog, tmp_path / "plate4", beamline="i03")
    tries: list[str] = []

    def run_metrology_step(_: Services, metrology_id: MetrologyId, step: str) -> Metrology:
        done = record(catalog, metrology_id, step)
        if done.beamline == "i03":
            return replace(done, state=MetrologyState.KEPT, sentence="No panel has enough reflections.")
        tries.append(step)
        if tries == ["choose"]:
            raise StoreUnavailableError("The store is away.")
        return done

    monkeypatch.setattr(stage, "run_metrology_step", run_metrology_step)
    answering(("Promote", "better"))
    states = run_dag("refine_metrology", {})
    ended = [[states[f"detector.{task}", index] for task in ("choose", "report", "approve", "promote")]
             for index in (0, 1)]  # fmt: skip
    assert sorted(ended) == [["skipped"] * 4, ["success"] * 4]
    assert tries == ["choose", *METROLOGY_STEPS]
