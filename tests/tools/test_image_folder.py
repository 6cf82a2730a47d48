"""Pictures in a folder: on disk, across processes, and after a crash."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pekit_agents.errors import MemoryStoreError, WriteConflict
from pekit_agents.memory.place import locking
from pekit_agents.tools import image_folder
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.image_store import (
    UnknownImage,
)
from tests.tools.kept_pictures import has


def test_a_malformed_handle_never_reaches_the_disk(tmp_path: Path) -> None:
    store = DirectoryImageStore(tmp_path / "images")
    store.put("ann", b"picture")
    folder = next((tmp_path / "images").iterdir())
    (folder / "img_x").write_bytes(b"secret")
    (tmp_path / "images" / "secret").write_bytes(b"secret")
    for handle in ("img_x", "../secret", str(tmp_path / "images" / "secret")):
        with pytest.raises(UnknownImage):
            store.get("ann", handle)
        store.delete("ann", handle)
    assert (folder / "img_x").exists()


def test_another_process_knows_what_belongs_together(
    tmp_path: Path, later: Callable[[], None]
) -> None:
    album = DirectoryImageStore(tmp_path / "images", max_images_per_user=1).put_album(
        "ann", [b"%d" % i for i in range(5)]
    )
    later()
    other = DirectoryImageStore(tmp_path / "images", max_images_per_user=1)
    other.put("ann", b"drawn")
    assert all(has(other, "ann", str(handle)) for handle in album)


def test_a_folder_outlives_the_process_and_keeps_no_names(tmp_path: Path) -> None:
    handle = DirectoryImageStore(tmp_path / "images").put("ann@example.com", b"picture")
    assert DirectoryImageStore(tmp_path / "images").get("ann@example.com", handle) == b"picture"
    paths = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")]
    assert not any("ann" in path for path in paths)


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_only_the_owner_may_read_a_folder(tmp_path: Path) -> None:
    DirectoryImageStore(tmp_path / "images").put("ann", b"picture", about=["one"])
    folder = next((tmp_path / "images").iterdir())
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_a_damaged_file_is_not_served(tmp_path: Path) -> None:
    store = DirectoryImageStore(tmp_path / "images")
    handle = store.put("ann", b"picture")
    next(tmp_path.rglob(handle)).write_bytes(b"something else")
    with pytest.raises(UnknownImage):
        store.get("ann", handle)


@pytest.mark.parametrize("name", [".part-dead", ".img_0.dead.part"])
def test_what_a_killed_writer_left_is_swept(tmp_path: Path, name: str) -> None:
    store = DirectoryImageStore(tmp_path / "images")
    handle = store.put("ann", b"picture")
    left = next(tmp_path.rglob(handle)).with_name(name)
    left.write_bytes(b"half a pict")
    os.utime(left, (0, 0))
    store.put("ann", b"another")
    assert not left.exists()


def test_looking_and_deleting_make_no_folder(tmp_path: Path) -> None:
    store = DirectoryImageStore(tmp_path / "images")
    store.delete_about("ann", "one")
    store.clear("ann")
    assert store.about("ann") == set()
    assert not (tmp_path / "images").exists()
    store.put("ann", b"picture")
    store.clear("ann")
    assert list((tmp_path / "images").iterdir()) == []


@pytest.mark.parametrize("finish", ["clear", "put"])
def test_clearing_that_was_interrupted_shows_nothing_and_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finish: str
) -> None:
    store = DirectoryImageStore(tmp_path / "images")
    handle = store.put("ann", b"picture", about=["one"])

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            store.clear("ann")
    assert not has(store, "ann", handle)
    assert list(tmp_path.rglob(handle))
    if finish == "put":
        store.put("ann", b"another")
    else:
        store.clear("ann")
    assert not list(tmp_path.rglob(handle))


@pytest.mark.parametrize("hours", [0, 24, -24])
def test_forgetting_takes_along_what_killed_writers_left(tmp_path: Path, hours: int) -> None:
    store = DirectoryImageStore(tmp_path / "images")
    handle = store.put("ann", b"picture", about=["one"])
    left = next(tmp_path.rglob(handle)).with_name(".img_0.dead.part")
    left.write_bytes(b"half a pict")
    then = time.time() + hours * 3600
    os.utime(left, (then, then))
    store.delete_about("ann", "one")
    assert not left.exists()


def test_without_locks_only_what_nobody_can_be_writing_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_lock(*_: object, **__: object) -> bool:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(locking, "lock_descriptor", no_lock)
    store = DirectoryImageStore(tmp_path / "images")
    handle = store.put("ann", b"picture", about=["one"])
    folder = next(tmp_path.rglob(handle)).parent
    for name, hours in (("young", 0), ("old", -24), ("future", 24)):
        left = folder / f".img_0.{name}.part"
        left.write_bytes(b"half a pict")
        os.utime(left, (time.time() + hours * 3600,) * 2)
    store.delete_about("ann", "one")
    assert [path.name for path in folder.glob("*.part")] == [".img_0.young.part"]
    assert not (folder / handle).exists()


def test_nobody_forgets_between_a_picture_and_the_note_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, tried = image_folder._write, []

    def while_writing(path: Path, content: bytes) -> None:
        with (
            pytest.raises(WriteConflict),
            locking.locked(path.with_name(".lock"), patience_s=0.0),
        ):
            pass  # another process would be let in here
        tried.append(path.suffix)
        write(path, content)

    monkeypatch.setattr(image_folder, "_write", while_writing)
    DirectoryImageStore(tmp_path / "images").put("ann", b"picture", about=["one"])
    assert tried == [".about", ""]


def test_a_folder_that_may_only_be_read_gives_its_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DirectoryImageStore(tmp_path / "images")
    handle = store.put("ann", b"picture")

    def read_only(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    for name in ("os.utime", "os.open", "os.unlink", "tempfile.mkstemp"):
        monkeypatch.setattr(name, read_only)
    monkeypatch.setattr(Path, "unlink", read_only)
    assert store.get("ann", handle) == b"picture"
    for task in (
        lambda: store.put("ann", b"another"),
        lambda: store.delete("ann", handle),
        lambda: store.delete_about("ann", "one"),
    ):
        with pytest.raises(MemoryStoreError, match="Read-only file system"):
            task()


def test_a_file_where_a_folder_is_expected_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(b"")
    store = DirectoryImageStore(tmp_path / "images")
    with pytest.raises(MemoryStoreError, match="could not be read"):
        store.get("ann", "img_" + "0" * 32)
    with pytest.raises(MemoryStoreError, match="could not be written"):
        store.put("ann", b"picture")
