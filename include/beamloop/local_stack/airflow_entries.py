"""Give Airflow its connections, pools and variables: the file's and this machine's."""

import json
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from beamloop.local_stack.airflow_rest import AirflowClient
from beamloop.local_stack.settings_file import (
    AirflowEntries,
    ConnectionEntry,
    PoolEntry,
    VariableEntry,
)

AIRFLOW_VARIABLES = {
    "beamloop_beamlines_directory": "BEAMLOOP_BEAMLINES",
    "beamloop_dials_bin": "BEAMLOOP_DIALS_BIN",
    "beamloop_dials_python": "BEAMLOOP_DIALS_PYTHON",
    "beamloop_dials_server": "BEAMLOOP_DIALS_SERVER",
    "beamloop_refinement_engine": "BEAMLOOP_REFINEMENT_ENGINE",
    "beamloop_airflow_history_days": "BEAMLOOP_AIRFLOW_HISTORY_DAYS",
}


def with_machine_values(entries: AirflowEntries, machine: AirflowEntries) -> AirflowEntries:
    """Replace the file's entries by this machine's of the same name, and add those the file lacks."""
    return AirflowEntries(
        connections=list(
            {entry.conn_id: entry for entry in (*entries.connections, *machine.connections)}.values()
        ),
        pools=list({entry.pool_name: entry for entry in (*entries.pools, *machine.pools)}.values()),
        variables=list(
            {entry.variable_name: entry for entry in (*entries.variables, *machine.variables)}.values()
        ),
    )


def machine_entries(
    catalog: Mapping[str, str], variables: Mapping[str, str], *, slots: int | None = None
) -> AirflowEntries:
    """Describe what differs from machine to machine.

    Parameters
    ----------
    catalog
        The catalogue's connection by libpq's names: host, port, dbname, user, password.
    variables
        The stack's `BEAMLOOP_*` variables.
    slots
        How many DIALS programs run at once; None: as many as this process may use cores.
    """
    dials_slots = slots or len(os.sched_getaffinity(0))
    return AirflowEntries(
        connections=[
            ConnectionEntry(
                conn_id="beamloop_catalog",
                conn_type="postgres",
                conn_host=catalog["host"],
                conn_port=int(catalog["port"]),
                conn_schema=catalog["dbname"],
                conn_login=catalog["user"],
                conn_password=catalog["password"],
            ),
            _artifact_connection(variables),
            _own_connection(variables),
            ConnectionEntry(
                conn_id="beamloop_runs", conn_type="fs", conn_extra={"path": variables["BEAMLOOP_RUNS"]}
            ),
        ],
        pools=[
            PoolEntry(
                pool_name="dials",
                pool_slot=dials_slots,
                pool_description="DIALS programs: one slot per core",
            )
        ],
        variables=[
            VariableEntry(variable_name=airflow_name, variable_value=variables[name])
            for airflow_name, name in AIRFLOW_VARIABLES.items()
            if variables.get(name)
        ],
    )


def _own_connection(variables: Mapping[str, str]) -> ConnectionEntry:
    """Describe Airflow's own REST API, by which the watcher starts DAG runs."""
    address = urlsplit(variables["BEAMLOOP_AIRFLOW_URL"])
    return ConnectionEntry(
        conn_id="beamloop_airflow",
        conn_type="http",
        conn_schema=address.scheme,
        conn_host=address.hostname or "",
        conn_port=address.port or 0,
        conn_login=variables["BEAMLOOP_AIRFLOW_USER"],
        conn_password=variables["BEAMLOOP_AIRFLOW_PASSWORD"],
    )


def _artifact_connection(variables: Mapping[str, str]) -> ConnectionEntry:
    if "BEAMLOOP_S3_ENDPOINT" not in variables:
        return ConnectionEntry(
            conn_id="beamloop_artifacts",
            conn_type="fs",
            conn_extra={"path": variables["BEAMLOOP_ARTIFACTS"]},
        )
    scheme = "http" if variables.get("BEAMLOOP_S3_SECURE", "true").lower() == "false" else "https"
    return ConnectionEntry(
        conn_id="beamloop_artifacts",
        conn_type="aws",
        conn_login=variables["BEAMLOOP_S3_ACCESS_KEY"],
        conn_password=variables["BEAMLOOP_S3_SECRET_KEY"],
        conn_extra={
            "endpoint_url": f"{scheme}://{variables['BEAMLOOP_S3_ENDPOINT']}",
            "region_name": variables.get("BEAMLOOP_S3_REGION", "us-east-1"),
            "bucket": variables.get("BEAMLOOP_S3_BUCKET", "beamloop"),
        },
    )


def apply_entries(client: AirflowClient, entries: AirflowEntries) -> None:
    """Create or update every entry; as in the Astro CLI, empty variables and slots of 0 are skipped.

    Raises
    ------
    PermanentError
        When Airflow refuses an entry.
    TransientError
        When Airflow does not answer.
    """
    client.put("connections", [_connection_body(entry) for entry in entries.connections])
    pools = [entry for entry in entries.pools if entry.pool_slot]
    client.put(
        "pools",
        [
            {"name": entry.pool_name, "slots": entry.pool_slot, "description": entry.pool_description}
            for entry in pools
        ],
    )
    variables = [entry for entry in entries.variables if entry.variable_value]
    client.put(
        "variables", [{"key": entry.variable_name, "value": entry.variable_value} for entry in variables]
    )


def _connection_body(entry: ConnectionEntry) -> dict[str, Any]:
    body: dict[str, Any] = _parts_of_uri(entry.conn_uri) if entry.conn_uri else {}
    given = {
        "conn_type": entry.conn_type,
        "host": entry.conn_host,
        "schema": entry.conn_schema,
        "login": entry.conn_login,
        "password": entry.conn_password,
        "port": entry.conn_port,
        "extra": entry.conn_extra if isinstance(entry.conn_extra, str) else json.dumps(entry.conn_extra),
    }
    return {"connection_id": entry.conn_id, **body, **{name: value for name, value in given.items() if value}}


def _parts_of_uri(uri: str) -> dict[str, Any]:
    """Take a connection URI apart as Airflow does: type://login:password@host:port/schema?extra=..."""
    parts = urlsplit(uri)
    found = {
        "conn_type": parts.scheme,
        "host": unquote(parts.hostname or ""),
        "schema": unquote(parts.path.removeprefix("/")),
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "port": parts.port,
        "extra": json.dumps(dict(parse_qsl(parts.query))) if parts.query else "",
    }
    return {name: value for name, value in found.items() if value}
