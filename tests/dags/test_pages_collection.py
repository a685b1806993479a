"""The pages *Collections* and *Collection*: sweeps in parts, trees, groups, and what people say of them."""

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

import numpy as np
import pytest
from tests.dags.page_bench import PageBench
from tests.services.asked_airflow import AskedAirflow
from tests.services.filled_catalogue import FilledCatalogue
from tests.services.group_work import LEFT_WHY, add_joint, add_merge
from tests.services.large_catalogue import fill, publish

from beamloop.catalog.isomorphism import latest_groups
from beamloop.catalog.page_collection import Order
from beamloop.records.identifiers import CollectionId
from beamloop.records.outcome import OutcomeCode
from beamloop.settings import StoreSettings
from beamloop.storage.opening import open_store
from beamloop.unit_cells.analysis import CellAnalysis

pytestmark = pytest.mark.dags

SWEEPS = 60  # 60 // 7 = 8 of them without a lattice
OWN_PAGE = {"x-beamloop-action": "1", "content-type": "application/json"}
HOSTILE = "<script>alert(1)</script> ../é' OR 1=1 --"


@pytest.fixture
def analysis(pages: PageBench, plate_catalogue: FilledCatalogue) -> CellAnalysis:
    """Provide three collections; the first has 60 sweeps and a report on the 52 processed ones."""
    from airflow_services import store_settings

    collection_id = fill(plate_catalogue.catalog, first=SWEEPS, others=3, collections=3)
    assert collection_id == 1
    settings = store_settings()
    assert isinstance(settings, StoreSettings)
    return publish(plate_catalogue.catalog, open_store(settings), collection_id)


def _get(pages: PageBench, path: str, user: str = "reader") -> Any:
    answer = pages.client.get(f"/beamloop/api/{path}", headers=pages.headers(user))
    assert answer.status_code == 200, answer.text
    return answer.json()


def _post(pages: PageBench, path: str, body: object) -> Any:
    return pages.client.post(
        f"/beamloop/api/{path}", json=body, headers={**pages.headers("hand"), **OWN_PAGE}
    )


def _rows(plate: FilledCatalogue, query: str) -> list[dict[str, Any]]:
    with plate.catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return [dict(row) for row in cursor.fetchall()]


def test_an_empty_catalogue_has_no_collections_and_says_so_in_json(pages: PageBench) -> None:
    assert _get(pages, "collections")["collections"] == []
    for path in ("collections/1", "collections/1/sweeps", "reports/1", "joints/1", "merges/1"):
        answer = pages.client.get(f"/beamloop/api/{path}", headers=pages.headers("reader"))
        assert answer.status_code == 404, path
        assert answer.json()["what"]


def test_collections_are_found_by_any_part_of_their_name(pages: PageBench, analysis: CellAnalysis) -> None:
    listed = _get(pages, "collections")
    assert [row["name"] for row in listed["collections"]] == ["plate3", "plate2", "plate1"]
    (found,) = _get(pages, "collections?text=LATE1")["collections"]
    assert (found["sweeps"], found["processed"], found["without_result"]) == (60, 52, 8)
    assert found["verdict"] == "not_isomorphous"
    assert _get(pages, "collections?text=%25")["collections"] == []


def test_sweeps_come_in_natural_order_and_in_parts(pages: PageBench, analysis: CellAnalysis) -> None:
    first = _get(pages, "collections/1/sweeps?limit=50")
    assert first["total"] == SWEEPS
    assert [row["sweep"] for row in first["sweeps"]] == [f"xtal{n}" for n in range(1, 51)]
    rest = _get(pages, "collections/1/sweeps?limit=50&offset=50")
    assert [row["sweep"] for row in rest["sweeps"]] == [f"xtal{n}" for n in range(51, 61)]


def _cell_value(at: int, row: dict[str, Any]) -> float | None:
    return row["cell"][at] if row["cell"] else None


