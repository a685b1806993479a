"""See the containers work, in a real Docker engine; not part of `make test`, which needs none.

    .venv/bin/pytest tests/containers/trial.py

BEAMLOOP_TEST_DOCKER      the engine's command line; default `docker`. tests/containers/engine makes an engine
                          from Debian's packages
BEAMLOOP_TEST_STAND_INS   any value: take Debian's servers for PostgreSQL's, MinIO's and Valkey's images,
                          under their names, where no registry of images is to be had
BEAMLOOP_TEST_BUILD       options of the engine's `build`, e.g. `--network=host`

Runs as root: it kills containers as a crash would. The image is built from the tree as it stands;
debian:12-slim must be there or to be had. The tests build on each other, in their order: one machine first,
then Celery's workers over the same volumes.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.containers.deployment import Deployment, Kept, deliver, wait_for

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(3600)]

STAND_INS = {
    "postgres": "postgres:15.14-bookworm",
    "store": "minio/minio:RELEASE.2025-04-22T22-12-26Z",
    "broker": "valkey/valkey:8.1-bookworm",
}
# What two runs over the same images have in common, to the last digit.
FACTS = ("sweep", "outcome", "spot_count", "indexed_count", "summed_count", "steps_done", "cell")
CELERY = ("compose.yaml", "compose.celery.yaml")


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    """Provide a deployment on one machine, from its image to all services well."""
    stands_in = bool(os.environ.get("BEAMLOOP_TEST_STAND_INS"))
    folder = Path(tempfile.mkdtemp(prefix="beamloop-trial-"))
    made = Deployment(
        docker=os.environ.get("BEAMLOOP_TEST_DOCKER", "docker"),
        folder=folder,
        access_key="beamloop:owner" if stands_in else "beamloop",
    )
    build = ("build", "--quiet", *os.environ.get("BEAMLOOP_TEST_BUILD", "").split())
    made.engine(*build, "--file", "docker/Dockerfile", "--tag", made.image, ".")
    for name, image in STAND_INS.items() if stands_in else ():
        recipe = f"tests/containers/stand_ins/{name}.Dockerfile"
        made.engine(*build, "--file", recipe, "--tag", image, "tests")
    made.prepare_folders()
    everything = replace(made, files=CELERY)
    try:
        made.up()
        yield made
    finally:
        everything.compose("down", "--volumes")
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def workers(deployment: Deployment) -> Deployment:
    """Provide the same deployment with two of Celery's workers."""
    celery = replace(deployment, files=CELERY)
    celery.up("--scale", "worker=2")
    return celery


def _facts(deployment: Deployment, collection: str) -> list[tuple[object, ...]]:
    return [tuple(sweep[name] for name in FACTS) for sweep in deployment.show(collection)]


def _process(deployment: Deployment, collection: str) -> list[tuple[object, ...]]:
    deliver(deployment.hutch / collection)
    wait_for(lambda: deployment.is_done(collection), f"{collection} is processed")
    return _facts(deployment, collection)


def _assert_nothing_lost_or_doubled(deployment: Deployment, collection: str) -> None:
    assert _facts(deployment, collection) == _facts(deployment, "undisturbed")
    assert (
        deployment.ask("SELECT sweep_id, count(*) FROM beamloop.runs GROUP BY sweep_id HAVING count(*) > 1")
        == []
    )


def test_all_services_are_well(deployment: Deployment) -> None:
    states = deployment.states()
    assert states.pop("prepare") == states.pop("entries") == "exited 0"
    assert set(states.values()) == {"healthy"}


def test_a_service_may_write_neither_its_program_nor_the_images(deployment: Deployment) -> None:
    told = deployment.execute("scheduler", "sh", "-c", "id -u; grep CapEff /proc/self/status").split()
    assert told == ["10001", "CapEff:", "0000000000000000"]
    for place in ("/opt/beamloop", str(deployment.hutch)):
        with pytest.raises(subprocess.CalledProcessError):
            deployment.execute("scheduler", "touch", f"{place}/written")


def test_a_watched_collection_is_processed(deployment: Deployment) -> None:
    facts = _process(deployment, "undisturbed")
    assert [fact[1] for fact in facts] == ["processed", "processed"]


