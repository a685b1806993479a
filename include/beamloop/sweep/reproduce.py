"""A shell script that repeats a run with plain DIALS commands, where there is no Beamloop."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from beamloop.catalog.connection import Catalog
from beamloop.catalog.runs import load_run
from beamloop.catalog.stories import StepStory, steps_of_run
from beamloop.errors import InvalidInputError
from beamloop.records.identifiers import RunId
from beamloop.records.plain_text import plain
from beamloop.records.run import Run
from beamloop.storage.contract import ArtifactStore
from beamloop.sweep.commands import Command, commands_of
from beamloop.sweep.manifest import MANIFEST_NAME
from beamloop.sweep.reproduction_script import PastRun, write_script


def reproduction_script(catalog: Catalog, store: ArtifactStore, run_id: RunId) -> str:
    """Write the script that repeats a run in an empty folder.

    Parameters
    ----------
    catalog
        Where the commands are recorded.
    store
        Where the run's manifest is.
    run_id
        The run.

    Returns
    -------
    str
        A script for /bin/sh; every word that came from outside is quoted.

    Raises
    ------
    NotFoundError
        When there is no such run.
    InvalidInputError
        When something is missing: the run's end, its commands, images as they were, a file that no command
        makes.
    ArtifactMissingError, ArtifactDamagedError
        When the store has lost the manifest.
    """
    with catalog.transaction() as connection:
        run, steps = load_run(connection, run_id), steps_of_run(connection, run_id)
    past = PastRun(run, steps, _manifest(store, run, steps))
    _require_images(past)
    commands = commands_of(steps)
    if not any(isinstance(command, Command) for command in commands):
        raise InvalidInputError(
            f"Run {run_id} started no program: there is nothing to repeat.",
            try_next="`beamloop show COLLECTION SWEEP` tells how it ended.",
        )
    return write_script(past, commands)


def _manifest(store: ArtifactStore, run: Run, steps: Sequence[StepStory]) -> Mapping[str, Any]:
    kept = [stored for step in steps for name, stored in step.artifacts if name == MANIFEST_NAME]
    if not kept:
        raise InvalidInputError(
            f"Run {run.run_id} has no manifest: it goes on, was stopped, or was made elsewhere.",
            try_next="Choose a run that has ended by itself; `beamloop show COLLECTION SWEEP` lists them.",
        )
    manifest: Mapping[str, Any] = json.loads(b"".join(store.stream(kept[0].key, sha256=kept[0].sha256)))
    return manifest


def _require_images(past: PastRun) -> None:
    """Refuse when the images are not those that the run had."""
    where = plain(str(past.run.images.directory))
    try:
        content = past.run.images.content_sha256()
    except OSError as error:
        raise InvalidInputError(
            f"The images of run {past.run.run_id} are not all there: {error.strerror}.",
            evidence=where,
            try_next="Bring them back to the same folder, or mount it on this machine.",
        ) from error
    if content != past.manifest["images"]["content_sha256"]:
        raise InvalidInputError(
            f"The images of run {past.run.run_id} have changed since: names, sizes or times differ.",
            evidence=where,
            try_next="`beamloop reprocess` makes a run of the images as they are now.",
        )
