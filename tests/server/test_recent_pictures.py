from __future__ import annotations

import json
import threading

import pytest

from pekit_agents.errors import MemoryStoreError
from pekit_agents.server.recent_pictures import RecentPictures


def test_the_newest_comes_first_and_once(tmp_path):
    recent = RecentPictures(tmp_path / "recent")
    assert recent.handles("ann") == []
    assert recent.newest_at("ann") == 0.0
    for handle, at in [("a", 1.0), ("b", 3.0), ("c", 2.0), ("a", 4.0)]:
        recent.add("ann", handle, at)
    assert recent.handles("ann") == ["a", "b", "c"]
    assert recent.newest_at("ann") == 4.0
    assert recent.handles("bob") == []
    recent.discard("ann", ["b"])
    assert RecentPictures(tmp_path / "recent").handles("ann") == ["a", "c"]


def test_no_more_than_two_hundred_are_kept(tmp_path):
    recent = RecentPictures(tmp_path)
    for n in range(205):
        recent.add("ann", f"img {n}", float(n))
    assert recent.handles("ann") == [f"img {n}" for n in range(204, 4, -1)]


def test_nothing_is_left_of_who_is_forgotten(tmp_path):
    recent = RecentPictures(tmp_path)
    recent.add("ann", "a", 1.0)
    recent.add("bob", "b", 1.0)
    recent.clear("ann")
    recent.clear("ann")
    assert recent.handles("ann") == []
    assert recent.handles("bob") == ["b"]
    assert len([path for path in tmp_path.iterdir() if path.name != ".lock"]) == 1


@pytest.mark.parametrize("content", ["", "{}x", "[1]", '[["a"]]', '[["a", "b"]]', "null"])
def test_a_damaged_file_is_begun_anew(tmp_path, content):
    recent = RecentPictures(tmp_path)
    recent.add("ann", "a", 1.0)
    recent._files.path("ann").write_text(content)
    assert recent.handles("ann") == []
    recent.add("ann", "b", 2.0)
    assert recent.handles("ann") == ["b"]


def test_any_user_has_a_file_of_their_own(tmp_path):
    recent = RecentPictures(tmp_path)
    for user in ("../../ann", "\ud800", "x" * 1000):
        recent.add(user, "a", 1.0)
    names = [path.stem for path in tmp_path.glob("*.json")]
    assert [len(name) for name in names] == [64] * 3


def test_many_writers_lose_nothing(tmp_path):
    def write(n):
        for each in range(10):
            RecentPictures(tmp_path).add("ann", f"{n} {each}", float(each))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(json.loads(RecentPictures(tmp_path)._files.path("ann").read_text())) == 40


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MemoryStoreError, match="expected a folder that can be written"):
        RecentPictures(tmp_path / "file").add("ann", "a")
