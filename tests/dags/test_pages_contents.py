"""What the pages tell: of a sweep, of failures, of files; hostile names are text and lead nowhere."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.dags.page_bench import PageBench
from tests.services.filled_catalogue import FilledCatalogue

from beamloop.records.outcome import OutcomeCode
from beamloop.settings import StoreSettings
from beamloop.storage.opening import open_store

pytestmark = pytest.mark.dags

HOSTILE = "<script>alert(1)</script>'\"&{{7*7}}\u202e\u00e9"


def _get(pages: PageBench, path: str, **parameters: Any) -> Any:
    return pages.client.get(f"/beamloop/{path}", headers=pages.headers("reader"), params=parameters or None)


@pytest.fixture
def plate(pages: PageBench, plate_catalogue: FilledCatalogue) -> FilledCatalogue:
    """Provide three sweeps: one processed, one without a lattice, one waiting."""
    plate_catalogue.ask("xtal1_1", "xtal2_1", "xtal10_1")
    plate_catalogue.end("xtal1_1", OutcomeCode.PROCESSED, "RMSD 0.2 px", "refine")
    plate_catalogue.end("xtal2_1", OutcomeCode.NO_LATTICE, "No lattice was found in 214 spots.")
    return plate_catalogue


def test_now_counts_each_sweep_once(pages: PageBench, plate: FilledCatalogue) -> None:
    plate.ask("xtal2_1", again=True)
    plate.end("xtal2_1", OutcomeCode.NO_LATTICE, "No lattice was found in 214 spots.")
    shown = _get(pages, "api/now").json()
    (beamline,), (collection,) = shown["beamlines"], shown["collections"]
    assert (beamline["processed"], beamline["without_result"], beamline["waiting"]) == (1, 1, 1)
    counted = {name: collection[name] for name in ("sweeps", "processed", "without_result", "waiting")}
    assert counted == {"sweeps": 3, "processed": 1, "without_result": 1, "waiting": 1}


def test_an_empty_catalogue_is_no_fault(pages: PageBench) -> None:
    assert _get(pages, "api/now").json()["collections"] == []
    assert _get(pages, "api/failures").json()["causes"] == []
    assert _get(pages, "sweep/1").status_code == 404


def test_a_sweep_tells_what_happened_and_what_to_try(pages: PageBench, plate: FilledCatalogue) -> None:
    shown = _get(pages, "api/sweeps/2").json()
    assert shown["run"]["outcome"] == "no_lattice"
    assert shown["run"]["try_next"]
    assert [step["step"] for step in shown["steps"]] == ["import", "index"]
    assert len(shown["rungs"]) == 2
    assert shown["spots"]["spot_count"] == 214
    assert shown["commands"][-1]["line"].endswith("dials.index ../../import/imported.expt)")


def test_a_task_of_airflow_leads_to_its_sweep(pages: PageBench, plate: FilledCatalogue) -> None:
    task = _get(pages, "api/sweeps/3").json()["airflow"]
    # The tasks are mapped in natural order: xtal1_1, xtal2_1, xtal10_1.
    assert (task["group"], task["map_index"]) == ("sweep", 2)
    where = {"dag_id": task["dag_id"], "dag_run_id": task["dag_run_id"]}
    of_task = _get(pages, "from-airflow", **where, task_id="sweep.index", map_index="2")
    assert of_task.headers["location"].endswith(f"/sweep/3?run={plate.runs['xtal10_1']}")
    of_run = _get(pages, "from-airflow", **where)
    assert of_run.headers["location"].endswith("/collection/1")
    assert _get(pages, "from-airflow", dag_id="other", dag_run_id="none").status_code == 404


def test_failures_stand_by_cause(pages: PageBench, plate: FilledCatalogue) -> None:
    plate.end("xtal10_1", OutcomeCode.NO_LATTICE, "No lattice was found in 99 spots.")
    (cause,) = _get(pages, "api/failures").json()["causes"]
    assert (cause["count"], cause["cause"]) == (2, "No lattice was found in N spots.")
    assert [sweep["sweep"] for sweep in cause["sweeps"]] == ["xtal10_1", "xtal2_1"]
    assert _get(pages, f"run/{cause['sweeps'][0]['run_id']}").headers["location"].endswith("/sweep/3?run=3")


def test_hostile_names_are_text(pages: PageBench, plate_catalogue: FilledCatalogue) -> None:
    plate_catalogue.directory = Path("/data") / f"{HOSTILE.replace('/', '')}"
    plate_catalogue.ask(HOSTILE.replace("/", ""))
    text = _get(pages, "sweep/1").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    assert "{{7*7}}" in text


@pytest.mark.parametrize(
    "path",
    ["sweep/../now", "sweep/%2e%2e%2fnow", "sweep/<script>", "sweep/1e9", "sweep/-1", f"sweep/{2**63}",
     "files/run/x", "files/run/..%2f..%2fetc%2fpasswd", f"files/run/{'9' * 400}", "api/sweeps/1?run=a",
     "api/now?hours=-1",
     "api/now?beamline=%00", "api/now?offset=99999999999999999999", "api/runs/1/search?text=%00%00"],
)  # fmt: skip
def test_an_address_that_names_no_number_leads_nowhere(pages: PageBench, path: str) -> None:
    answer = _get(pages, path)
    assert answer.status_code in (307, 404, 422) or answer.url.path == "/beamloop/now", answer.text
    assert "<script>" not in answer.text


@pytest.fixture
def stored(pages: PageBench, plate: FilledCatalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the file of run 2's index step into a store of the test's own; return its place."""
    from beamloop_ui import health

    store = open_store(StoreSettings(directory=tmp_path))
    monkeypatch.setattr("beamloop_ui.stored_files.store", lambda: store)
    monkeypatch.setattr(health, "store", lambda: store)
    text = b"first line\nFound 214 SPOTS <script>\n"
    kept = store.put_bytes("i24/plate3/log", text)
    with plate.catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE beamloop.artifacts SET key = %s, sha256 = %s, size_bytes = %s"
            " WHERE run_id = 2 AND step = 'index'",
            (kept.key, hashlib.sha256(text).hexdigest(), len(text)),
        )
    return Path(store.address(kept.key))


