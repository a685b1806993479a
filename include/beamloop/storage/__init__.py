"""Artifacts: write-once objects with a SHA-256, in a local directory or in a bucket of an S3 server."""

from beamloop.storage.contract import ArtifactStore
from beamloop.storage.hashing import file_sha256
from beamloop.storage.opening import open_store

__all__ = ["ArtifactStore", "file_sha256", "open_store"]
