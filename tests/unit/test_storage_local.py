"""What only the local directory can do wrong."""

import hashlib
import mimetypes
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from beamloop.errors import (
    ArtifactConflictError,
    ArtifactDamagedError,
    ArtifactMissingError,
    StoreUnavailableError,
)
from beamloop.settings import StoreSettings
from beamloop.storage import ArtifactStore, open_store

pytestmark = pytest.mark.unit

SECRET = b"not for you"
SECRET_SHA256 = hashlib.sha256(SECRET).hexdigest()
# For a test, everything is older than tomorrow.
LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


@pytest.fixture
def store(root: Path) -> ArtifactStore:
    return open_store(StoreSettings(directory=root))


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "file").write_bytes(SECRET)
    (folder / f".object.{SECRET_SHA256}").write_bytes(SECRET)
    (folder / "object").symlink_to(f".object.{SECRET_SHA256}")
    return folder


def test_an_artifact_opens_like_any_file_and_cannot_be_written(store: ArtifactStore, root: Path) -> None:
    store.put_bytes("run-1/index/a.expt", b"{}")
    assert (root / "run-1/index/a.expt").read_bytes() == b"{}"
    assert (root / "run-1/index/a.expt").stat().st_mode & 0o222 == 0


def test_a_linked_folder_leads_nowhere(store: ArtifactStore, root: Path, outside: Path) -> None:
    (root / "linked").symlink_to(outside)
    with pytest.raises(ArtifactMissingError):
        store.stat("linked/object")
    with pytest.raises(ArtifactMissingError):
        list(store.stream("linked/object", sha256=SECRET_SHA256))
    with pytest.raises(ArtifactConflictError):
        store.put_bytes("linked/new", b"x")
    assert list(store.list("linked/")) == []
    assert not (outside / "new").exists()


@pytest.mark.parametrize("target", ["../outside/file", "/etc/hostname", ".other", ".object.", ".zz.object"])
def test_a_link_that_the_store_did_not_make_is_a_damage(
    store: ArtifactStore, root: Path, outside: Path, target: str
) -> None:
    (root / "object").symlink_to(target)
    with pytest.raises(ArtifactDamagedError):
        store.stat("object")
    with pytest.raises(ArtifactDamagedError):
        list(store.stream("object", sha256=SECRET_SHA256))
    with pytest.raises(ArtifactDamagedError):
        store.put_bytes("object", SECRET)


def test_data_that_are_a_link_themselves_are_a_damage(
    store: ArtifactStore, root: Path, outside: Path
) -> None:
    (root / f".{SECRET_SHA256}.object").symlink_to(outside / "file")
    (root / "object").symlink_to(f".{SECRET_SHA256}.object")
    with pytest.raises(ArtifactDamagedError):
        list(store.stream("object", sha256=SECRET_SHA256))


def test_data_that_are_gone_are_a_damage_and_not_a_missing_artifact(store: ArtifactStore, root: Path) -> None:
    stored = store.put_bytes("object", b"x")
    (root / f".{stored.sha256}.object").unlink()
    with pytest.raises(ArtifactDamagedError, match="gone"):
        store.stat("object")


def test_a_file_opens_in_a_browser_as_what_it_is(store: ArtifactStore) -> None:
    store.put_bytes("folder/report.html", b"<p>")
    opened = Path(store.address("folder/report.html")).resolve()
    assert mimetypes.guess_type(opened) == ("text/html", None)


def test_a_store_from_before_is_read_and_kept(store: ArtifactStore, root: Path) -> None:
    (root / f".object.{SECRET_SHA256}").write_bytes(SECRET)
    (root / "object").symlink_to(f".object.{SECRET_SHA256}")
    assert b"".join(store.stream("object", sha256=SECRET_SHA256)) == SECRET
    assert store.put_bytes("object", SECRET).sha256 == SECRET_SHA256
    assert found(store) == []


