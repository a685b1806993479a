"""One sweep with everything that a person may want to know of it, gathered for text and JSON."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from beamloop.accounts.choose_sweep import choose_sweep
from beamloop.accounts.json_format import FORMAT
from beamloop.beamlines.changes import differences
from beamloop.catalog.adoption import adoption_of_run
from beamloop.catalog.connection import Catalog, Connection
from beamloop.catalog.results import CollectionPlace
from beamloop.catalog.runs import load_run
from beamloop.catalog.stories import (
    ProgramStart,
    RunHeader,
    RunStory,
    runs_of_sweep,
    story_of_run,
)
from beamloop.errors import NotFoundError
from beamloop.records.adoption import Adoption
from beamloop.records.identifiers import SweepId
from beamloop.records.run import Run
from beamloop.settings import Settings, StoreSettings


@dataclass(frozen=True, slots=True)
class SweepAccount:
    """One run of a sweep in full, and the sweep's other runs."""

    place: CollectionPlace
    run: Run
    story: RunStory
    runs: tuple[RunHeader, ...]  # all of the sweep's, the newest first
    run_directory: Path
    store: str  # "/srv/beamloop/artifacts", or "s3://beamloop at minio:9000"
    adoption: Adoption | None  # where the run comes from; None: Beamloop made it

    def folder_of(self, step: str, program: ProgramStart) -> Path:
        """Where a program ran, below the run's directory."""
        return Path(step, program.folder)

    def changes_to(self, header: RunHeader) -> list[str]:
        """How another run's parameters and DIALS differ from the shown one's."""
        own = self.story.header
        versions = (own.dials_version, header.dials_version)
        changed = [] if versions[0] == versions[1] else [f"DIALS {versions[0]} → {versions[1]}"]
        if own.geometry_id != header.geometry_id:
            changed.append(f"geometry {own.geometry_id or 'of the headers'} → "
                           f"{header.geometry_id or 'of the headers'}")  # fmt: skip
        return changed + differences(own.parameters, header.parameters)


def gather_account(
    catalog: Catalog, settings: Settings, place: CollectionPlace, sweep: str, run_id: int | None
) -> SweepAccount:
    """Read a sweep's runs and one of them in full.

    Parameters
    ----------
    catalog, settings
        Where things are.
    place
        The sweep's collection.
    sweep
        Its name, or its template where several have the name.
    run_id
        Which run; None: the newest.

    Raises
    ------
    NotFoundError
        When there is no such sweep, or it has no such run.
    InvalidInputError
        When several sweeps have the name.
    """
    with catalog.transaction() as connection:
        sweep_id = choose_sweep(connection, place, sweep)
        return read_account(connection, settings.run_root, settings.store, place, sweep_id, run_id)


def read_account(
    connection: Connection,
    run_root: Path,
    store: StoreSettings,
    place: CollectionPlace,
    sweep_id: SweepId,
    run_id: int | None,
) -> SweepAccount:
    """Read a sweep's runs and one of them in full.

    Parameters
    ----------
    connection
        Inside a transaction.
    run_root, store
        Where work and artifacts are.
    place
        The sweep's collection.
    sweep_id
        The sweep.
    run_id
        Which run; None: the newest.

    Raises
    ------
    NotFoundError
        When the sweep has no such run.
    """
    headers = runs_of_sweep(connection, sweep_id)
    header = next((h for h in headers if run_id in (None, h.run_id)), None)
    if header is None:
        numbers = ", ".join(str(h.run_id) for h in headers) or "none"
        raise NotFoundError("The sweep has no such run.", try_next=f"Its runs are: {numbers}.")
    run, story = load_run(connection, header.run_id), story_of_run(connection, header)
    adoption = adoption_of_run(connection, header.run_id)
    return SweepAccount(place, run, story, tuple(headers), run_root / run.place, store_words(store), adoption)


def store_words(store: StoreSettings) -> str:
    """Say where the artifacts are."""
    return f"s3://{store.bucket} at {store.endpoint}" if store.endpoint else str(store.directory)


def account_document(account: SweepAccount) -> dict[str, Any]:
    """Return an account as plain values, see docs/json.md."""
    run, story = account.run, account.story
    images = run.images
    directory, template = (
        os.path.split(account.adoption.template)
        if account.adoption
        else (str(images.directory), images.template)
    )
    return {
        "format": FORMAT,
        "beamline": account.place.beamline,
        "collection": account.place.name,
        "sweep": run.sweep_name,
        "images": {"directory": directory, "template": template, "first": images.first,
                   "last": images.last, "missing": list(images.missing),
                   "data_files": list(images.data_files)},
        "adopted": _adoption(account.adoption) if account.adoption else None,
        "run": _header(story.header),
        "run_directory": str(account.run_directory),
        "store": account.store,
        "steps": [_step(account, number) for number in range(len(story.steps))],
        "rungs": [asdict(rung) for rung in story.rungs],
        "spots": asdict(story.spots) if story.spots else None,
        "integration": asdict(story.integration) if story.integration else None,
        "runs": [_header(h) | {"changes": account.changes_to(h)} for h in account.runs],
    }  # fmt: skip


def _adoption(adoption: Adoption) -> dict[str, Any]:
    return asdict(adoption) | {
        "directory": str(adoption.directory),
        "files": [asdict(file) | {"path": str(file.path)} for file in adoption.files],
    }


def _header(header: RunHeader) -> dict[str, Any]:
    outcome = header.outcome
    return {
        "run_id": header.run_id,
        "dag_run_id": header.dag_run_id,
        "requested_by": header.requested_by,
        "created_at": header.created_at,
        "started_at": header.started_at,
        "ended_at": header.ended_at,
        "dials_version": header.dials_version,
        "geometry_id": header.geometry_id,
        "parameters": header.parameters.as_json(),
        "outcome": outcome.code.value if outcome else None,
        "outcome_step": outcome.step if outcome else None,
        "sentence": outcome.sentence if outcome else None,
        "try_next": outcome.try_next if outcome else None,
        "last_trouble": header.last_trouble,
    }


def _step(account: SweepAccount, number: int) -> dict[str, Any]:
    step = account.story.steps[number]
    return {
        "step": step.step,
        "started_at": step.started_at,
        "ended_at": step.ended_at,
        "finding": step.finding,
        "programs": [
            asdict(p) | {"folder": str(account.run_directory / account.folder_of(step.step, p))}
            for p in step.programs
        ],
        "crystals": [asdict(crystal) for crystal in step.crystals],
        "artifacts": [{"name": name, "key": stored.key, "sha256": stored.sha256,
                       "size_bytes": stored.size_bytes} for name, stored in step.artifacts],
    }  # fmt: skip
