"""Unit tests have no network."""

import pytest
import pytest_socket


@pytest.fixture(autouse=True)
def no_network() -> None:
    """Let nothing but this machine itself be reached."""
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)
