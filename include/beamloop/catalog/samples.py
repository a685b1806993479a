"""What people said of samples by hand."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg2.extensions import connection as Connection

from beamloop.catalog.connection import QUERIES
from beamloop.catalog.events import note_event
from beamloop.records.identifiers import CollectionId
from beamloop.records.sample import Sample, UnitCell


@dataclass(frozen=True, slots=True)
class SampleByHand:
    """A person's word on the sample in a folder."""

    sample: Sample
    said_by: str  # "anna"
    said_at: datetime  # UTC


def sample_by_hand(connection: Connection, directory: Path) -> SampleByHand | None:
    """Return what a person said of the sample in a folder, None where nobody did."""
    row = QUERIES.sample_by_hand(connection, directory=str(directory))
    if row is None:
        return None
    cell = UnitCell(*row["unit_cell"]) if row["unit_cell"] else None
    return SampleByHand(Sample(row["space_group"], cell), row["said_by"], row["said_at"])


def set_sample(connection: Connection, directory: Path, sample: Sample | None, said_by: str) -> None:
    """Keep a person's word on the sample in a folder, whether it has images already or not.

    Parameters
    ----------
    connection
        Inside a transaction.
    directory
        The folder of the images.
    sample
        None takes back what was said before.
    said_by
        Who.
    """
    if sample is None:
        QUERIES.delete_sample_by_hand(connection, directory=str(directory))
        words = "What was said of the sample by hand is taken back."
    else:
        cell = sample.unit_cell
        QUERIES.put_sample_by_hand(
            connection,
            directory=str(directory),
            space_group=sample.space_group,
            unit_cell=list(cell.as_tuple()) if cell else None,
            said_by=said_by,
        )
        words = f"By hand: {sample}."
    for row in QUERIES.collections_of_directory(connection, directory=str(directory)):
        note_event(connection, said_by, "sample", CollectionId(row["collection_id"]), words)