def test_the_pages_want_a_login(deployment: Deployment) -> None:
    assert httpx.get(f"{deployment.url}/beamloop/api/now").status_code == httpx.codes.UNAUTHORIZED
    assert deployment.log_in("a guess").status_code == httpx.codes.UNAUTHORIZED
    page = deployment.get("/beamloop/api/health")
    assert {check["is_well"] for check in page.json()["checks"]} == {True}
    (file,) = deployment.ask("SELECT min(artifact_id) FROM beamloop.artifacts WHERE name LIKE '%.mtz'")
    assert deployment.get(f"/beamloop/files/run/{file[0]}").content.startswith(b"MTZ ")


def test_a_killed_scheduler_loses_and_doubles_nothing(deployment: Deployment) -> None:
    deliver(deployment.hutch / "killed_scheduler")
    wait_for(lambda: deployment.is_at_work("killed_scheduler"), "DIALS is at work")
    deployment.kill("scheduler")
    wait_for(lambda: deployment.is_done("killed_scheduler"), "killed_scheduler is processed")
    _assert_nothing_lost_or_doubled(deployment, "killed_scheduler")


def test_services_end_when_they_are_told(deployment: Deployment) -> None:
    services = ("triggerer", "dag-processor", "api-server", "scheduler")
    deployment.compose("stop", *services)
    states = deployment.states()
    # 137 is a service that had to be killed.
    assert {states[name] for name in services} <= {"exited 0", "exited 143"}
    deployment.up()


def test_a_backup_brings_everything_back(deployment: Deployment) -> None:
    kept = Kept.of(deployment)
    deployment.compose("down", "--volumes")
    kept.restore(deployment)
    deployment.up()
    _assert_nothing_lost_or_doubled(deployment, "killed_scheduler")
    (file,) = deployment.ask("SELECT min(artifact_id) FROM beamloop.artifacts WHERE name LIKE '%.mtz'")
    assert deployment.get(f"/beamloop/files/run/{file[0]}").content.startswith(b"MTZ ")


def test_passwords_and_keys_can_be_changed(deployment: Deployment) -> None:
    old = deployment.secret("password_admin")
    key = deployment.secret("fernet_key")
    for path in (deployment.folder / "secrets").iterdir():
        # The superuser's is changed in PostgreSQL, first.
        if path.name != "postgres_password":
            path.unlink()
    deployment.prepare_folders()
    both = deployment.folder / "secrets" / "fernet_key"
    both.chmod(0o600)
    both.write_text(f"{both.read_text()},{key}")
    deployment.up("--force-recreate")
    assert deployment.log_in(old).status_code == httpx.codes.UNAUTHORIZED
    assert deployment.log_in(deployment.secret("password_admin")).is_success
    both.write_text(both.read_text().partition(",")[0])
    deployment.up("--force-recreate")
    assert _process(deployment, "changed_passwords") == _facts(deployment, "undisturbed")


def test_workers_process_a_collection(workers: Deployment) -> None:
    assert workers.states()["worker-2"] == "healthy"
    assert _process(workers, "by_workers") == _facts(workers, "undisturbed")


def test_a_killed_worker_loses_and_doubles_nothing(workers: Deployment) -> None:
    deliver(workers.hutch / "killed_worker")
    wait_for(lambda: workers.is_at_work("killed_worker"), "DIALS is at work")
    for number in (1, 2):
        workers.kill("worker", number)
    wait_for(lambda: workers.is_done("killed_worker"), "killed_worker is processed")
    _assert_nothing_lost_or_doubled(workers, "killed_worker")


def test_a_killed_broker_keeps_what_is_queued(workers: Deployment) -> None:
    workers.compose("stop", "worker")
    deliver(workers.hutch / "killed_broker")
    wait_for(lambda: workers.is_asked_for("killed_broker"), "its DAG run is there")
    time.sleep(10)  # for the scheduler to queue its first task
    workers.kill("broker")
    workers.up("--scale", "worker=2")
    wait_for(lambda: workers.is_done("killed_broker"), "killed_broker is processed")
    _assert_nothing_lost_or_doubled(workers, "killed_broker")
