"""Deployment in containers: settings and secrets, Airflow's file, the compose files, the image's recipe."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy.engine import make_url

from beamloop.containers.airflow_file import container_settings
from beamloop.containers.deployment import Executor, read_deployment
from beamloop.containers.serve import service_environment, write_service_files
from beamloop.errors import InvalidInputError
from beamloop.local_stack.airflow_entries import AIRFLOW_VARIABLES

pytestmark = pytest.mark.unit

PROJECT = Path(__file__).parents[2]
DOCKER = PROJECT / "docker"
SERVICES = {"prepare", "entries", "api-server", "scheduler", "dag-processor", "triggerer", "worker"}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deployment") / "secrets"
    subprocess.run(["sh", DOCKER / "make_secrets", folder], check=True, capture_output=True)
    return folder


@pytest.fixture
def environment(secrets: Path, tmp_path: Path) -> dict[str, str]:
    return {"BEAMLOOP_SECRETS": str(secrets), "BEAMLOOP_STATE": str(tmp_path / "state"), "PATH": "/usr/bin"}


def _composed(*files: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Ask a compose program for the whole configuration; it never comes to speak to an engine."""
    argv = [str(Path(sys.executable).parent / "podman-compose")]
    for name in files:
        argv += ["--file", str(DOCKER / name)]
    stand_in = Path(__file__).parent / "engine"
    path = os.pathsep.join([str(stand_in), "/usr/bin", "/bin"])
    return subprocess.run(
        [*argv, "config"], capture_output=True, text=True, check=False, env={"PATH": path, **variables}
    )


@pytest.fixture(scope="module")
def composed() -> dict[str, Any]:
    answer = _composed(
        "compose.yaml",
        "compose.celery.yaml",
        BEAMLOOP_IMAGES="/data",
        BEAMLOOP_BEAMLINES="/etc/beamloop/beamlines",
    )
    assert answer.returncode == 0, answer.stderr
    read: dict[str, Any] = yaml.safe_load(answer.stdout)
    return read


def test_secrets_are_made_once_and_nobody_else_reads_them(secrets: Path) -> None:
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    again = subprocess.run(
        ["sh", DOCKER / "make_secrets", secrets], check=True, capture_output=True, text=True
    )
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before
    assert len(set(before.values())) == len(before) == 10
    assert "made" not in again.stdout
    others_enter = bool(secrets.stat().st_mode & 0o006)
    others_read = any(path.stat().st_mode & 0o077 for path in secrets.iterdir())
    assert not others_enter
    # Only root can give the files to the containers' user; anybody else closes the folder.
    assert others_read == (os.geteuid() != 0)


def test_a_missing_secret_is_named_and_has_no_default(environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="password_admin"):
        read_deployment(environment | {"BEAMLOOP_SECRETS": str(tmp_path)})


def test_a_secret_may_come_from_the_environment(environment: dict[str, str], tmp_path: Path) -> None:
    names = ("password_admin", "service_password", "airflow_database_password", "catalog_password")
    keys = ("jwt_secret", "api_secret_key", "fernet_key")
    given = {f"BEAMLOOP_SECRET_{name.upper()}": f"known {name}" for name in (*names, *keys)}
    deployment = read_deployment(environment | given | {"BEAMLOOP_SECRETS": str(tmp_path)})
    assert deployment.passwords["admin"] == "known password_admin"
    assert deployment.postgres_password == ""  # the databases are given


def test_on_a_postgresql_of_somebody_else_roles_and_databases_are_given(environment: dict[str, str]) -> None:
    assert read_deployment(environment).postgres_password
    elsewhere = read_deployment(environment | {"BEAMLOOP_POSTGRES_HOST": "db.example.org"})
    # The secret is that of the service `postgres`, which stands idle then.
    assert (elsewhere.postgres_host, elsewhere.postgres_password) == ("db.example.org", "")


def test_every_service_is_told_of_servers_elsewhere() -> None:
    told = {
        "BEAMLOOP_POSTGRES_HOST": "db.example.org",
        "BEAMLOOP_POSTGRES_PORT": "5433",
        "BEAMLOOP_S3_ENDPOINT": "s3.example.org",
        "BEAMLOOP_S3_SECURE": "true",
        "BEAMLOOP_S3_REGION": "eu-west-2",
        "BEAMLOOP_S3_BUCKET": "plates",
        "BEAMLOOP_S3_ACCESS_KEY": "known",
    }
    answer = _composed(
        "compose.yaml", "compose.celery.yaml", BEAMLOOP_IMAGES="/data", BEAMLOOP_BEAMLINES="/b", **told
    )
    services = yaml.safe_load(answer.stdout)["services"]
    for name in SERVICES:
        assert told.items() <= services[name]["environment"].items(), name


