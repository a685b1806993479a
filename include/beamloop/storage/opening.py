"""Which store the settings ask for."""

from beamloop.errors import InvalidInputError
from beamloop.settings import StoreSettings
from beamloop.storage.contract import ArtifactStore
from beamloop.storage.local_store import LocalStore


def open_store(settings: StoreSettings) -> ArtifactStore:
    """Open the artifact store; its directory or bucket is made when missing.

    Parameters
    ----------
    settings
        An endpoint for S3, else a directory.

    Raises
    ------
    InvalidInputError
        When a setting is missing, wrong or not permitted; names it.
    StoreUnavailableError
        When the S3 server does not answer.
    """
    if settings.endpoint:
        # `import minio` costs 0.15 s and 22 MB, which a local store does not need.
        from beamloop.storage.s3_store import open_s3_store

        return open_s3_store(settings)
    if settings.directory is None:
        raise InvalidInputError(
            "No artifact store is set.",
            try_next="Set BEAMLOOP_ARTIFACTS to a directory, or BEAMLOOP_S3_ENDPOINT to host:port.",
        )
    return LocalStore(settings.directory)