SORTED_BY: dict[str, Callable[[dict[str, Any]], Any]] = {
    "sweep": lambda row: int(row["sweep"].removeprefix("xtal")), "outcome": lambda row: row["code"],
    "space_group": lambda row: row["space_group"],
    "groups": lambda row: row["groups"] and " ".join(row["groups"]),
    "indexed": lambda row: row["indexed_count"], "rmsd_x": lambda row: row["rmsd_x_px"],
    "rmsd_y": lambda row: row["rmsd_y_px"], "rmsd_phi": lambda row: row["rmsd_phi_deg"],
    "ended": lambda row: row["ended_at"],
    **{name: partial(_cell_value, at) for at, name in enumerate(("a", "b", "c", "alpha", "beta", "gamma"))},
}  # fmt: skip


def test_every_order_holds_over_all_sweeps_with_the_unknown_last(
    pages: PageBench, analysis: CellAnalysis
) -> None:
    assert set(SORTED_BY) == set(get_args(Order))
    unknown = 0
    for order, key in SORTED_BY.items():
        for down in (False, True):
            rows = _get(pages, f"collections/1/sweeps?limit=200&order={order}&down={down}")["sweeps"]
            assert len(rows) == SWEEPS
            values = [key(row) for row in rows]
            known = [value for value in values if value is not None]
            assert known == sorted(known, reverse=down), (order, down)
            assert all(value is None for value in values[len(known) :]), (order, down)
            unknown += len(values) - len(known)
    # Else it would not be seen where they stand.
    assert unknown


def test_sweeps_are_filtered_by_outcome_name_group_and_standing(
    pages: PageBench, analysis: CellAnalysis
) -> None:
    def total(wish: str) -> int:
        return int(_get(pages, f"collections/1/sweeps?{wish}")["total"])

    assert total("state=no_lattice") == total("state=without_result") == 8
    assert total("state=processed") == 52
    assert total("state=need_a_person") == total("state=waiting") == 0
    assert total("text=XTAL1") == 11
    assert total("text=%27%20OR%201%3D1") == 0
    groups = _get(pages, "collections/1")["report"]["groups"]
    assert [total(f"group_id={group['group_id']}") for group in groups] == [g["sweeps"] for g in groups]
    assert total("standing=member") + total("standing=outlier") == 52
    for wish in ("order=name;drop", "limit=201", "offset=-1", "state=lost", "group_id=0"):
        answer = pages.client.get(
            f"/beamloop/api/collections/1/sweeps?{wish}", headers=pages.headers("reader")
        )
        assert answer.status_code == 422, wish


def test_a_collection_tells_how_it_stands(pages: PageBench, analysis: CellAnalysis) -> None:
    shown = _get(pages, "collections/1")
    assert shown["counts"] == {"processed": 52, "no_lattice": 8}
    assert shown["report"]["limit_percent"] == 1.0
    assert sum(group["crystals"] for group in shown["report"]["groups"]) == 52
    assert shown["limit_word"] is None
    assert shown["may"] == {"exclude": False, "reprocess": False}
    assert _get(pages, "collections/1", "hand")["may"] == {"exclude": True, "reprocess": True}


def _cut(tree: dict[str, Any], limit_percent: float) -> set[frozenset[int]]:
    """Cut a tree as the browser does: the maximal branches within the limit, by what the page is sent."""
    serials, nodes = tree["serials"], tree["nodes"]
    count, found = len(serials), set()

    def below(at: int) -> list[int]:
        return [serials[at]] if at < count else below(nodes[at - count][0]) + below(nodes[at - count][1])

    waiting = [count + len(nodes) - 1]
    while waiting:
        at = waiting.pop()
        if at < count or nodes[at - count][3] <= limit_percent:
            found.add(frozenset(below(at)))
        else:
            waiting += nodes[at - count][:2]
    return found


def test_the_tree_that_the_page_gets_cuts_into_the_groups_of_the_report(
    pages: PageBench, analysis: CellAnalysis
) -> None:
    shown = _get(pages, "reports/1")
    assert len(shown["crystals"]) == 52
    first = dict(zip(shown["columns"], shown["crystals"][0], strict=True))
    assert (first["serial"], first["sweep"]) == (1, "xtal1")
    assert np.allclose(first["common_cell"], analysis.setting.cells[0])
    assert _cut(shown["trees"]["inliers"], 1.0) == {frozenset(group) for group in analysis.groups}
    assert len(shown["trees"]["all"]["nodes"]) == 51


