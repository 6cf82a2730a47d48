"""Clips by handle: in files, each user's own, no more than there is room for."""

from __future__ import annotations

import gc
import os
import stat
import sys
from pathlib import Path

import pytest

from pekit_agents.errors import FormatNotInstalled, InvalidInput
from pekit_agents.testing import solid_scene, to_png
from pekit_agents.tools.clip_store import (
    ClipFolder,
    ClipStore,
    UnknownClip,
    clip_label,
    clips_in,
    is_clip_handle,
)
from tests.tools.moving_pictures import film

FORGED = [
    "clip_../../../../etc/passwd",
    "/etc/passwd",
    "rtsp://camera/1",
    "clip_" + "0" * 31,
    "clip_" + "A" * 32,
    "clip_" + "0" * 32 + "\n",
    "img_" + "0" * 32,
    "",
    "clip",
]


@pytest.fixture(scope="module")
def red() -> bytes:
    return film("red", seconds=0.5)


@pytest.fixture(scope="module")
def blue() -> bytes:
    return film("blue", seconds=0.5)


def has(store: ClipStore, user_id: str, handle: str) -> bool:
    try:
        store.path(user_id, handle)
    except UnknownClip:
        return False
    return True


def test_a_clip_comes_back_whole_from_bytes_and_from_a_path(tmp_path: Path, red: bytes) -> None:
    store = ClipFolder(tmp_path / "clips")
    (tmp_path / "walk.mp4").write_bytes(red)
    handle = store.put("ann", red)
    assert store.put("ann", tmp_path / "walk.mp4") == handle
    assert is_clip_handle(handle)
    assert store.path("ann", handle).read_bytes() == red
    assert clips_in(f"Look: {clip_label(handle)}") == [handle]


@pytest.mark.parametrize("handle", FORGED)
def test_a_handle_that_nobody_gave_opens_nothing(tmp_path: Path, red: bytes, handle: str) -> None:
    store = ClipFolder(tmp_path)
    store.put("ann", red)
    with pytest.raises(UnknownClip, match="expected the handle of a clip"):
        store.path("ann", handle)
    store.delete("ann", handle)


def test_what_one_user_sent_is_no_clip_of_another(tmp_path: Path, red: bytes) -> None:
    store = ClipFolder(tmp_path)
    handle = store.put("ann", red)
    assert not has(store, "bob", handle)
    store.clear("bob")
    store.delete("bob", handle)
    assert has(store, "ann", handle)
    store.clear("ann")
    assert not has(store, "ann", handle)
    assert has(store, "ann", store.put("ann", red))


def test_the_least_recently_used_goes_first(tmp_path: Path, red: bytes, blue: bytes) -> None:
    green = film("green", seconds=0.5)
    size = max(map(len, (red, blue, green)))
    store = ClipFolder(tmp_path, max_bytes_per_user=2 * size + 10)
    old, newer = store.put("ann", red), store.put("ann", blue)
    for at, handle in enumerate((newer, old)):
        os.utime(store.path("ann", handle), (at + 1, at + 1))
    newest = store.put("ann", green)
    assert [has(store, "ann", each) for each in (old, newer, newest)] == [True, False, True]


@pytest.mark.parametrize(
    ("clip", "said"),
    [
        (b"", "found nothing"),
        (b"no clip at all" * 99, "found something else"),
        (to_png(solid_scene({})), "such as a photo"),
        (bytearray(b"x"), "found bytearray"),
        ("nowhere.mp4", "found no file"),
    ],
)
def test_what_is_no_clip_is_refused_and_nothing_is_kept(
    tmp_path: Path, clip: bytes, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        ClipFolder(tmp_path / "clips").put("ann", clip)
    assert not (tmp_path / "clips").exists()


def test_a_clip_that_is_too_large_is_refused(tmp_path: Path, red: bytes) -> None:
    with pytest.raises(InvalidInput, match=f"at most {len(red) - 1} bytes, found {len(red)}"):
        ClipFolder(tmp_path, max_bytes=len(red) - 1).put("ann", red)


def test_without_the_extra_a_clip_is_refused_by_the_line_that_installs_it(
    tmp_path: Path, red: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "pekit_agents.video.pyav", raising=False)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(FormatNotInstalled, match=r'pip install "pekit-agents\[video\]"'):
        ClipFolder(tmp_path).put("ann", red)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_clips_are_their_owners_alone(tmp_path: Path, red: bytes) -> None:
    store = ClipFolder(tmp_path / "clips")
    path = store.path("ann", store.put("ann", red))
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)] == [0o600, 0o700]


def test_temporary_clips_go_with_their_store(red: bytes) -> None:
    store = ClipFolder()
    path = store.path("ann", store.put("ann", red))
    assert path.exists()
    del store
    gc.collect()
    assert not path.exists()
