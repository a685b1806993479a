"""The pages as Airflow serves them, without a server: its whole app, its users, the test's own catalogue."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg2.extensions import parse_dsn

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

PASSWORDS = {"head": "a", "hand": "b", "reader": "c"}


@dataclass(frozen=True, slots=True)
class PageBench:
    """Airflow's app with the pages, and a token for each user."""

    client: "TestClient"
    tokens: dict[str, str]

    def headers(self, user: str | None) -> dict[str, str]:
        """Return the headers of a request of a user; of nobody for None."""
        return {"authorization": f"Bearer {self.tokens[user]}"} if user else {}


def log_in(client: "TestClient", user: str) -> str:
    """Return the token of a user."""
    answer = client.post("/auth/token", json={"username": user, "password": PASSWORDS[user]})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["access_token"])


def airflow_connection(dsn: str) -> str:
    """Return a database as Airflow's connections are written in the environment."""
    parts = parse_dsn(dsn)
    connection = {
        "conn_type": "postgres",
        "host": parts["host"],
        "port": int(parts["port"]),
        "schema": parts["dbname"],
        "login": parts["user"],
        "password": parts["password"],
    }
    return json.dumps(connection)