def test_how_dials_runs_may_be_chosen_in_containers_too(composed: dict[str, Any]) -> None:
    told = composed["services"]["entries"]["environment"]
    assert (told["BEAMLOOP_DIALS_SERVER"], told["BEAMLOOP_REFINEMENT_ENGINE"]) == ("on", "blocked")
    # The service gives them to Airflow as the variables that tasks read.
    assert {"BEAMLOOP_DIALS_SERVER", "BEAMLOOP_REFINEMENT_ENGINE"} <= set(AIRFLOW_VARIABLES.values())


def test_no_secret_reaches_the_environment_or_what_is_printed(
    environment: dict[str, str], secrets: Path
) -> None:
    deployment = read_deployment(environment)
    told = repr(deployment) + repr(service_environment(deployment))
    assert not [path.name for path in secrets.iterdir() if path.read_text() in told]


def test_the_files_of_a_service_are_its_own(environment: dict[str, str]) -> None:
    deployment = read_deployment(environment)
    write_service_files(deployment)
    written = [path for path in deployment.state.rglob("*") if path.is_file()]
    assert {path.name for path in written} == {"airflow.cfg", "passwords.json", "stack.env"}
    assert not [path for path in written if path.stat().st_mode & 0o077]


def test_airflow_keeps_the_pace_of_the_local_stack(environment: dict[str, str]) -> None:
    settings = container_settings(read_deployment(environment))
    assert settings["workers"]["max_failed_heartbeats"] == "10"
    assert settings["core"]["simple_auth_manager_users"] == "admin:admin,beamloop:op"
    assert "celery" not in settings


@pytest.mark.parametrize(
    ("variables", "executor"),
    [({}, "lean_executor.LeanExecutor"), ({"BEAMLOOP_EXECUTOR": "stock"}, "LocalExecutor")],
)
def test_tasks_run_in_the_scheduler_as_they_do_in_a_local_stack(
    environment: dict[str, str], composed: dict[str, Any], variables: dict[str, str], executor: str
) -> None:
    settings = container_settings(read_deployment(environment | variables))
    assert settings["core"]["executor"] == executor
    assert ("scheduler_idle_sleep_time" in settings["scheduler"]) == (executor != "LocalExecutor")
    # Only the lean executor sees the end of a task by itself.
    assert settings["workers"]["min_heartbeat_interval"] == ("1" if executor == "LocalExecutor" else "5")
    # Where the class of that name is found.
    assert settings["core"]["plugins_folder"].endswith("/plugins")
    assert composed["services"]["scheduler"]["environment"]["BEAMLOOP_EXECUTOR"] == "lean"


def test_an_executor_that_is_not_there_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError, match="BEAMLOOP_EXECUTOR"):
        container_settings(read_deployment(environment | {"BEAMLOOP_EXECUTOR": "fast"}))


def test_workers_get_their_tasks_from_the_broker(environment: dict[str, str]) -> None:
    deployment = read_deployment(environment | {"BEAMLOOP_TASKS_RUN": "celery"})
    settings = container_settings(deployment)
    assert deployment.executor is Executor.CELERY
    assert settings["core"]["executor"] == "CeleryExecutor"
    assert settings["workers"]["min_heartbeat_interval"] == "1"
    assert settings["celery"]["broker_url"].endswith("@broker:6379/0")


def test_every_database_is_spoken_to_by_a_driver_that_is_installed(environment: dict[str, str]) -> None:
    settings = container_settings(read_deployment(environment | {"BEAMLOOP_TASKS_RUN": "celery"}))
    for url in (settings["database"]["sql_alchemy_conn"], settings["celery"]["result_backend"]):
        # The driver that an address does not name is SQLAlchemy's choice, which need not be installed.
        dialect = make_url(url.removeprefix("db+")).get_dialect()
        assert dialect.import_dbapi().__name__ == "psycopg2"


def test_a_task_that_a_dead_worker_or_broker_had_is_given_again_within_minutes(
    environment: dict[str, str],
) -> None:
    settings = container_settings(read_deployment(environment | {"BEAMLOOP_TASKS_RUN": "celery"}))
    # The defaults of Airflow's Celery and of the pace are a day each.
    assert int(settings["celery_broker_transport_options"]["visibility_timeout"]) <= 600
    assert int(settings["scheduler"]["task_queued_timeout"]) <= 600
    # The pace's own settings of the scheduler stay.
    assert settings["scheduler"]["task_instance_heartbeat_timeout"] == "60"


