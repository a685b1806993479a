"""Services that several integration tests share."""

from collections.abc import Iterator

import pytest
from tests.services.running_swift import SwiftServer, running_swift


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwiftServer]:
    """Provide a real S3 server for the whole session."""
    with running_swift(tmp_path_factory.mktemp("swift")) as server:
        yield server
