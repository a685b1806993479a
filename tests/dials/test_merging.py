"""Merging with real DIALS, PostgreSQL and store: published L-cysteine, adopted, once, whatever is killed."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gemmi
import pytest
from tests.services.joint_bench import JointBench
from tests.services.killed_steps import kill_at
from tests.services.shell_calls import call, point_at

from beamloop.adopt.adopt import AdoptionRequest, adopt
from beamloop.adopt.find_pairs import given_pairs
from beamloop.catalog.connection import Catalog
from beamloop.catalog.merging import load_merge, merge_result
from beamloop.catalog.runs import artifacts_of_step
from beamloop.dials_cli.handle import Dials
from beamloop.errors import ArtifactDamagedError
from beamloop.merging import stage
from beamloop.merging.ask import ask_for_groups
from beamloop.merging.stage import run_merge
from beamloop.records.merging import MergeId, MergeState
from beamloop.records.outcome import OutcomeCode
from beamloop.services import Services
from beamloop.settings import StoreSettings
from beamloop.storage.opening import open_store

L_CYSTEINE = Path(__file__).parents[3] / "shared" / "data" / "l_cysteine_integrated"

pytestmark = [
    pytest.mark.dials,
    pytest.mark.skipif(not L_CYSTEINE.is_dir(), reason=f"{L_CYSTEINE} is not there"),
]

# The programs' work stands after the first; killed before it, all is done again.
ENDS = ("upload", "record")


@pytest.fixture
def services(tmp_path: Path, catalog_dsn: str, served_dials: Dials) -> Iterator[Services]:
    with Catalog(catalog_dsn) as catalog:
        store = open_store(StoreSettings(directory=tmp_path / "artifacts"))
        yield Services(catalog, store, served_dials, tmp_path / "runs")


def adopted(services: Services, *sweeps: int) -> JointBench:
    """Adopt sweeps and put them into one group."""
    kinds = ("integrated_experiments.json", "integrated.pickle")
    files = [L_CYSTEINE / f"{number}_{kind}" for number in sweeps for kind in kinds]
    summary = adopt(
        services, AdoptionRequest(L_CYSTEINE, given_pairs(files), "bench", "a test", trust_pickles=True)
    )
    assert summary.refusals == ()
    assert summary.collection_id is not None
    bench = JointBench(services, summary.collection_id)
    bench.report({"A": [sweep.name for sweep in summary.sweeps]})
    return bench


def ask(bench: JointBench, d_min_angstrom: float) -> MergeId:
    with bench.services.catalog.transaction() as connection:
        asked = ask_for_groups(
            connection,
            bench.services.dials.version(),
            bench.collection_id,
            requested_by="a test",
            d_min_angstrom=d_min_angstrom,
        )
    assert asked.refusals == {}
    (merge_id,) = asked.merge_ids
    return merge_id


def test_two_sweeps_killed_at_every_end_are_merged_once(
    services: Services, tmp_path: Path, catalog_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = adopted(services, 25, 30)
    merge_id = ask(bench, 1.0)
    assert ask(bench, 1.0) == merge_id
    for end in ENDS:
        kill_at(end, stage, monkeypatch)
        with pytest.raises(KeyboardInterrupt):
            run_merge(services, merge_id)
        monkeypatch.undo()
    merge = run_merge(services, merge_id)
    assert merge.state is MergeState.MERGED, merge.sentence
    with services.catalog.transaction() as connection:
        result = merge_result(connection, merge_id)
    merged = result.merged
    assert merged is not None
    # Published: P 21 21 21; the cells of these sweeps are up to 1 % off, see the joint refinement.
    assert merged.space_group == "P 21 21 21"
    assert merged.cell[:3] == pytest.approx((5.428, 8.141, 12.038), rel=0.015)
    assert merged.dataset_count == 2
    overall = merged.overall
    assert overall.d_min_angstrom == pytest.approx(1.0, abs=0.01)
    # Two of three sweeps: by hand three of them gave 96.6 %, 6.1 times, Rmeas 0.043, CC1/2 1.000 to 0.59 Å.
    assert (overall.completeness_percent or 0) > 90
    assert 3 < (overall.multiplicity or 0) < 6
    assert 0.02 < (overall.r_meas or 1) < 0.08
    assert (overall.cc_half or 0) > 0.98
    assert (overall.i_over_sigma or 0) > 20
    assert sum(shell.observation_count for shell in merged.shells) == overall.observation_count
    assert merged.shells[0].d_max_angstrom > merged.shells[-1].d_min_angstrom
    _mtz_agrees(services, result.files["merged.mtz"], tmp_path, overall.unique_count)
    shown = _shown(tmp_path, catalog_dsn, monkeypatch)
    assert shown["merged"]["overall"]["unique_count"] == overall.unique_count


def _mtz_agrees(services: Services, key: str, folder: Path, unique_count: int) -> None:
    """Compare with what another program reads in the file."""
    stored = services.store.stat(key)
    services.store.fetch(key, folder / "merged.mtz", sha256=stored.sha256)
    mtz = gemmi.read_mtz_file(str(folder / "merged.mtz"))
    assert mtz.spacegroup.hm == "P 21 21 21"
    assert mtz.resolution_high() == pytest.approx(1.0, abs=0.01)
    values = mtz.column_with_label("IMEAN").array
    assert sum(not math.isnan(value) for value in values) == unique_count


def _shown(folder: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what the command says of the same work: it starts nothing."""
    point_at(monkeypatch, dsn, folder)
    arguments = ("merge", str(L_CYSTEINE), "--d-min", "1.0")
    assert "P 21 21 21" in call(*arguments)
    (shown,) = json.loads(call(*arguments, "--json"))["merges"]
    return dict(shown)


def test_a_damaged_artifact_ends_the_merge_with_its_name(services: Services) -> None:
    bench = adopted(services, 25)
    merge_id = ask(bench, 1.5)
    with services.catalog.transaction() as connection:
        (member,) = load_merge(connection, merge_id).taken
        key = artifacts_of_step(connection, member.run_id, "integrate")["integrated.refl"].key
    path = next(p for p in services.run_root.parent.rglob("*") if p.is_file() and str(p).endswith(key))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ArtifactDamagedError):
        run_merge(services, merge_id)
    merge = run_merge(services, merge_id)
    assert merge.outcome is not None
    assert merge.outcome.code is OutcomeCode.ARTIFACT_DAMAGED
    assert "integrated.refl" in merge.sentence
    # What failed may be asked for again.
    assert ask(bench, 1.5) != merge_id


@pytest.mark.parametrize("d_min_angstrom", [7.0, 5.0], ids=["for_scaling", "for_statistics"])
def test_a_sweep_with_too_few_reflections_ends_in_plain_words(
    services: Services, d_min_angstrom: float
) -> None:
    merge = run_merge(services, ask(adopted(services, 25), d_min_angstrom))
    assert merge.outcome is not None
    assert merge.outcome.code is OutcomeCode.TOO_FEW_REFLECTIONS, merge.sentence
