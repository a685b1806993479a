"""Actions: who may, from where, what is recorded, and what Airflow is asked to do."""

import json
from typing import Any

import pytest
from fastapi.routing import APIRoute
from tests.dags.page_bench import PageBench
from tests.services.asked_airflow import AskedAirflow
from tests.services.filled_catalogue import FilledCatalogue

from beamloop.records.outcome import OutcomeCode

pytestmark = pytest.mark.dags

WORD = {"sweep_ids": [1], "kind": "exclude", "why": "ice rings"}
OWN_PAGE = {"x-beamloop-action": "1", "content-type": "application/json"}


@pytest.fixture
def plate(pages: PageBench, plate_catalogue: FilledCatalogue) -> FilledCatalogue:
    """Provide a collection of two sweeps; xtal1_1 is processed, xtal2_1 has no lattice."""
    plate_catalogue.ask("xtal1_1", "xtal2_1")
    plate_catalogue.end("xtal1_1", OutcomeCode.PROCESSED, "RMSD 0.2 px", "refine")
    plate_catalogue.end("xtal2_1", OutcomeCode.NO_LATTICE, "No lattice was found.")
    return plate_catalogue


def _post(pages: PageBench, path: str, body: object, user: str | None = "hand", **headers: str) -> Any:
    return pages.client.post(
        f"/beamloop/api/{path}", json=body, headers={**pages.headers(user), **OWN_PAGE, **headers}
    )


def _words(plate: FilledCatalogue) -> list[dict[str, Any]]:
    with plate.catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT kind, said_by, why FROM beamloop.member_decisions ORDER BY decision_id")
        return [dict(row) for row in cursor.fetchall()]


def test_no_action_is_done_without_a_login_or_for_a_reader(pages: PageBench) -> None:
    from beamloop_ui.app import make_app

    paths = [
        route.path_format.removeprefix("/api/")
        for route in make_app().routes
        if isinstance(route, APIRoute) and route.methods - {"GET"}
    ]
    assert {"words", "reprocess", "sample"} <= set(paths)
    for path in paths:
        filled = "/".join("1" if part.startswith("{") else part for part in path.split("/"))
        assert _post(pages, filled, WORD, user=None).status_code == 401, path
        assert _post(pages, filled, WORD, user="reader").status_code == 403, path


def test_an_exclusion_is_recorded_with_who_and_why_and_checked_by_airflow(
    pages: PageBench, plate: FilledCatalogue, airflow: AskedAirflow
) -> None:
    answer = _post(pages, "words", WORD)
    assert answer.status_code == 200, answer.text
    assert answer.json()["words"].startswith("xtal1_1 is excluded.")
    assert _words(plate) == [{"kind": "exclude", "said_by": "hand", "why": "ice rings"}]
    ((dag_id, _, conf),) = airflow.triggered
    assert (dag_id, conf) == ("check_isomorphism", {"collection_id": 1})


def test_a_sweep_is_shown_with_what_was_said_of_it(
    pages: PageBench, plate: FilledCatalogue, airflow: AskedAirflow
) -> None:
    _post(pages, "words", WORD)
    shown = pages.client.get("/beamloop/api/sweeps/1", headers=pages.headers("reader")).json()
    assert (shown["word"]["kind"], shown["word"]["said_by"], shown["word"]["why"]) == (
        "exclude",
        "hand",
        "ice rings",
    )
    assert shown["may"] == {"reprocess": False, "exclude": False}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-beamloop-action": ""}, 403),
        ({"origin": "https://elsewhere.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"origin": "http://testserver", "sec-fetch-site": "same-origin"}, 200),
    ],
)
def test_an_action_comes_from_our_own_pages_only(
    pages: PageBench, plate: FilledCatalogue, airflow: AskedAirflow, headers: dict[str, str], status: int
) -> None:
    assert _post(pages, "words", WORD, **headers).status_code == status
    assert len(_words(plate)) == (1 if status == 200 else 0)