@pytest.mark.parametrize(("slots", "tasks"), [("4", 16), ("64", 72)])
def test_a_large_machine_may_run_as_many_tasks_as_dials_programs(
    environment: dict[str, str], slots: str, tasks: int
) -> None:
    settings = container_settings(read_deployment(environment | {"BEAMLOOP_DIALS_SLOTS": slots}))
    assert settings["core"]["parallelism"] == str(tasks)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BEAMLOOP_TASKS_RUN", "kubernetes"),
        ("BEAMLOOP_DIALS_SLOTS", "none"),
        ("BEAMLOOP_POSTGRES_PORT", "0"),
        ("BEAMLOOP_USERS", "ana"),
        ("BEAMLOOP_USERS", "../ana:admin"),
        ("BEAMLOOP_USERS", "beamloop:admin"),
    ],
)
def test_a_setting_that_cannot_be_is_named(environment: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(InvalidInputError, match=name):
        read_deployment(environment | {name: value})


def test_every_service_of_ours_is_locked_down(composed: dict[str, Any]) -> None:
    ours = {name: service for name, service in composed["services"].items() if name in SERVICES}
    assert set(ours) == SERVICES
    for name, service in ours.items():
        assert service["user"] == "10001:10001", name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        images = [volume for volume in service["volumes"] if volume.startswith("/data:")]
        assert images == ["/data:/data:ro"], name


def test_every_service_has_limits_and_every_lasting_one_a_health_check(composed: dict[str, Any]) -> None:
    for name, service in composed["services"].items():
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name
        assert ("healthcheck" in service) == (name not in {"prepare", "entries"}), name


def test_every_lasting_service_of_ours_has_time_to_end(composed: dict[str, Any]) -> None:
    # Measured: the api-server and the triggerer need more than the engine's 10 s.
    grace = {name: composed["services"][name].get("stop_grace_period") for name in SERVICES}
    # A worker finishes its tasks.
    assert grace == dict.fromkeys(SERVICES, "30s") | {"worker": "10m"}


def test_what_is_queued_outlives_the_broker(composed: dict[str, Any]) -> None:
    broker = composed["services"]["broker"]
    (kept,) = broker["volumes"]
    assert kept == {"type": "volume", "source": "queue", "target": "/data", "volume": {"nocopy": True}}
    assert "appendonly yes" in "".join(broker["command"])
    # Its first user gives the volume to the containers' user: the broker may not.
    assert "queue:/srv/beamloop/queue" in composed["services"]["prepare"]["volumes"]
    assert "/srv/beamloop/queue" in (DOCKER / "Dockerfile").read_text()
    assert broker["depends_on"]["prepare"] == {"condition": "service_completed_successfully"}


def test_images_of_others_are_pinned(composed: dict[str, Any]) -> None:
    others = {
        name: service["image"] for name, service in composed["services"].items() if name not in SERVICES
    }
    assert set(others) == {"postgres", "store", "broker"}
    assert not [image for image in others.values() if ":" not in image or image.endswith(":latest")]


def test_no_password_stands_in_the_compose_files(composed: dict[str, Any]) -> None:
    for name, service in composed["services"].items():
        for variable in service.get("environment", {}):
            secretive = any(word in variable for word in ("PASSWORD", "SECRET", "TOKEN"))
            assert not secretive or variable.endswith("_FILE"), f"{name}: {variable}"


def test_every_secret_that_a_service_asks_for_is_made(composed: dict[str, Any], secrets: Path) -> None:
    made = {path.name for path in secrets.iterdir()}
    for name, service in composed["services"].items():
        assert set(service.get("secrets", [])) <= set(composed["secrets"]) & made, name


def test_a_compose_without_the_images_folder_says_which_variable_is_missing() -> None:
    answer = _composed("compose.yaml", BEAMLOOP_BEAMLINES="/etc/beamloop/beamlines")
    assert answer.returncode != 0
    assert "BEAMLOOP_IMAGES" in answer.stderr


def test_the_linter_of_dockerfiles_has_nothing_to_say() -> None:
    linter = Path(sys.executable).parent / "hadolint"
    answer = subprocess.run(
        [linter, "--no-color", DOCKER / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stdout) == (0, "")


def test_the_image_is_made_of_what_is_there() -> None:
    copied = [
        source
        for line in (DOCKER / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    allowed = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    assert copied
    assert not [source for source in copied if not (PROJECT / source).exists() or source not in allowed]
