"""The artifact stores under test, each with a way to do harm behind its back."""

import io
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from minio import Minio

from beamloop.settings import StoreSettings
from beamloop.storage import ArtifactStore, open_store
from beamloop.storage.s3_store import S3Store
from beamloop.storage.s3_writing import SMALLEST_PART_BYTES


class Backend(Protocol):
    """One kind of store, opened."""

    settings: StoreSettings
    store: ArtifactStore
    folder: str  # every key of one test starts with it
    lets_one_writer_win: bool  # whatever the timing
    page_keys: int  # in one page of a listing

    def replace(self, key: str, data: bytes, sha256: str | None) -> None:
        """Put bytes in the place of an object, with a SHA-256 of choice or without one."""
        ...

    def store_in_parts(self) -> ArtifactStore:
        """Open the store so that files above 5 MiB go in parts of 5 MiB."""
        ...


@dataclass
class LocalBackend:
    """A local directory."""

    settings: StoreSettings
    folder: str = field(default_factory=lambda: f"t{secrets.token_hex(4)}")
    lets_one_writer_win: bool = True
    page_keys: int = 1000

    def __post_init__(self) -> None:
        self.store = open_store(self.settings)

    def replace(self, key: str, data: bytes, sha256: str | None) -> None:
        assert self.settings.directory is not None
        link = self.settings.directory / key
        link.unlink()
        target = link if sha256 is None else link.with_name(f".{sha256}.{link.name}")
        target.unlink(missing_ok=True)
        target.write_bytes(data)
        if sha256 is not None:
            link.symlink_to(target.name)

    def store_in_parts(self) -> ArtifactStore:
        return self.store


@dataclass
class S3Backend:
    """A bucket of a real S3 server."""

    settings: StoreSettings
    lets_one_writer_win: bool
    page_keys: int
    folder: str = field(default_factory=lambda: f"t{secrets.token_hex(4)}")

    def __post_init__(self) -> None:
        self.store = open_store(self.settings)
        self.raw = raw_client(self.settings)

    def replace(self, key: str, data: bytes, sha256: str | None) -> None:
        metadata: dict[str, str | list[str] | tuple[str]] = {} if sha256 is None else {"sha256": sha256}
        self.raw.put_object(self.settings.bucket, key, io.BytesIO(data), len(data), metadata=metadata)

    def store_in_parts(self) -> ArtifactStore:
        return S3Store(self.settings, largest_whole_bytes=SMALLEST_PART_BYTES, part_bytes=SMALLEST_PART_BYTES)

    def remove_everything(self) -> None:
        """Remove what the test wrote: the bucket may be somebody's."""
        for item in self.raw.list_objects(self.settings.bucket, prefix=f"{self.folder}/", recursive=True):
            self.raw.remove_object(self.settings.bucket, str(item.object_name))


def raw_client(settings: StoreSettings) -> Minio:
    """Make a plain minio client with the same keys."""
    return Minio(
        settings.endpoint,
        access_key=settings.access_key,
        secret_key=settings.secret_key,
        secure=settings.secure,
        region=settings.region,
    )


def leftovers(directory: Path) -> list[str]:
    """Every name in a directory, hidden ones too."""
    return sorted(path.name for path in directory.iterdir())