@pytest.mark.parametrize(
    "change",
    [
        {"why": ""},
        {"why": "   "},
        {"why": "a\x00b"},
        {"why": "x" * 501},
        {"why": "\ud800"},
        {"kind": "regroup"},
        {"sweep_ids": []},
        {"sweep_ids": ["../1"]},
        {"sweep_ids": [2**63]},
        {"sweep_ids": [99]},
        {"more": 1},
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_kept(
    pages: PageBench, plate: FilledCatalogue, airflow: AskedAirflow, change: dict[str, Any]
) -> None:
    answer = pages.client.post(
        "/beamloop/api/words",
        content=json.dumps(WORD | change),
        headers={**pages.headers("hand"), **OWN_PAGE},
    )
    assert answer.status_code in (404, 422), answer.text
    assert not _words(plate)
    assert not airflow.triggered


@pytest.fixture
def dials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Know DIALS's version without a DIALS."""
    monkeypatch.setattr("beamloop.dials_cli.handle.Dials.version", lambda _: "3.12.1")


def test_a_sweep_is_processed_again_with_other_parameters(
    pages: PageBench, plate: FilledCatalogue, airflow: AskedAirflow, dials: None
) -> None:
    wish = {"sweep_ids": [2], "why": "try fft1d", "settings": "index.indexing.method=fft1d"}
    without_why = {name: value for name, value in wish.items() if name != "why"}
    preview = _post(pages, "reprocess/preview", without_why).json()
    assert preview == {
        "to_process": 1, "known": 0, "left_out": 0,
        "changes": [{"words": "+ index.indexing.method=fft1d", "count": 1}],
    }  # fmt: skip
    assert not airflow.triggered
    answer = _post(pages, "reprocess", wish)
    assert answer.status_code == 200, answer.text
    ((dag_id, _, conf),) = airflow.triggered
    assert (dag_id, conf) == ("process_collection", {"request_id": 2})
    shown = pages.client.get("/beamloop/api/sweeps/2", headers=pages.headers("hand")).json()
    assert shown["run"]["requested_by"] == "hand"
    assert shown["run"]["parameters"]["options"]["index"][-1] == "indexing.method=fft1d"
    assert shown["may"] == {"reprocess": True, "exclude": True}


def test_known_work_is_not_repeated_unasked(
    pages: PageBench, plate: FilledCatalogue, airflow: AskedAirflow, dials: None
) -> None:
    wish = {"sweep_ids": [2], "why": "once more"}
    assert _post(pages, "reprocess", wish).status_code == 422
    assert _post(pages, "reprocess", {**wish, "again": "yes"}).status_code == 200
    assert len(airflow.triggered) == 1


@pytest.mark.parametrize(
    "setting",
    [
        "index.reflections.file=/etc/passwd",
        "find_spots.spotfinder.lookup.mask=../../mask.pickle",
        "index.output.experiments=x",
        "index.indexing.method=$(id)",
        "index.indexing.method=fft2d",
        "index.indexing.methods=fft1d",
        "index",
        "rm.indexing.method=fft1d",
    ],
)
def test_no_setting_of_a_page_names_a_file(
    pages: PageBench, plate: FilledCatalogue, airflow: AskedAirflow, dials: None, setting: str
) -> None:
    answer = _post(pages, "reprocess", {"sweep_ids": [2], "why": "x", "settings": setting})
    assert answer.status_code == 422, answer.text
    assert not airflow.triggered


def test_a_sample_is_set_and_taken_back(pages: PageBench, plate: FilledCatalogue) -> None:
    said = {"collection_id": 1, "why": "as the label says"}
    answer = _post(pages, "sample", {**said, "space_group": "h3", "unit_cell": "98,98,136,90,90,120"})
    assert "H 3" in answer.json()["words"]
    shown = pages.client.get("/beamloop/api/sweeps/1", headers=pages.headers("reader")).json()
    assert "H 3" in shown["sample_by_hand"]
    assert _post(pages, "sample", {**said, "space_group": "P 1 <script>"}).status_code == 422
    assert "taken back" in _post(pages, "sample", said).json()["words"]


def test_what_airflow_cannot_begin_now_is_recorded_all_the_same(
    pages: PageBench, plate: FilledCatalogue
) -> None:
    answer = _post(pages, "words", WORD)
    assert "begins when Airflow answers again" in answer.json()["words"]
    assert len(_words(plate)) == 1