def test_an_unmounted_store_does_not_look_like_a_missing_artifact(store: ArtifactStore, root: Path) -> None:
    root.rmdir()
    for use in (
        lambda: store.stat("a/b"),
        lambda: store.put_bytes("a/b", b""),
        lambda: list(store.list("")),
        store.check,
    ):
        with pytest.raises(StoreUnavailableError, match="is not there"):
            use()
    assert not root.exists()


def test_a_key_is_not_both_an_object_and_a_folder(store: ArtifactStore, root: Path) -> None:
    store.put_bytes("a/b", b"1")
    with pytest.raises(ArtifactConflictError, match="folder"):
        store.put_bytes("a", b"2")
    with pytest.raises(ArtifactConflictError, match="not a folder"):
        store.put_bytes("a/b/c", b"3")
    with pytest.raises(ArtifactMissingError):
        store.stat("a")
    with pytest.raises(ArtifactMissingError):
        store.stat("a/b/c")
    assert sorted(os.listdir(root)) == ["a"]


def found(store: ArtifactStore, *, before: datetime = LATER, remove: bool = True) -> list[str]:
    return [leftover.what for leftover in store.leftovers(before, remove=remove)]


def test_leftovers_are_removed_and_nothing_else(store: ArtifactStore, root: Path, tmp_path: Path) -> None:
    store.put_bytes("folder/object", b"kept")
    before = sorted(os.listdir(root / "folder"))
    (root / ".beamloop-0123456789abcdef.part").write_bytes(b"half")
    (root / ".beamloop-0123456789abcdef.link").symlink_to("anywhere")
    (root / "folder" / f".{SECRET_SHA256}.lost").write_bytes(SECRET)
    (root / "folder" / f".{SECRET_SHA256}.object").write_bytes(SECRET)
    (root / "folder" / f".from_before.{SECRET_SHA256}").write_bytes(SECRET)
    lost = [
        ".beamloop-0123456789abcdef.link",
        ".beamloop-0123456789abcdef.part",
        f"folder/.{SECRET_SHA256}.lost",
        f"folder/.{SECRET_SHA256}.object",
        f"folder/.from_before.{SECRET_SHA256}",
    ]
    assert found(store, remove=False) == lost
    assert found(store) == lost
    assert found(store) == []
    assert sorted(os.listdir(root / "folder")) == before
    assert b"".join(store.stream("folder/object", sha256=hashlib.sha256(b"kept").hexdigest())) == b"kept"


def test_what_changed_lately_may_be_of_a_writer_at_work(store: ArtifactStore, root: Path) -> None:
    part = root / ".beamloop-0123456789abcdef.part"
    part.write_bytes(b"half")
    # A copied file may be old; its arrival is not.
    os.utime(part, (0, 0))
    (root / f".{SECRET_SHA256}.lost").write_bytes(SECRET)
    assert found(store, before=datetime.now(UTC) - timedelta(days=1)) == []


def test_hostile_links_and_names_are_neither_followed_nor_touched(
    store: ArtifactStore, root: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".beamloop-0123456789abcdef.part").write_bytes(b"somebody's")
    (root / "folder").symlink_to(elsewhere)
    (root / ".beamloop-fedcba9876543210.part").symlink_to(elsewhere)
    (root / f".{SECRET_SHA256}.lost").symlink_to(elsewhere / ".beamloop-0123456789abcdef.part")
    (root / f".{SECRET_SHA256}.taken").write_bytes(SECRET)
    (root / "taken").write_bytes(b"a person's file in the link's place")
    (root / ".hidden").mkdir()
    (root / ".hidden" / ".beamloop-0123456789abcdef.part").write_bytes(b"not ours")
    assert found(store) == []


def test_leftovers_of_killed_writers_are_not_listed_and_not_in_the_way(
    store: ArtifactStore, root: Path
) -> None:
    (root / ".beamloop-0123456789abcdef.part").write_bytes(b"half")
    (root / f".{SECRET_SHA256}.object").write_bytes(SECRET)
    assert list(store.list("")) == []
    store.put_bytes("object", b"other bytes than the killed writer's")
    assert [found.key for found in store.list("")] == ["object"]
