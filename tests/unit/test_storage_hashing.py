import hashlib
import os
from pathlib import Path

import pytest

from beamloop.errors import ArtifactDamagedError, InvalidInputError
from beamloop.storage.hashing import file_sha256, verified
from beamloop.storage.steady_reader import SteadyReader

pytestmark = pytest.mark.unit

# FIPS 180-2, appendix B.1.
SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_file_hashes_to_the_standards_example(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert file_sha256(tmp_path / "abc") == SHA256_OF_ABC


@pytest.mark.timeout(10)
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInputError, match="is not a file"):
        file_sha256(tmp_path / "pipe")


def test_verified_chunks_are_handed_on_whole() -> None:
    assert list(verified([b"a", b"b", b"c"], "key", SHA256_OF_ABC)) == [b"a", b"b", b"c"]


def test_the_last_chunk_of_damaged_bytes_is_kept_back() -> None:
    handed_out: list[bytes] = []
    with pytest.raises(ArtifactDamagedError, match="key is damaged"):
        handed_out.extend(verified([b"a", b"b", b"x"], "key", SHA256_OF_ABC))
    assert b"x" not in handed_out


def test_no_bytes_at_all_are_verified_too() -> None:
    assert list(verified([], "key", hashlib.sha256().hexdigest())) == []
    with pytest.raises(ArtifactDamagedError):
        list(verified([], "key", SHA256_OF_ABC))


@pytest.mark.parametrize("now", [b"abx", b"ab", b"abcx"])
def test_a_file_that_changes_while_it_is_stored_is_noticed_before_its_last_byte(
    tmp_path: Path, now: bytes
) -> None:
    path = tmp_path / "growing"
    path.write_bytes(b"abc")
    with path.open("rb") as file:
        reader = SteadyReader(file, path, SHA256_OF_ABC)
        path.write_bytes(now)
        with pytest.raises(InvalidInputError, match="changed while"):
            list(iter(lambda: reader.read(2), b""))


def test_a_file_that_stays_as_it_is_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "steady"
    path.write_bytes(b"abc")
    with path.open("rb") as file:
        reader = SteadyReader(file, path, SHA256_OF_ABC)
        assert reader.read(2) + reader.read(2) == b"abc"
