"""The pages *Groups* and *Group*, and the ways to them from Airflow and back."""

from typing import Any

import pytest
from tests.dags.page_bench import PageBench
from tests.services.filled_catalogue import FilledCatalogue
from tests.services.group_work import add_joint, add_merge
from tests.services.large_catalogue import fill, publish

from beamloop.catalog.group_tasks import note_joint_tasks, note_merge_tasks
from beamloop.catalog.isomorphism import latest_groups
from beamloop.records.identifiers import CollectionId
from beamloop.records.isomorphism import GroupSnapshot
from beamloop.storage.opening import open_store

pytestmark = pytest.mark.dags

NIGHT, MERGING = "scheduled__2026-01-02T02:00:00+00:00", "merge-1-1-20260102T101112"


@pytest.fixture
def groups(pages: PageBench, plate_catalogue: FilledCatalogue) -> tuple[GroupSnapshot, ...]:
    """Provide four groups; two are refined jointly in one night, the first is merged."""
    from airflow_services import store_settings

    store = open_store(store_settings())
    collection_id = fill(plate_catalogue.catalog, first=60, others=3, collections=2)
    publish(plate_catalogue.catalog, store, collection_id)
    with plate_catalogue.catalog.transaction() as connection:
        found = latest_groups(connection, CollectionId(1))
        joints = [add_joint(connection, group)[0] for group in found[:2]]
        note_joint_tasks(connection, NIGHT, joints)
        merge_id, _ = add_merge(connection, found[0])
        note_merge_tasks(connection, MERGING, [merge_id])
    return found


def _get(pages: PageBench, path: str, **parameters: str) -> Any:
    return pages.client.get(f"/beamloop/{path}", headers=pages.headers("reader"), params=parameters)


def _way(pages: PageBench, dag_id: str, dag_run_id: str, **task: str) -> str:
    answer = _get(pages, "from-airflow", dag_id=dag_id, dag_run_id=dag_run_id, **task)
    assert answer.status_code == 307, answer.text
    return str(answer.headers["location"])


def test_a_group_tells_who_belongs_to_it_and_what_was_made_of_it(
    pages: PageBench, groups: tuple[GroupSnapshot, ...]
) -> None:
    shown = _get(pages, f"api/groups/{groups[0].group_id}").json()
    assert (shown["group"]["name"], shown["group"]["collection"]) == (groups[0].name, "plate1")
    assert shown["group"]["is_newest"]
    assert {one["run_id"] for one in shown["crystals"]} == {m.run_id for m in groups[0].members}
    assert {one["collection"] for one in shown["crystals"]} == {"plate1"}
    names = [int(one["sweep"].removeprefix("xtal")) for one in shown["crystals"]]
    assert names == sorted(names)
    (joint,), (merge,) = shown["joints"], shown["merges"]
    assert (joint["dag_run_id"], joint["map_index"]) == (NIGHT, 0)
    assert (merge["dag_run_id"], merge["map_index"]) == (MERGING, 0)
    page = _get(pages, f"group/{groups[0].group_id}")
    assert f"<h1>Group {groups[0].name} of plate1</h1>" in page.text
    assert _get(pages, "api/groups/99").status_code == 404
    assert _get(pages, "group/99").status_code == 404


def test_groups_that_were_worked_on_are_listed_with_their_figures(
    pages: PageBench, groups: tuple[GroupSnapshot, ...]
) -> None:
    listed = _get(pages, "api/groups").json()
    assert listed["total"] == 2
    by_id = {row["group_id"]: row for row in listed["groups"]}
    first, second = (by_id[group.group_id] for group in groups[:2])
    assert (first["joint_state"], first["merge_state"], first["cc_half"]) == ("published", "merged", 0.996)
    assert first["lcv_after_percent"] == 0 < first["lcv_before_percent"]
    assert (second["joint_state"], second["merge_state"]) == ("published", None)
    assert _get(pages, "api/groups", beamline="b07").json()["groups"] == []
    merged = _get(pages, "api/groups", merge_run=MERGING).json()["groups"]
    assert [row["group_id"] for row in merged] == [groups[0].group_id]
    assert _get(pages, "api/groups", joint_run="none").json()["groups"] == []


def test_airflows_runs_and_tasks_lead_to_their_groups(
    pages: PageBench, groups: tuple[GroupSnapshot, ...]
) -> None:
    second = f"/group/{groups[1].group_id}?joint=2"
    assert _way(pages, "refine_joint", NIGHT, task_id="group.refine", map_index="1").endswith(second)
    of_night = _way(pages, "refine_joint", NIGHT, task_id="list_groups", map_index="-1")
    assert of_night.endswith("/groups?joint_run=scheduled__2026-01-02T02%3A00%3A00%2B00%3A00")
    assert _way(pages, "merge_group", MERGING).endswith(f"/group/{groups[0].group_id}?merge=1")
    assert _way(pages, "refine_joint", "unknown").endswith("/groups?joint_run=unknown")


@pytest.mark.parametrize("dag_id", ["watch_collections", "tend_requests", "housekeeping"])
def test_what_looks_after_everything_leads_to_now(pages: PageBench, dag_id: str) -> None:
    assert _way(pages, dag_id, "any").endswith("/beamloop/now")


def test_a_run_that_is_cleared_says_anew_what_its_tasks_do(
    pages: PageBench, groups: tuple[GroupSnapshot, ...], plate_catalogue: FilledCatalogue
) -> None:
    with plate_catalogue.catalog.transaction() as connection:
        joint_id, _ = add_joint(connection, groups[2])
        note_joint_tasks(connection, NIGHT, [joint_id])
    assert _way(pages, "refine_joint", NIGHT).endswith(f"/group/{groups[2].group_id}?joint={joint_id}")
    shown = _get(pages, f"api/groups/{groups[0].group_id}").json()
    assert shown["joints"][0]["dag_run_id"] is None
