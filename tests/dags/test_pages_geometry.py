"""The page *Geometry*: versions, their evidence, drift, and decisions that end Airflow's wait for one."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from tests.dags.page_bench import PageBench
from tests.services.candidate_bench import ask, give_candidate
from tests.services.filled_catalogue import FilledCatalogue
from tests.services.geometry_versions import PLAN, add_version

from beamloop.catalog.geometry import geometry_by_id
from beamloop.catalog.geometry_decisions import decisions_on
from beamloop.geometry.approval import why_over
from beamloop.geometry.registry import promote
from beamloop.records.geometry import GeometryGate, GeometryId, GeometryState
from beamloop.records.outcome import OutcomeCode
from beamloop.simulate.pilatus import PIXEL_MM, modules_of
from beamloop.storage.contract import ArtifactStore
from beamloop.storage.opening import open_store

pytestmark = pytest.mark.dags

OWN_PAGE = {"x-beamloop-action": "1", "content-type": "application/json"}
SINCE = datetime.now(UTC) - timedelta(days=2)


@pytest.fixture
def store() -> ArtifactStore:
    """Provide the store that the pages read."""
    from airflow_services import store_settings

    return open_store(store_settings())


def _get(pages: PageBench, path: str, user: str = "hand") -> Any:
    answer = pages.client.get(f"/beamloop/api/{path}", headers=pages.headers(user))
    assert answer.status_code == 200, answer.text
    return answer.json()


def _decide(pages: PageBench, kind: str, geometry_id: int, **more: str) -> Any:
    body = {"geometry_id": geometry_id, "why": "tonight's is better"} | more
    headers = {**pages.headers("hand"), **OWN_PAGE}
    return pages.client.post(f"/beamloop/api/geometry/{kind}", json=body, headers=headers)


def _state(plate: FilledCatalogue, number: GeometryId) -> GeometryState:
    with plate.catalog.transaction() as connection:
        return geometry_by_id(connection, number).state


def test_an_empty_catalogue_has_no_versions_and_no_drift(pages: PageBench) -> None:
    shown = _get(pages, "geometries", "reader")
    assert (shown["versions"], shown["periods"], shown["metrologies"]) == ([], [], [])
    assert _get(pages, "drift", "reader")["detectors"] == []
    missing = pages.client.get("/beamloop/api/geometries/1", headers=pages.headers("reader"))
    assert missing.status_code == 404


def test_a_version_is_shown_with_its_evidence_and_the_gate(
    pages: PageBench, plate_catalogue: FilledCatalogue, store: ArtifactStore
) -> None:
    number = add_version(plate_catalogue.catalog, store, 1)
    (listed,) = _get(pages, "geometries")["versions"]
    assert (listed["geometry_id"], listed["state"], listed["decision"]) == (number, "candidate", None)
    assert listed["rmsd_after_mm"] == [0.042, 0.041]
    shown = _get(pages, f"geometries/{number}")
    assert shown["gate"]["faults"] == []
    assert shown["version"]["evidence"]["details"]["whole"]["after"]["distance_mm"] == pytest.approx(250.4)
    assert shown["may"] == {"decide": True, "reprocess": True}
    assert _get(pages, f"geometries/{number}", "reader")["may"] == {"decide": False, "reprocess": False}


def test_the_face_has_every_panel_of_the_evidence_where_the_simulated_detector_has_it(
    pages: PageBench, plate_catalogue: FilledCatalogue, store: ArtifactStore
) -> None:
    number = add_version(plate_catalogue.catalog, store, 1)
    shown = _get(pages, f"geometries/{number}")
    corners = np.array(shown["face"]["panels_mm"])
    assert len(corners) == len(shown["version"]["evidence"]["panels"])
    along_fast, along_slow = modules_of(PLAN.model)
    # Modules are 487 x 195 pixels; they are shifted by some ten um and drawn to one.
    assert corners[:, 1, 0] - corners[:, 0, 0] == pytest.approx(487 * PIXEL_MM, abs=0.01)
    assert corners[:, 3, 1] - corners[:, 0, 1] == pytest.approx(195 * PIXEL_MM, abs=0.01)
    middles = corners.mean(axis=1).reshape(along_slow, along_fast, 2)
    assert np.all(np.diff(middles[:, :, 0], axis=1) > 487 * PIXEL_MM)
    assert np.all(np.diff(middles[:, :, 1], axis=0) > 195 * PIXEL_MM)
    # The mean plane is where the beam was aimed, 1.6 and -1.5 pixels off (172 um each).
    assert shown["face"]["beam_mm"] == pytest.approx([1.6 * PIXEL_MM, -1.5 * PIXEL_MM], abs=0.05)


def test_a_decision_here_is_recorded_and_ends_the_question_in_airflow(
    pages: PageBench, plate_catalogue: FilledCatalogue, store: ArtifactStore
) -> None:
    number = add_version(plate_catalogue.catalog, store, 1)
    assert why_over(plate_catalogue.catalog, number) == ""
    answer = _decide(pages, "promote", number, since=f"{SINCE:%Y-%m-%dT%H:%M}")
    assert answer.status_code == 200, answer.text
    # This is what the trigger of Airflow's question asks.
    assert "promote by hand: tonight's is better" in why_over(plate_catalogue.catalog, number)
    with plate_catalogue.catalog.transaction() as connection:
        (decision,) = decisions_on(connection, number)
        version = geometry_by_id(connection, number)
    assert (decision.decided_by, decision.why) == ("hand", "tonight's is better")
    assert version.valid_from == SINCE.replace(second=0, microsecond=0)
    (period,) = _get(pages, "geometries")["periods"]
    assert (period["geometry_id"], period["state"], period["valid_until"]) == (number, "in_force", None)


def test_a_candidate_is_rejected_with_a_reason_and_only_once(
    pages: PageBench, plate_catalogue: FilledCatalogue, store: ArtifactStore
) -> None:
    number = add_version(plate_catalogue.catalog, store, 1)
    assert _decide(pages, "reject", number, why=" ").status_code == 422
    assert _decide(pages, "reject", number).status_code == 200
    assert _state(plate_catalogue, number) is GeometryState.REJECTED
    assert _decide(pages, "reject", number).status_code == 422
    assert _decide(pages, "withdraw", number).status_code == 422


def test_withdrawal_gives_the_data_back_and_names_what_is_stale(
    pages: PageBench, plate_catalogue: FilledCatalogue, store: ArtifactStore
) -> None:
    catalog = plate_catalogue.catalog
    first, second = (add_version(catalog, store, seed) for seed in (1, 2))
    for number, since in ((first, SINCE), (second, SINCE + timedelta(days=1))):
        promote(catalog, number, lambda _: GeometryGate(), since=since, by="anna", why="better")
    plate_catalogue.ask("xtal1", "xtal2")
    plate_catalogue.end("xtal1", OutcomeCode.PROCESSED, "refined", step="refine")
    assert _get(pages, f"geometries/{second}")["imported"]["total"] == 2
    answer = _decide(pages, "withdraw", second)
    assert answer.status_code == 200, answer.text
    assert answer.json()["words"].endswith(f"In its place serves geometry {first}; 2 sweeps are stale.")
    imported = _get(pages, f"geometries/{second}")["imported"]
    assert imported["stale_total"] == 2
    assert {(one["is_stale"], one["serving_id"]) for one in imported["sweeps"]} == {(True, first)}


def test_what_falls_short_of_the_gate_serves_by_no_page(
    pages: PageBench, plate_catalogue: FilledCatalogue, store: ArtifactStore, rules: Callable[[str], None]
) -> None:
    rules("{least_held_out_count: 100000}")
    number = add_version(plate_catalogue.catalog, store, 1)
    assert "are too few" in _get(pages, f"geometries/{number}")["gate"]["faults"][0]
    answer = _decide(pages, "promote", number)
    assert answer.status_code == 422
    assert "are too few" in answer.json()["what"]
    assert _state(plate_catalogue, number) is GeometryState.CANDIDATE


def test_a_version_without_evidence_serves_only_when_a_person_takes_it_upon_themselves(
    pages: PageBench, plate_catalogue: FilledCatalogue, store: ArtifactStore
) -> None:
    number = add_version(plate_catalogue.catalog, store, 1, with_evidence=False)
    assert _decide(pages, "promote", number).status_code == 422
    assert _decide(pages, "promote", number, without_evidence="yes").status_code == 200
    (decision,) = _get(pages, f"geometries/{number}")["decisions"]
    assert decision["without_evidence"]


@pytest.mark.parametrize("kind", ["promote", "reject", "withdraw"])
def test_only_those_whom_the_beamline_names_decide(
    pages: PageBench, plate_catalogue: FilledCatalogue, store: ArtifactStore, rules: Callable[[str], None],
    kind: str,
) -> None:  # fmt: skip
    rules("{approvers: [anna]}")
    number = add_version(plate_catalogue.catalog, store, 1)
    shown = _get(pages, f"geometries/{number}")
    assert (shown["may"]["decide"], shown["gate"]["approvers"]) == (False, ["anna"])
    assert _decide(pages, kind, number).status_code == 403
    assert _state(plate_catalogue, number) is GeometryState.CANDIDATE
    rules("{approvers: [anna, hand]}")
    assert _get(pages, f"geometries/{number}")["may"]["decide"]


def test_a_beamline_file_with_a_fault_lets_nobody_decide_and_is_named(
    pages: PageBench, plate_catalogue: FilledCatalogue, store: ArtifactStore, rules: Callable[[str], None]
) -> None:
    rules("{approvers: 7}")
    number = add_version(plate_catalogue.catalog, store, 1)
    shown = _get(pages, f"geometries/{number}")
    assert shown["gate"]["fault"]
    assert not shown["may"]["decide"]
    assert _decide(pages, "reject", number).status_code == 403


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "2026-11-20T18:00\x00", "../.."])
def test_a_time_that_is_none_is_refused(
    pages: PageBench, plate_catalogue: FilledCatalogue, store: ArtifactStore, since: str
) -> None:
    number = add_version(plate_catalogue.catalog, store, 1)
    assert _decide(pages, "promote", number, since=since).status_code == 422
    assert _state(plate_catalogue, number) is GeometryState.CANDIDATE


def test_a_metrology_and_its_report_are_named_and_a_lost_file_takes_the_picture_only(
    pages: PageBench, plate_catalogue: FilledCatalogue
) -> None:
    plate_catalogue.ask("long", "short")
    for sweep in ("long", "short"):
        plate_catalogue.end(sweep, OutcomeCode.PROCESSED, "refined", step="refine")
    metrology_id = ask(plate_catalogue.catalog)
    (waiting,) = _get(pages, "geometries")["metrologies"]
    assert (waiting["metrology_id"], waiting["state"]) == (metrology_id, "waiting")
    number = give_candidate(plate_catalogue.catalog, metrology_id)
    shown = _get(pages, f"geometries/{number}")
    assert shown["metrology"]["metrology_id"] == metrology_id
    assert shown["metrology"]["report_file"] is not None
    assert shown["face"]["panels_mm"] == []
    assert shown["face"]["fault"]
    file = pages.client.get(
        f"/beamloop/files/metrology/{shown['metrology']['report_file']}", headers=pages.headers("reader")
    )
    assert file.status_code == 404 or file.json()["what"]


def test_the_models_are_those_that_imports_take(
    pages: PageBench, plate_catalogue: FilledCatalogue, store: ArtifactStore
) -> None:
    number = add_version(plate_catalogue.catalog, store, 1)
    answer = pages.client.get(f"/beamloop/files/geometry/{number}", headers=pages.headers("reader"))
    with plate_catalogue.catalog.transaction() as connection:
        stored = geometry_by_id(connection, number).use.models
    assert len(answer.content) == asdict(stored)["size_bytes"]
    assert answer.json()["__id__"] == "ExperimentList"


def test_drift_charts_each_quantity_of_the_whole_detector(
    pages: PageBench, plate_catalogue: FilledCatalogue, store: ArtifactStore
) -> None:
    numbers = [add_version(plate_catalogue.catalog, store, seed) for seed in (1, 2, 3)]
    (shown,) = _get(pages, "drift")["detectors"]
    distance = next(series for series in shown["whole"] if series["quantity"] == "distance_mm")
    assert [point["geometry_id"] for point in distance["points"]] == numbers
    # The simulator's offset of the distance, 0.4 mm.
    assert [point["value"] for point in distance["points"]] == pytest.approx([0.4] * 3, abs=0.01)
    assert (shown["has_limits"], shown["panels"], shown["panels_out"]) == (False, [], 0)


def test_a_run_of_metrology_in_airflow_leads_to_the_page(pages: PageBench) -> None:
    address = "/beamloop/from-airflow?dag_id=refine_metrology&dag_run_id=scheduled__1"
    answer = pages.client.get(address, headers=pages.headers("reader"))
    assert (answer.status_code, answer.headers["location"]) == (307, "/beamloop/geometry")