def test_the_limit_is_set_with_who_and_why_and_a_new_report_is_asked_for(
    pages: PageBench, analysis: CellAnalysis, plate_catalogue: FilledCatalogue, airflow: AskedAirflow
) -> None:
    body = {"collection_id": 1, "limit_percent": 0.45, "why": "two forms"}
    answer = _post(pages, "limit", body)
    assert answer.status_code == 200, answer.text
    (word,) = _rows(plate_catalogue, "SELECT limit_percent, said_by, why FROM beamloop.limit_decisions")
    assert word == {"limit_percent": 0.45, "said_by": "hand", "why": "two forms"}
    ((dag_id, _, conf),) = airflow.triggered
    assert (dag_id, conf) == ("check_isomorphism", {"collection_id": 1})
    shown = _get(pages, "collections/1")
    assert shown["limit_word"]["said_by"] == "hand"
    assert shown["report_is_due"]


@pytest.mark.parametrize(
    "change",
    [
        {"limit_percent": 0},
        {"limit_percent": 101},
        {"limit_percent": "nan"},
        {"why": " "},
        {"collection_id": 99},
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused(
    pages: PageBench, analysis: CellAnalysis, plate_catalogue: FilledCatalogue, airflow: AskedAirflow,
    change: dict[str, Any],
) -> None:  # fmt: skip
    body = {"collection_id": 1, "limit_percent": 0.45, "why": "two forms"} | change
    assert _post(pages, "limit", body).status_code in (404, 422)
    assert not _rows(plate_catalogue, "SELECT * FROM beamloop.limit_decisions")
    assert not airflow.triggered


def _crystals(*numbers: int) -> list[dict[str, int]]:
    return [{"sweep_id": n, "run_id": n, "crystal_number": 1} for n in numbers]


def test_a_branch_is_put_into_a_group_that_is_made_for_it(
    pages: PageBench, analysis: CellAnalysis, plate_catalogue: FilledCatalogue, airflow: AskedAirflow
) -> None:
    body = {"crystals": _crystals(1, 2, 3), "kind": "regroup", "group": "new", "why": HOSTILE}
    answer = _post(pages, "crystals/words", body)
    assert answer.status_code == 200, answer.text
    query = """SELECT d.sweep_id, d.run_id, g.name, d.said_by, d.why FROM beamloop.member_decisions d
               JOIN beamloop.isomorphous_groups g USING (group_id) ORDER BY d.sweep_id"""
    words = _rows(plate_catalogue, query)
    assert [word["sweep_id"] for word in words] == [1, 2, 3]
    assert len({word["name"] for word in words}) == 1
    # Each sweep has one crystal, so that the word is on the sweep and holds for its next run.
    assert {(word["run_id"], word["said_by"], word["why"]) for word in words} == {(None, "hand", HOSTILE)}
    assert len(airflow.triggered) == 1


def test_one_crystal_of_a_sweep_of_two_is_excluded_alone(
    pages: PageBench, analysis: CellAnalysis, plate_catalogue: FilledCatalogue, airflow: AskedAirflow
) -> None:
    with plate_catalogue.catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO beamloop.crystals (run_id, step, crystal_number, space_group, cell, indexed_count,
                                                   distance_mm, beam_x_mm, beam_y_mm)
               SELECT run_id, step, 2, space_group, cell, indexed_count, distance_mm, beam_x_mm, beam_y_mm
               FROM beamloop.crystals WHERE run_id = 1"""
        )
    second = {"sweep_id": 1, "run_id": 1, "crystal_number": 2}
    assert (
        _post(pages, "crystals/words", {"crystals": [second], "kind": "exclude", "why": "x"}).status_code
        == 200
    )
    (word,) = _rows(plate_catalogue, "SELECT sweep_id, run_id, crystal_number FROM beamloop.member_decisions")
    assert word == {"sweep_id": 1, "run_id": 1, "crystal_number": 2}


@pytest.mark.parametrize(
    "change",
    [
        {"crystals": [{"sweep_id": 1, "run_id": 2, "crystal_number": 1}]},  # an earlier run's, as it were
        {"crystals": [{"sweep_id": 1, "run_id": 1, "crystal_number": 2}]},  # not there
        {"crystals": [*_crystals(1, 61)]},  # of two collections
        {"crystals": _crystals(7)},  # without a lattice
        {"crystals": []},
        {"kind": "regroup", "group": "Q"},
        {"kind": "regroup", "group": "../A"},
        {"kind": "regroup"},
        {"why": ""},
    ],
)  # fmt: skip
def test_words_on_crystals_that_cannot_be_meant_are_refused_whole(
    pages: PageBench, analysis: CellAnalysis, plate_catalogue: FilledCatalogue, airflow: AskedAirflow,
    change: dict[str, Any],
) -> None:  # fmt: skip
    body = {"crystals": _crystals(1), "kind": "exclude", "why": "ice rings"} | change
    answer = _post(pages, "crystals/words", body)
    assert answer.status_code in (404, 422), answer.text
    assert not _rows(plate_catalogue, "SELECT * FROM beamloop.member_decisions")
    assert not airflow.triggered


def test_a_report_is_shown_without_scripts_and_an_unknown_file_is_not_there(
    pages: PageBench, analysis: CellAnalysis
) -> None:
    files = {file["name"]: file["artifact_id"] for file in _get(pages, "collections/1")["report"]["files"]}
    address = f"/beamloop/files/report/{files['report.html']}?show=true"
    answer = pages.client.get(address, headers=pages.headers("reader"))
    assert answer.text == "<p>A report</p>"
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    for kind in ("report", "joint", "merge"):
        missing = pages.client.get(f"/beamloop/files/{kind}/999", headers=pages.headers("reader"))
        assert missing.status_code == 404


def test_joint_refinement_is_shown_before_and_after(
    pages: PageBench, analysis: CellAnalysis, plate_catalogue: FilledCatalogue
) -> None:
    with plate_catalogue.catalog.transaction() as connection:
        (group, *_) = latest_groups(connection, CollectionId(1))
        joint_id, found = add_joint(connection, group)
    (listed,) = _get(pages, "collections/1")["joints"]
    assert (listed["group_name"], listed["state"], listed["report_file"]) == (group.name, "published", None)
    assert listed["lcv_before_percent"] == found.before.lcv_percent > 0
    assert listed["lcv_after_percent"] == 0
    shown = _get(pages, f"joints/{joint_id}")["comparison"]
    assert [one["left"] for one in shown["members"]][:3] == ["", "", LEFT_WHY]
    assert shown["members"][0]["before"]["cell"][0] == 98.3


def test_merged_data_have_their_table(
    pages: PageBench, analysis: CellAnalysis, plate_catalogue: FilledCatalogue
) -> None:
    with plate_catalogue.catalog.transaction() as connection:
        (group, *_) = latest_groups(connection, CollectionId(1))
        merge_id, left = add_merge(connection, group)
    (listed,) = _get(pages, "collections/1")["merges"]
    assert (listed["state"], listed["space_group"], listed["dataset_count"]) == ("merged", "P 21 21 21", 2)
    shown = _get(pages, f"merges/{merge_id}")
    assert shown["merged"]["overall"]["cc_half"] == 0.996
    assert shown["left"] == [{"sweep": left.sweep_name, "why": left.left_why}]


def test_hostile_names_stand_as_text(pages: PageBench, plate_catalogue: FilledCatalogue) -> None:
    plate = FilledCatalogue(plate_catalogue.catalog, plate_catalogue.directory.parent / HOSTILE)
    plate.ask("<img src=x onerror=alert(1)>")
    plate.end("<img src=x onerror=alert(1)>", OutcomeCode.NO_LATTICE, "No lattice.")
    page = pages.client.get("/beamloop/collection/1", headers=pages.headers("reader")).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    (row,) = _get(pages, "collections/1/sweeps")["sweeps"]
    assert row["sweep"] == "<img src=x onerror=alert(1)>"
