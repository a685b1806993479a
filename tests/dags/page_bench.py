"""The pages as Airflow serves them, without a server: its whole app, its users, the test's own catalogue."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
