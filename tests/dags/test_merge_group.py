"""Merges as a person sees them in Airflow's grid."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.dags.conftest import RunDag
from tests.services.isomorphism_bench import IsomorphismBench, alike, open_isomorphism_bench
from tests.services.joint_bench import JointBench

from beamloop.catalog.isomorphism import latest_groups
from beamloop.catalog.merging import ask_for_merge, load_merge
from beamloop.errors import StoreUnavailableError
from beamloop.merging import stage
from beamloop.records.merging import Merge, MergeId, MergeMember, MergeOptions, MergeState
from beamloop.records.outcome import Outcome, OutcomeCode
from beamloop.services import Services

pytestmark = pytest.mark.dags


@pytest.fixture
def plate(tmp_path: Path, catalog_connection: str) -> Iterator[IsomorphismBench]:
    opened = open_isomorphism_bench(tmp_path, catalog_connection)
    opened.process(alike(2))
    JointBench(opened.services, opened.collection_id).report({"A": ["xtal1"], "B": ["xtal2"]})
    yield opened
    opened.services.catalog.close()


def ask(plate: IsomorphismBench) -> list[MergeId]:
    """Ask for both groups."""
    with plate.services.catalog.transaction() as connection:
        return [
            ask_for_merge(
                connection,
                group,
                [MergeMember(m.run_id, m.crystal_number, m.sweep_name) for m in group.members],
                MergeOptions(),
                "3.12.1",
                requested_by="a test",
            )
            for group in latest_groups(connection, plate.collection_id)
        ]


def test_a_group_without_enough_data_is_skipped_and_a_store_that_is_away_is_tried_again(
    run_dag: RunDag, plate: IsomorphismBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def run_merge(_: Services, merge_id: MergeId) -> Merge:
        with plate.services.catalog.transaction() as connection:
            merge = load_merge(connection, merge_id)
        tries.append(merge.name)
        if merge.group_name == "A":
            outcome = Outcome(OutcomeCode.TOO_FEW_REFLECTIONS, "All data sets were bad.", "merge")
            return replace(merge, state=MergeState.FAILED, outcome=outcome)
        if tries.count(merge.name) == 1:
            raise StoreUnavailableError("The store is away.")
        return replace(merge, state=MergeState.MERGED)

    monkeypatch.setattr(stage, "run_merge", run_merge)
    asked = ask(plate)
    states = run_dag("merge_group", {"merge_ids": asked})
    with plate.services.catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT merge_id FROM beamloop.merge_tasks ORDER BY map_index")
        assert [row["merge_id"] for row in cursor.fetchall()] == asked  # type: ignore[call-overload]
    assert [states["merge", number] for number in (0, 1)] == ["skipped", "success"]
    assert sorted(tries) == ["plate3 A", "plate3 B", "plate3 B"]
    assert states["run", -1] == "success"