def _log_number(pages: PageBench) -> int:
    files = _get(pages, "api/sweeps/2").json()["files"]
    return int(next(file["artifact_id"] for file in files if file["name"] == "dials.index.log"))


def test_a_file_is_sent_by_its_number_and_never_run(pages: PageBench, stored: Path) -> None:
    number = _log_number(pages)
    saved = _get(pages, f"files/run/{number}")
    assert saved.content == stored.read_bytes()
    assert saved.headers["content-disposition"].startswith('attachment; filename="dials.index.log"')
    shown = _get(pages, f"files/run/{number}", show=True)
    assert shown.headers["content-type"] == "text/plain; charset=utf-8"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert "script-src" not in shown.headers["content-security-policy"]


def test_a_damaged_or_missing_file_is_not_passed_off(pages: PageBench, stored: Path) -> None:
    number = _log_number(pages)
    stored.chmod(0o600)
    stored.write_bytes(b"x" * stored.stat().st_size)
    assert _get(pages, f"files/run/{number}").status_code == 500
    stored.unlink()
    assert _get(pages, f"files/run/{number}").status_code == 500
    assert _get(pages, "files/run/4711").status_code == 404


def test_logs_are_searched_whatever_the_case(pages: PageBench, plate: FilledCatalogue, stored: Path) -> None:
    found = _get(pages, "api/runs/2/search", text="spots <").json()
    assert (found["total"], found["searched"]) == (1, 1)
    assert (found["hits"][0]["line"], found["hits"][0]["text"]) == (2, "Found 214 SPOTS <script>")


def test_without_its_catalogue_a_page_says_so(pages: PageBench, monkeypatch: pytest.MonkeyPatch) -> None:
    from beamloop_ui import reading

    reading.forget()
    monkeypatch.setenv("AIRFLOW_CONN_BEAMLOOP_CATALOG", "postgres://nobody:x@127.0.0.1:1/none")
    answer = _get(pages, "api/now")
    assert answer.status_code == 503
    assert answer.json()["what"] == "The catalogue (PostgreSQL) does not answer."
    checks = {check["name"]: check["is_well"] for check in _get(pages, "api/health").json()["checks"]}
    assert checks["Catalogue"] is False


def test_vendored_files_are_what_they_were() -> None:
    vendor = Path(__file__).parents[2] / "plugins/beamloop_ui/static/vendor"
    lines = (vendor / "sha256sums").read_text().splitlines()
    listed = {name: digest for digest, name in (line.split() for line in lines)}
    found = {
        path.relative_to(vendor).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.glob("*/*")
    }
    assert found == listed


def test_what_stands_still_is_told(pages: PageBench, plate: FilledCatalogue) -> None:
    assert _get(pages, "api/now").json()["standing"] == []
    with plate.catalog.transaction() as connection, connection.cursor() as cursor:
        # xtal10_1 waits, and the two others have ended: nothing is at work.
        cursor.execute("UPDATE beamloop.requests SET requested_at = now() - interval '3 days'")
    (waiting,) = _get(pages, "api/now").json()["standing"]
    assert (waiting["collection"], waiting["run_id"]) == ("plate3", None)
    with plate.catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE beamloop.runs SET started_at = now() - interval '2 days' WHERE ended_at IS NULL"
        )
    (standing,) = _get(pages, "api/now").json()["standing"]
    assert standing["sweep"] == "xtal10_1"


def test_messages_that_nobody_got_are_listed_with_what_was_met(
    pages: PageBench, plate: FilledCatalogue
) -> None:
    message = {"kind": "finished", "title": HOSTILE, "lines": [], "link": "", "facts": {}}
    told = """INSERT INTO beamloop.notifications
                  (event_key, channel, beamline, collection_id, airflow_connection, addresses, message, state,
                   tries, last_trouble, created_at, sent_at)
              VALUES (%s, 'webhook', 'i24', 1, 'hutch_chat', '{}', %s, %s, %s, 'It answered 503.',
                      now() - make_interval(hours => %s), CASE WHEN %s = 'sent' THEN now() END)"""
    states = (
        ("waiting", 3, 90),
        ("waiting", 0, 1),
        ("given_up", 20, 5),
        ("given_up", 20, 90),
        ("sent", 1, 1),
    )
    with plate.catalog.transaction() as connection, connection.cursor() as cursor:
        for number, (state, tries, hours) in enumerate(states):
            cursor.execute(told, (f"event-{number}", json.dumps(message), state, tries, hours, state))
    assert _get(pages, "api/now").json()["messages"] == {"in_trouble": 1, "given_up": 1}
    shown = _get(pages, "api/messages").json()
    assert [(one["state"], one["tries"]) for one in shown["messages"]] == [("given_up", 20), ("waiting", 3)]
    assert shown["messages"][0]["next_try_at"] is None
    first = shown["messages"][1]
    assert (first["title"], first["collection"], first["last_trouble"]) == (
        HOSTILE,
        "plate3",
        "It answered 503.",
    )
    assert _get(pages, "api/messages", hours=336).json()["total"] == 3
    assert "Messages that nobody got" in _get(pages, "messages").text
