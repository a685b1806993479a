"""The joint stage with real DIALS, PostgreSQL and store: what stands whatever is killed, lost or damaged."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from tests.services.joint_bench import JointBench
from tests.services.killed_steps import ENDS, kill_at
from tests.services.postgres_server import TEMPLATE, PostgresServer
from tests.services.sweep_bench import SweepBench, open_bench

from beamloop.catalog.joint import artifacts_of_joint_step
from beamloop.catalog.runs import artifacts_of_step
from beamloop.dials_cli.experiments import read_experiments
from beamloop.dials_cli.handle import Dials
from beamloop.joint import stage
from beamloop.records.joint import JointOptions, JointState
from beamloop.records.outcome import OutcomeCode
from beamloop.simulate import read_truth

pytestmark = pytest.mark.dials

CELL = "98.3,98.3,136.6,90,90,120"


@pytest.fixture(scope="module")
def sweeps(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: PostgresServer,
    tiny_images: Path,
    served_dials: Dials,
) -> Iterator[SweepBench]:
    """Two wedges, processed once for all tests of this file."""
    name = f"test_{uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    folder = tmp_path_factory.mktemp("joint")
    images = folder / "images"
    shutil.copytree(tiny_images, images)
    settings = ("index.indexing.method=fft1d",)
    made = open_bench(
        folder, postgres.dsn(name), images, settings=settings, space_group="H 3", unit_cell=CELL
    )
    made = replace(made, services=replace(made.services, dials=served_dials))
    for sweep in made.runs:
        outcome = made.do(sweep)
        assert outcome is not None
        assert outcome.code is OutcomeCode.PROCESSED
    yield made
    made.services.catalog.close()
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def bench(sweeps: SweepBench) -> JointBench:
    made = JointBench(sweeps.services, sweeps.collection_id)
    made.report({"A": list(sweeps.runs)})
    return made


def test_two_wedges_killed_at_every_end_of_every_step_are_refined_once(
    bench: JointBench, sweeps: SweepBench, tiny_images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joint_id = bench.ask()
    for step in ("refine", "integrate", "report"):
        for end in ENDS:
            kill_at(end, stage, monkeypatch)
            with pytest.raises(KeyboardInterrupt):
                bench.do(joint_id, step)
            monkeypatch.undo()
            assert step not in bench.joint(joint_id).steps_done
        result = bench.do(joint_id, step)
        assert step in bench.joint(joint_id).steps_done
        # The next step is done on another machine, which has the store only.
        shutil.rmtree(bench.folder(joint_id))
    assert result.joint.state is JointState.PUBLISHED
    assert result.comparison is not None
    truth = read_truth(tiny_images)
    for member in result.comparison.members:
        crystal = truth.sweep(member.name).crystal
        assert crystal is not None
        assert member.after is not None
        # Narrow wedges refined jointly without metrology: dials.md measured 0.04 % on average.
        assert member.after.cell[:3] == pytest.approx(crystal.unit_cell.as_tuple()[:3], rel=0.002)
    assert {"integrate/xtal1_1.mtz", "integrate/xtal2_1.mtz", "report/report.html"} <= set(result.files)
    assert {step.step for step in result.steps} == {"refine", "integrate", "report"}
    assert all(step.cpu_s > 0.1 for step in result.steps if step.step != "report")
    _every_object_is_vouched_for(bench, joint_id)


def _every_object_is_vouched_for(bench: JointBench, joint_id: object) -> None:
    """Assert that the store holds what the catalogue says, and nothing else, below this joint's place."""
    joint = bench.joint(joint_id)  # type: ignore[arg-type]
    with bench.services.catalog.transaction() as connection:
        recorded = [
            stored
            for step in joint.steps_done
            for stored in artifacts_of_joint_step(connection, joint.joint_id, step).values()
        ]
    there = {stored.key for stored in bench.services.store.list(f"{joint.place}/")}
    assert {stored.key for stored in recorded} <= there
    for stored in recorded:
        assert bench.services.store.stat(stored.key).sha256 == stored.sha256


def test_members_are_divided_and_end_on_one_detector_all_the_same(bench: JointBench) -> None:
    options = JointOptions(crystals_at_once=1)
    result = bench.do(bench.ask(options=options), "refine")
    assert result.comparison is not None
    assert result.comparison.parts == 2
    assert any("Divided into 2" in note for note in result.comparison.notes)
    after = result.comparison.after
    assert after.distance_least_mm == pytest.approx(after.distance_greatest_mm, abs=1e-9)
    refined = bench.folder(result.joint.joint_id) / "refine" / "refined.expt"
    templates = [Path(one.template).name for one in read_experiments(refined).experiments]
    # The stronger crystal was refined first; all that follows takes the files in the members' order.
    assert templates == [f"{member.name}_#####.cbf" for member in result.comparison.members]
    strengths = [member.before.used_count for member in result.comparison.members if member.before]
    assert strengths[0] < strengths[1]


def test_a_sweep_deleted_in_between_has_models_but_no_mtz(bench: JointBench, sweeps: SweepBench) -> None:
    (sweeps.folder / "images" / "xtal2_1_00003.cbf").unlink()
    result = bench.do(bench.ask(again=True))
    assert result.joint.state is JointState.PUBLISHED
    (integrate,) = (step for step in result.steps if step.step == "integrate")
    assert "1 MTZ files; without one: xtal2_1 (1 of its " in integrate.finding
    assert "integrate/xtal2_1.mtz" not in result.files


def test_a_damaged_artifact_leaves_by_name_and_one_crystal_alone_is_told_of(
    bench: JointBench, sweeps: SweepBench
) -> None:
    with bench.services.catalog.transaction() as connection:
        key = artifacts_of_step(connection, sweeps.runs["xtal1_1"], "refine")["refined.refl"].key
    path = next(p for p in sweeps.artifacts.rglob("*") if p.is_file() and str(p).endswith(key))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    result = bench.do(bench.ask(again=True))
    assert result.joint.state is JointState.FAILED
    assert result.joint.outcome is not None
    assert result.joint.outcome.code is OutcomeCode.TOO_FEW_REFLECTIONS
    assert "xtal1_1:" in result.joint.sentence
    assert "refined.refl" in result.joint.sentence
