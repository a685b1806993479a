"""A refined detector enters the catalogue as a candidate: its models are kept, and it serves nothing yet."""

import hashlib
import json

from beamloop.catalog.connection import Catalog
from beamloop.catalog.geometry import add_geometry, geometry_with_models
from beamloop.errors import InvalidInputError
from beamloop.geometry.models import Document
from beamloop.records.artifact import StoredObject
from beamloop.records.geometry import GeometryId, NewGeometry
from beamloop.storage.contract import ArtifactStore


def store_models(store: ArtifactStore, beamline: str, models: Document) -> StoredObject:
    """Put a geometry's models into the store, under a key of their content."""
    data = json.dumps(models, indent=1, sort_keys=True).encode()
    return store.put_bytes(f"{beamline}/geometry/{hashlib.sha256(data).hexdigest()[:16]}/models.expt", data)


def add_candidate(catalog: Catalog, new: NewGeometry) -> GeometryId:
    """Let a geometry enter the catalogue; it serves nothing yet.

    Raises
    ------
    InvalidInputError
        When these models are a version already; names it.
    """
    with catalog.transaction() as connection:
        geometry_id = add_geometry(connection, new)
        if geometry_id is None:
            known = geometry_with_models(connection, new.stored.key)
            raise InvalidInputError(
                f"These models are geometry {known} already.", try_next=f"`beamloop geometry show {known}`."
            )
    return geometry_id
