"""Services go away while people look: PostgreSQL is stopped, the store is a real S3 server that ends."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.dags.page_bench import PageBench
from tests.end_to_end.page_visitor import PATIENCE_MS, Visitor
from tests.services.artifact_backends import raw_client
from tests.services.filled_catalogue import FilledCatalogue
from tests.services.postgres_server import PostgresServer
from tests.services.running_swift import SwiftServer, running_swift

from beamloop.records.outcome import OutcomeCode
from beamloop.settings import StoreSettings
from beamloop.storage.opening import open_store

pytestmark = pytest.mark.dags

expect.set_options(timeout=PATIENCE_MS)
BUCKET = "beamloop"


@pytest.mark.browser
def test_a_page_says_that_postgresql_is_stopped_and_comes_back_by_itself(
    hand: Visitor, plate_catalogue: FilledCatalogue, postgres: PostgresServer
) -> None:
    plate_catalogue.ask("xtal1_1")
    plate_catalogue.end("xtal1_1", OutcomeCode.PROCESSED, "RMSD 0.2 px", "refine")
    page = hand.visit("now")
    row = page.locator("#collections").get_by_role("row").filter(has_text="plate3")
    expect(row).to_be_visible()
    other = page.context.new_page()
    with postgres.stopped():
        stale = "not up to date: The catalogue (PostgreSQL) does not answer."
        expect(page.locator("#freshness")).to_have_text(stale)
        expect(row).to_be_visible()
        expect(page.locator("#health")).to_contain_text("✗ Catalogue")
        other.goto(f"{hand.base_url}/beamloop/collection/1")
        expect(other.get_by_role("alert")).to_contain_text("The catalogue (PostgreSQL) does not answer.")
    expect(page.locator("#freshness")).to_contain_text("up to date,")
    expect(page.locator("#freshness")).not_to_contain_text("not up")
    expect(other.get_by_role("heading", level=1)).to_have_text("plate3")
    expect(page.locator("#health")).to_contain_text("✓ Catalogue")
    assert [words for words in hand.complaints if "503" not in words] == []


@pytest.fixture
def swift(pages: PageBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SwiftServer]:
    """Provide an S3 server, and point the pages at a bucket of it."""
    from beamloop_ui import health

    with running_swift(tmp_path) as server:
        connection = {
            "conn_type": "aws",
            "login": server.owner_access_key,
            "password": server.secret_key,
            "extra": {"endpoint_url": f"http://{server.endpoint}", "bucket": BUCKET},
        }
        monkeypatch.setenv("AIRFLOW_CONN_BEAMLOOP_ARTIFACTS", json.dumps(connection))
        health.store.cache_clear()
        yield server
    health.store.cache_clear()


def _settings(swift: SwiftServer) -> StoreSettings:
    return StoreSettings(
        endpoint=swift.endpoint, bucket=BUCKET, access_key=swift.owner_access_key,
        secret_key=swift.secret_key, secure=False,
    )  # fmt: skip


def _store_log(swift: SwiftServer, plate: FilledCatalogue, data: bytes) -> str:
    """Keep the log of run 1's index step in the bucket; return its key."""
    kept = open_store(_settings(swift)).put_bytes("i24/plate3/xtal1_1/run-1/index/dials.index.log", data)
    with plate.catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE beamloop.artifacts SET key = %s, sha256 = %s, size_bytes = %s WHERE step = 'index'",
            (kept.key, kept.sha256, kept.size_bytes),
        )
    return kept.key


def _get(pages: PageBench, path: str, **parameters: Any) -> Any:
    # Airflow compresses otherwise, and announces no length then.
    headers = pages.headers("reader") | {"accept-encoding": "identity"}
    return pages.client.get(f"/beamloop/{path}", headers=headers, params=parameters or None)


def test_files_in_s3_are_downloaded_through_the_pages_and_a_lost_one_is_told(
    pages: PageBench, plate_catalogue: FilledCatalogue, swift: SwiftServer
) -> None:
    plate_catalogue.ask("xtal1_1")
    plate_catalogue.end("xtal1_1", OutcomeCode.NO_LATTICE, "No lattice.")
    # More than the store hands out in one piece.
    data = b"Found 214 spots\n" * 100_000
    key = _store_log(swift, plate_catalogue, data)
    files = _get(pages, "api/sweeps/1").json()["files"]
    number = next(file["artifact_id"] for file in files if file["name"] == "dials.index.log")
    saved = _get(pages, f"files/run/{number}")
    assert saved.status_code == 200
    assert int(saved.headers["content-length"]) == len(data)
    assert hashlib.sha256(saved.content).hexdigest() == hashlib.sha256(data).hexdigest()
    assert saved.headers["content-disposition"].startswith('attachment; filename="dials.index.log"')
    assert _get(pages, "api/runs/1/search", text="214 SPOTS").json()["total"] == 100_000
    assert {check["name"]: check["is_well"] for check in _get(pages, "api/health").json()["checks"]}["Store"]
    raw_client(_settings(swift)).remove_object(BUCKET, key)
    lost = _get(pages, f"files/run/{number}")
    assert lost.status_code == 500
    assert lost.json()["what"]
