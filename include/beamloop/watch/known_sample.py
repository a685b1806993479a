"""Decide whose word on a sample counts: a person's, else the sidecar's, else the beamline's rules."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from beamloop.beamlines.sidecar import SIDECAR_NAME, read_sidecar
from beamloop.catalog.connection import Connection
from beamloop.catalog.events import newest_event, note_event
from beamloop.catalog.requests import WATCH
from beamloop.catalog.samples import sample_by_hand
from beamloop.errors import InvalidInputError
from beamloop.records.identifiers import CollectionId
from beamloop.records.sample import Sample

NO_SIDECAR = f"There is no {SIDECAR_NAME} any more."


class SampleSource(StrEnum):
    """Whose word counts."""

    CALL = "this call"
    BY_HAND = "by hand"
    SIDECAR = SIDECAR_NAME
    RULES = "the beamline's rules"


@dataclass(frozen=True, slots=True)
class KnownSample:
    """What is known of a sample before its images are processed, and where from."""

    sample: Sample
    source: SampleSource
    fault: InvalidInputError | None = None  # why the sidecar cannot be used


def know_sample(connection: Connection, directory: Path, rule: Sample) -> KnownSample:
    """Return what is known of the sample in a folder.

    A source counts whole: a space group by hand is never joined with a cell from the sidecar, because the
    two may speak of different settings. A sidecar that cannot be used counts as none, and its fault is kept.

    Parameters
    ----------
    connection
        Inside a transaction.
    directory
        The folder of the images.
    rule
        What the beamline's rules say.
    """
    by_hand = sample_by_hand(connection, directory)
    if by_hand is not None:
        return KnownSample(by_hand.sample, SampleSource.BY_HAND)
    try:
        sidecar = read_sidecar(directory)
    except InvalidInputError as error:
        return KnownSample(rule, SampleSource.RULES, error)
    if sidecar is not None:
        return KnownSample(sidecar, SampleSource.SIDECAR)
    return KnownSample(rule, SampleSource.RULES)


def note_sidecar(connection: Connection, collection_id: CollectionId, known: KnownSample) -> None:
    """Write down what came of the sidecar where it was looked at, once for each change."""
    if known.source in (SampleSource.CALL, SampleSource.BY_HAND):
        return
    before = newest_event(connection, collection_id, "sidecar")
    if known.fault:
        words = f"{known.fault.what} {known.fault.try_next}"
    elif known.source is SampleSource.SIDECAR:
        words = f"{SIDECAR_NAME}: {known.sample}."
    else:
        words = NO_SIDECAR if before else ""
    if words and (before is None or before.sentence != words):
        note_event(connection, WATCH, "sidecar", collection_id, words)
