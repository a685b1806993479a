"""*Sweep*: what happened and what to try, step by step; logs, files, and the sweep's runs side by side."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from airflow_services import run_root, store_settings
from beamloop.accounts.parameter_words import describe_parameters
from beamloop.accounts.repeat_commands import repeat_commands
from beamloop.accounts.sweep_account import SweepAccount, account_document, read_account
from beamloop.catalog.connection import Connection
from beamloop.catalog.page_sweep import (
    file_of_run,
    files_of_run,
    mapped_runs,
    standing_word,
    sweep_of_run,
    sweeps_by_id,
)
from beamloop.catalog.samples import sample_by_hand
from beamloop.records.identifiers import RunId
from beamloop.records.parameters import STEPS
from beamloop_ui.access import CHECK_DAG, PROCESSING_DAG, User, may_user_act
from beamloop_ui.answers import answer
from beamloop_ui.bounds import Number, QueryNumber
from beamloop_ui.plain_words import PRINTABLE
from beamloop_ui.reading import transaction
from beamloop_ui.rendering import render
from beamloop_ui.stored_files import read_text, send_stored

router = APIRouter()

Words = Annotated[str, Query(min_length=2, max_length=200, pattern=PRINTABLE)]

HITS_SHOWN = 200
LONGEST_LINE = 400


@router.get("/sweep/{sweep_id}")
def page(request: Request, sweep_id: Number) -> Response:
    """Return the page; its script asks for the rest."""
    with transaction() as connection:
        (sweep,) = sweeps_by_id(connection, [sweep_id])
    return render(request, "sweep.html", "Sweep", sweep=sweep)


@router.get("/run/{run_id}")
def page_of_run(request: Request, run_id: Number) -> Response:
    """Lead to the page of a run's sweep."""
    with transaction() as connection:
        sweep_id = sweep_of_run(connection, run_id)
    return RedirectResponse(f"{request.scope.get('root_path', '')}/sweep/{sweep_id}?run={run_id}")


@router.get("/api/sweeps/{sweep_id}")
def data(request: Request, user: User, sweep_id: Number, run: QueryNumber = None) -> Response:
    """Return one run of a sweep in full, and the sweep's other runs."""
    root, store = run_root(), store_settings()
    with transaction() as connection:
        (sweep,) = sweeps_by_id(connection, [sweep_id])
        account = read_account(connection, root, store, sweep.place, sweep.sweep_id, run)
        word = standing_word(connection, sweep.sweep_id)
        said = sample_by_hand(connection, sweep.place.directory)
        document = account_document(account) | {
            "sweep_id": sweep.sweep_id,
            "collection_id": sweep.place.collection_id,
            "collected_at": sweep.collected_at,
            "step_names": list(STEPS),
            "parameter_words": describe_parameters(account.story.header.parameters),
            "commands": [asdict(command) for command in repeat_commands(account)],
            "files": [asdict(file) for file in files_of_run(connection, account.run.run_id)],
            "airflow": _airflow_tasks(connection, account),
            "word": asdict(word) if word else None,
            "sample_by_hand": str(said.sample) if said else None,
        }
    document["may"] = {
        "reprocess": may_user_act(user, PROCESSING_DAG),
        "exclude": may_user_act(user, CHECK_DAG),
    }
    return answer(request, document)


def _airflow_tasks(connection: Connection, account: SweepAccount) -> dict[str, Any] | None:
    """Say where Airflow shows the shown run: its DAG run, and its place among the mapped tasks."""
    if account.adoption:
        return None
    dag_run_id = account.story.header.dag_run_id
    _, mapped = mapped_runs(connection, dag_run_id)
    place = next((one for one in mapped if one.run_id == account.run.run_id), None)
    return {
        "dag_id": PROCESSING_DAG,
        "dag_run_id": dag_run_id,
        "group": place.group if place else None,
        "map_index": place.map_index if place else None,
    }


@router.get("/api/runs/{run_id}/search")
def search(request: Request, run_id: Number, text: Words) -> Response:
    """Return the lines of a run's logs that hold some words, whatever their case."""
    with transaction() as connection:
        logs = [
            file for file in files_of_run(connection, RunId(run_id)) if file.name.endswith((".log", ".out"))
        ]
        stored = [(file, file_of_run(connection, file.artifact_id)[1]) for file in logs]
    hits, wanted = [], text.casefold()
    for file, where in stored:
        for number, line in enumerate(read_text(where).splitlines(), start=1):
            if wanted in line.casefold():
                hits.append({**asdict(file), "line": number, "text": line[:LONGEST_LINE]})
    return answer(request, {"hits": hits[:HITS_SHOWN], "total": len(hits), "searched": len(logs)})


@router.get("/files/run/{artifact_id}")
def send_file(artifact_id: Number, show: bool = False) -> Response:
    """Send a published file of a run."""
    with transaction() as connection:
        name, stored = file_of_run(connection, artifact_id)
    return send_stored(stored, name, show=show)
