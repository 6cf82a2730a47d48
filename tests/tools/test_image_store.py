"""Both stores keep one promise."""

from __future__ import annotations

import gc
import hashlib
import os
import threading
import time
import weakref
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import pytest

from pekit_agents.errors import InvalidInput, MemoryStoreError, WriteConflict
from pekit_agents.memory.place import locking
from pekit_agents.memory.search.ram import RamCache
from pekit_agents.tools import image_folder, image_store
from pekit_agents.tools.image_albums import put_album
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.image_store import (
    ImageStore,
    ListsAbout,
    MemoryImageStore,
    UnknownImage,
    handle_of,
    handles_in,
    image_label,
    is_handle,
)


@dataclass(eq=False)
class SimpleCopy:
    """Something of another kind that is kept in RAM."""

    nbytes: int


FORGED = [
    "img_../../../../etc/passwd",
    "/etc/passwd",
    "https://example.com/cat.png",
    "file:///etc/passwd",
    "img_" + "0" * 31,
    "img_" + "0" * 33,
    "img_" + "A" * 32,
    "img_" + "0" * 32 + "\n",
    "IMG_" + "0" * 32,
    "",
    "latest",
]


@pytest.fixture(params=["memory", "directory"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., ImageStore]:
    def make(**limits: int) -> ImageStore:
        if request.param == "memory":
            return MemoryImageStore(**limits)
        return DirectoryImageStore(tmp_path / "images", **limits)

    return make


@pytest.fixture
def later(tmp_path: Path) -> Callable[[], None]:
    """Let a second go by: what was kept and used until now is older than what comes."""

    def move() -> None:
        for path in (tmp_path / "images").rglob("img_*"):
            then = path.stat().st_mtime_ns - 10**9
            os.utime(path, ns=(then, then))

    return move


@pytest.fixture
def store(make_store: Callable[..., ImageStore]) -> ImageStore:
    return make_store()


def test_a_handle_is_the_hash_of_the_content(store: ImageStore) -> None:
    handle = store.put("ann", b"picture")
    assert handle == "img_" + hashlib.sha256(b"picture").hexdigest()[:32]
    assert store.put("ann", b"picture") == handle
    assert store.get("ann", handle) == b"picture"
    assert isinstance(store, ImageStore)


@pytest.mark.parametrize("handle", FORGED)
def test_what_is_no_handle_is_refused(store: ImageStore, handle: str) -> None:
    assert not is_handle(handle)
    with pytest.raises(UnknownImage):
        store.get("ann", handle)
    store.delete("ann", handle)  # and nothing happens


def test_malformed_unknown_and_foreign_handles_cannot_be_told_apart(store: ImageStore) -> None:
    foreign, unknown, malformed = store.put("bob", b"secret"), "img_" + "0" * 32, "img_/etc/passwd"
    messages = set()
    for handle in (foreign, unknown, malformed):
        with pytest.raises(UnknownImage) as caught:
            store.get("ann", handle)
        messages.add(str(caught.value).replace(handle, "..."))
    assert len(messages) == 1


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


def test_the_least_recently_used_picture_goes_first(
    make_store: Callable[..., ImageStore], later: Callable[[], None]
) -> None:
    store = make_store(max_bytes_per_user=30)
    handles = []
    for letter in (b"a", b"b", b"c"):
        handles.append(store.put("ann", letter * 10))
        later()
    store.get("ann", handles[0])
    later()
    store.put("ann", b"d" * 10)
    assert store.get("ann", handles[0]) == b"a" * 10
    with pytest.raises(UnknownImage):
        store.get("ann", handles[1])


def test_the_number_of_pictures_is_bounded_per_user(
    make_store: Callable[..., ImageStore], later: Callable[[], None]
) -> None:
    store = make_store(max_images_per_user=2)
    bobs = store.put("bob", b"bob's")
    handles = []
    for index in range(5):
        handles.append(store.put("ann", b"%d" % index))
        later()
    assert [_has(store, "ann", handle) for handle in handles] == [False] * 3 + [True] * 2
    assert _has(store, "bob", bobs)


@pytest.mark.parametrize("image", [b"", b"x" * 11, "text", None])
def test_what_cannot_be_kept_is_refused(
    make_store: Callable[..., ImageStore], image: object
) -> None:
    with pytest.raises(InvalidInput):
        make_store(max_bytes_per_user=10).put("ann", image)  # type: ignore[arg-type]


@pytest.mark.parametrize("user_id", ["", None, 3])
def test_a_user_is_a_text(store: ImageStore, user_id: object) -> None:
    with pytest.raises(InvalidInput, match="user id"):
        store.put(user_id, b"picture")  # type: ignore[arg-type]


def test_limits_below_one_are_refused(make_store: Callable[..., ImageStore]) -> None:
    with pytest.raises(InvalidInput, match="max_images_per_user"):
        make_store(max_images_per_user=0)


def test_pictures_about_an_object_go_with_it(store: ImageStore) -> None:
    both = store.put("ann", b"both", about=["one"])
    store.put("ann", b"both", about=["two"])
    other = store.put("ann", b"other", about=["three"])
    plain = store.put("ann", b"plain")
    bobs = store.put("bob", b"both", about=["two"])
    store.delete_about("ann", "one")
    assert not _has(store, "ann", both)
    assert _has(store, "ann", other)
    assert _has(store, "ann", plain)
    assert _has(store, "bob", bobs)


def test_the_pictures_of_one_message_stay_together(
    make_store: Callable[..., ImageStore], later: Callable[[], None]
) -> None:
    for limits in ({"max_bytes_per_user": 30}, {"max_images_per_user": 3}):
        store = make_store(**limits)
        old = store.put("ann", b"o" * 10)
        later()
        album = put_album(store, "ann", [bytes([i]) * 10 for i in range(8)])
        later()
        drawn = []
        for i in range(5):  # what tools put while the message is being worked on
            drawn.append(store.put("ann", b"drawn %4d" % i))
            later()
        assert [_has(store, "ann", str(handle)) for handle in album] == [True] * 8
        assert [_has(store, "ann", handle) for handle in drawn] == [False] * 2 + [True] * 3
        assert not _has(store, "ann", old)
        (newer,) = put_album(store, "ann", [b"n" * 10])
        assert _has(store, "ann", str(newer))
        assert sum(_has(store, "ann", str(handle)) for handle in (*album, *drawn)) == 3
        store.clear("ann")


def test_of_an_album_only_what_cannot_be_kept_is_refused(
    make_store: Callable[..., ImageStore],
) -> None:
    store = make_store(max_bytes_per_user=10)
    first, empty, large, last = put_album(store, "ann", [b"first", b"", b"x" * 11, b"last"])
    assert isinstance(empty, InvalidInput)
    assert "found 11" in str(large)
    assert [store.get("ann", str(handle)) for handle in (first, last)] == [b"first", b"last"]


def test_a_store_of_ones_own_that_knows_no_albums_does() -> None:
    class Plain:
        def __init__(self) -> None:
            self.kept: list[bytes] = []

        def put(self, user_id: str, image: bytes, *, about: Collection[str] = ()) -> str:
            self.kept.append(image)
            return handle_of(image)

    store = Plain()
    handles = put_album(store, "ann", [b"a", b"b"])  # type: ignore[arg-type]
    assert (handles, store.kept) == ([handle_of(b"a"), handle_of(b"b")], [b"a", b"b"])


def test_another_process_knows_what_belongs_together(
    tmp_path: Path, later: Callable[[], None]
) -> None:
    album = DirectoryImageStore(tmp_path / "images", max_images_per_user=1).put_album(
        "ann", [b"%d" % i for i in range(5)]
    )
    later()
    other = DirectoryImageStore(tmp_path / "images", max_images_per_user=1)
    other.put("ann", b"drawn")
    assert all(_has(other, "ann", str(handle)) for handle in album)


def test_the_pictures_of_all_stores_of_a_process_share_one_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gc.collect()  # stores of other tests
    ram = RamCache(400)
    monkeypatch.setattr(image_store, "shared_ram_cache", lambda: ram)
    monkeypatch.setattr(image_store, "_STORES", weakref.WeakSet())
    stores = [MemoryImageStore(), MemoryImageStore()]
    handles = [
        (stores[i % 2], f"user {i}", stores[i % 2].put(f"user {i}", bytes([i]) * 50))
        for i in range(10)
    ]
    assert [_has(*each) for each in handles] == [False] * 6 + [True] * 4  # half of the bound
    copy = SimpleCopy(201)
    ram.put(ram.key_for(copy), copy)
    assert ram.nbytes == 0  # the other half is what copies have while pictures have theirs
    album = stores[0].put_album("ann", [bytes([99, i]) * 25 for i in range(10)])
    told = [handle for handle in album if isinstance(handle, InvalidInput)]
    assert len(told) == 2  # a message has room for eight in all of it, and nobody else any
    assert "raise PEKIT_MEMORY_RAM_MB" in str(told[0])
    kept = [handle for handle in album if isinstance(handle, str)]
    assert all(_has(stores[0], "ann", handle) for handle in kept)
    assert not any(_has(*each) for each in handles)
    stores[1].put("bob", b"b")  # somebody else's turn
    assert sum(_has(stores[0], "ann", handle) for handle in kept) == 3


def test_deleting_and_clearing_touch_one_user_only(store: ImageStore) -> None:
    anns, bobs = store.put("ann", b"same"), store.put("bob", b"same")
    assert anns == bobs
    store.delete("ann", anns)
    assert not _has(store, "ann", anns)
    store.put("ann", b"same")
    store.clear("ann")
    store.clear("nobody")
    assert not _has(store, "ann", anns)
    assert _has(store, "bob", bobs)


def test_many_threads_may_use_a_store(make_store: Callable[..., ImageStore]) -> None:
    store = make_store(max_images_per_user=5)
    kept: list[bool] = []

    def work(user: str) -> None:
        for index in range(30):
            handle = store.put(user, b"%d" % index)
            kept.append(store.get(user, handle) == b"%d" % index)

    threads = [threading.Thread(target=work, args=(f"user-{i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept == [True] * 180


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


def test_a_store_says_what_its_pictures_are_about(store: ImageStore) -> None:
    store.put("ann", b"both", about=["one"])
    store.put("ann", b"both", about=["two"])
    store.put("bob", b"other", about=["three"])
    assert isinstance(store, ListsAbout)
    assert (store.about("ann"), store.about("bob"), store.about("eve")) == (
        {"one", "two"},
        {"three"},
        set(),
    )
    store.delete_about("ann", "two")
    assert store.about("ann") == set()


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
    assert not _has(store, "ann", handle)
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


def test_labels_are_read_back() -> None:
    one, two = "img_" + "1" * 32, "img_" + "2" * 32
    assert handles_in(f"look {image_label(one)} and {image_label(two)}, not {one}") == [one, two]
    assert handles_in("[image img_../etc/passwd] [image latest]") == []


def _has(store: ImageStore, user_id: str, handle: str) -> bool:
    try:
        store.get(user_id, handle)
    except UnknownImage:
        return False
    return True
