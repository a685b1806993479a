import subprocess
import sys
from pathlib import Path

import pytest

from beamloop.errors import InvalidInputError
from beamloop.settings import StoreSettings
from beamloop.storage import open_store

pytestmark = pytest.mark.unit


def test_a_local_store_does_not_load_the_s3_client(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from beamloop.settings import StoreSettings; "
        "from beamloop.storage import open_store; "
        "open_store(StoreSettings(directory=pathlib.Path(sys.argv[1]))).check(); "
        "sys.exit('minio' in sys.modules or 'urllib3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == 0


def test_without_directory_and_endpoint_both_settings_are_named() -> None:
    with pytest.raises(InvalidInputError) as caught:
        open_store(StoreSettings())
    assert "BEAMLOOP_ARTIFACTS" in str(caught.value)
    assert "BEAMLOOP_S3_ENDPOINT" in str(caught.value)


def test_a_missing_directory_is_made_with_its_parents(tmp_path: Path) -> None:
    open_store(StoreSettings(directory=tmp_path / "a" / "b")).check()
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_file_in_the_place_of_the_directory_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInputError, match="BEAMLOOP_ARTIFACTS"):
        open_store(StoreSettings(directory=tmp_path / "file"))


@pytest.mark.parametrize("endpoint", ["http://minio:9000", "minio:9000/path", "minio:port", "mi nio:9000"])
def test_an_endpoint_that_is_no_host_and_port_is_bad_input(endpoint: str) -> None:
    with pytest.raises(InvalidInputError, match="BEAMLOOP_S3_ENDPOINT"):
        open_store(StoreSettings(endpoint=endpoint, access_key="a", secret_key="b"))
