"""Both stores keep one promise."""

from __future__ import annotations

import gc
import hashlib
import threading
import weakref
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.memory.search.ram import RamCache
from pekit_agents.tools import image_store
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
from tests.tools.kept_pictures import FORGED, has


@dataclass(eq=False)
class SimpleCopy:
    """Something of another kind that is kept in RAM."""

    nbytes: int


@pytest.fixture(params=["memory", "directory"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., ImageStore]:
    def make(**limits: int) -> ImageStore:
        if request.param == "memory":
            return MemoryImageStore(**limits)
        return DirectoryImageStore(tmp_path / "images", **limits)

    return make


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
    assert [has(store, "ann", handle) for handle in handles] == [False] * 3 + [True] * 2
    assert has(store, "bob", bobs)


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
    assert not has(store, "ann", both)
    assert has(store, "ann", other)
    assert has(store, "ann", plain)
    assert has(store, "bob", bobs)


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
        assert [has(store, "ann", str(handle)) for handle in album] == [True] * 8
        assert [has(store, "ann", handle) for handle in drawn] == [False] * 2 + [True] * 3
        assert not has(store, "ann", old)
        (newer,) = put_album(store, "ann", [b"n" * 10])
        assert has(store, "ann", str(newer))
        assert sum(has(store, "ann", str(handle)) for handle in (*album, *drawn)) == 3
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
    assert [has(*each) for each in handles] == [False] * 6 + [True] * 4  # half of the bound
    copy = SimpleCopy(201)
    ram.put(ram.key_for(copy), copy)
    assert ram.nbytes == 0  # the other half is what copies have while pictures have theirs
    album = stores[0].put_album("ann", [bytes([99, i]) * 25 for i in range(10)])
    told = [handle for handle in album if isinstance(handle, InvalidInput)]
    assert len(told) == 2  # a message has room for eight in all of it, and nobody else any
    assert "raise PEKIT_MEMORY_RAM_MB" in str(told[0])
    kept = [handle for handle in album if isinstance(handle, str)]
    assert all(has(stores[0], "ann", handle) for handle in kept)
    assert not any(has(*each) for each in handles)
    stores[1].put("bob", b"b")  # somebody else's turn
    assert sum(has(stores[0], "ann", handle) for handle in kept) == 3


def test_deleting_and_clearing_touch_one_user_only(store: ImageStore) -> None:
    anns, bobs = store.put("ann", b"same"), store.put("bob", b"same")
    assert anns == bobs
    store.delete("ann", anns)
    assert not has(store, "ann", anns)
    store.put("ann", b"same")
    store.clear("ann")
    store.clear("nobody")
    assert not has(store, "ann", anns)
    assert has(store, "bob", bobs)


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


def test_labels_are_read_back() -> None:
    one, two = "img_" + "1" * 32, "img_" + "2" * 32
    assert handles_in(f"look {image_label(one)} and {image_label(two)}, not {one}") == [one, two]
    assert handles_in("[image img_../etc/passwd] [image latest]") == []
