"""`airflow_settings.yaml`: what is accepted, how faults are told, and what Airflow is given."""

from pathlib import Path
from typing import Any

import pytest

from beamloop.errors import InvalidInputError
from beamloop.local_stack.airflow_entries import apply_entries, machine_entries, with_machine_values
from beamloop.local_stack.layout import SOURCE_TREE
from beamloop.local_stack.settings_file import AirflowEntries, read_settings_file

pytestmark = pytest.mark.unit

CATALOG = {"host": "127.0.0.1", "port": "40000", "dbname": "beamloop", "user": "beamloop", "password": "p"}
LOCAL = {
    "BEAMLOOP_RUNS": "/state/runs",
    "BEAMLOOP_ARTIFACTS": "/state/artifacts",
    "BEAMLOOP_BEAMLINES": "/b",
    "BEAMLOOP_AIRFLOW_URL": "http://127.0.0.1:8081",
    "BEAMLOOP_AIRFLOW_USER": "admin",
    "BEAMLOOP_AIRFLOW_PASSWORD": "%/@",
}
S3 = {
    "BEAMLOOP_S3_ENDPOINT": "store:9000",
    "BEAMLOOP_S3_ACCESS_KEY": "key",
    "BEAMLOOP_S3_SECRET_KEY": "secret",
    "BEAMLOOP_S3_SECURE": "false",
}


class RecordingClient:
    """Stands for Airflow's client: keeps what it was told to put."""

    def __init__(self) -> None:
        self.put_entities: dict[str, list[dict[str, Any]]] = {}

    def put(self, kind: str, entities: list[dict[str, Any]]) -> None:
        """Keep the entities."""
        self.put_entities[kind] = list(entities)


def _read(tmp_path: Path, text: str) -> AirflowEntries:
    path = tmp_path / "airflow_settings.yaml"
    path.write_text(text)
    return read_settings_file(path)


def _applied(entries: AirflowEntries) -> dict[str, list[dict[str, Any]]]:
    client = RecordingClient()
    apply_entries(client, entries)  # type: ignore[arg-type]
    return client.put_entities


def test_the_projects_own_file_is_good_and_has_what_the_dags_need() -> None:
    entries = read_settings_file(SOURCE_TREE / "airflow_settings.yaml")
    assert {entry.conn_id for entry in entries.connections} == {
        "beamloop_catalog",
        "beamloop_airflow",
        "beamloop_artifacts",
        "beamloop_runs",
    }
    assert {entry.pool_name for entry in entries.pools} >= {"dials", "refinement"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("airflow: [", "is not YAML"),
        ("", "SettingsFile"),
        ("airflow: {pool: []}", "airflow, pool: Extra inputs"),
        (
            "airflow: {connections: [{conn_id: a, conn_uri: x}, {conn_id: b}]}",
            "connections, entry 2: .*conn_type",
        ),
        ("airflow: {connections: [{conn_id: 'a b', conn_type: fs}]}", "connections, entry 1, conn_id"),
        ("airflow: {pools: [{pool_name: p, pool_slot: many}]}", "pools, entry 1, pool_slot"),
        ("airflow: {variables: [{variable_value: v}]}", "variables, entry 1, variable_name: Field required"),
    ],
)
def test_a_fault_is_told_with_file_entry_and_field(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(InvalidInputError, match=fault) as caught:
        _read(tmp_path, text)
    assert "airflow_settings.yaml" in caught.value.what


def test_a_fault_does_not_show_the_password(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        _read(tmp_path, "airflow: {connections: [{conn_id: a, conn_password: hunter2}]}")
    assert "hunter2" not in str(caught.value)


def test_entries_that_the_astro_cli_skips_are_skipped(tmp_path: Path) -> None:
    entries = _read(
        tmp_path,
        "airflow: {pools: [{pool_name: a, pool_slot: 0}, {pool_name: b, pool_slot: 3}],"
        " variables: [{variable_name: v, variable_value: ''}]}",
    )
    put = _applied(entries)
    assert put["pools"] == [{"name": "b", "slots": 3, "description": ""}]
    assert put["variables"] == []


def test_a_connection_uri_is_taken_apart(tmp_path: Path) -> None:
    uri = "postgres://ana:p%40ss@host:5433/db?sslmode=require"
    entries = _read(tmp_path, f"airflow: {{connections: [{{conn_id: c, conn_uri: '{uri}'}}]}}")
    assert _applied(entries)["connections"] == [
        {
            "connection_id": "c",
            "conn_type": "postgres",
            "host": "host",
            "port": 5433,
            "login": "ana",
            "password": "p@ss",
            "schema": "db",
            "extra": '{"sslmode": "require"}',
        }
    ]


def test_this_machines_values_lie_over_the_files_and_the_rest_stays(tmp_path: Path) -> None:
    file_entries = _read(
        tmp_path,
        "airflow: {connections: [{conn_id: beamloop_runs, conn_type: fs, conn_extra: {path: /srv}},"
        " {conn_id: mine, conn_type: http, conn_host: h}], pools: [{pool_name: dials, pool_slot: 99}]}",
    )
    put = _applied(with_machine_values(file_entries, machine_entries(CATALOG, LOCAL, slots=7)))
    connections = {entry["connection_id"]: entry for entry in put["connections"]}
    assert connections["beamloop_runs"]["extra"] == '{"path": "/state/runs"}'
    assert connections["beamloop_catalog"]["port"] == 40000
    assert connections["mine"]["host"] == "h"
    assert connections["beamloop_airflow"] == {
        "connection_id": "beamloop_airflow",
        "conn_type": "http",
        "schema": "http",
        "host": "127.0.0.1",
        "port": 8081,
        "login": "admin",
        "password": "%/@",
    }
    assert [(pool["name"], pool["slots"]) for pool in put["pools"]] == [("dials", 7)]


def test_artifacts_go_to_s3_when_an_endpoint_is_set() -> None:
    entries = machine_entries(CATALOG, LOCAL | S3)
    artifacts = next(entry for entry in entries.connections if entry.conn_id == "beamloop_artifacts")
    assert artifacts.conn_type == "aws"
    assert isinstance(artifacts.conn_extra, dict)
    assert artifacts.conn_extra["endpoint_url"] == "http://store:9000"
    assert "secret" not in repr(artifacts)
