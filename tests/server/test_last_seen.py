from __future__ import annotations

import json
import stat
import threading
from datetime import UTC, datetime

import pytest

from pekit_agents.errors import MemoryStoreError
from pekit_agents.server.last_seen import LastSeen


def test_what_is_seen_has_the_time_of_the_last_sighting(tmp_path):
    seen = LastSeen(tmp_path / "seen")
    assert seen.times("ann", {"a"}) == {}
    begun = datetime.now(UTC)
    seen.note("ann", {"a", "b"}, {"a", "b", "c"})
    first = seen.times("ann", {"a", "b", "c"})
    seen.note("ann", {"a"}, {"a", "b", "c"})
    again = LastSeen(tmp_path / "seen").times("ann", {"a", "b", "c"})  # of another process
    assert again.keys() == {"a", "b"}
    assert begun <= first["a"] < again["a"] <= datetime.now(UTC)
    assert again["b"] == first["b"]
    assert again["a"].tzinfo is UTC
    assert seen.times("bob", {"a"}) == {}


def test_of_what_is_not_remembered_any_more_nothing_is_kept(tmp_path):
    seen = LastSeen(tmp_path)
    seen.note("ann", {"a", "b"}, {"a"})
    assert kept(tmp_path) == {"a"}
    seen.note("ann", {"c"}, {"a", "c"})
    seen.note("ann", {"c"}, {"c"})
    assert kept(tmp_path) == {"c"}
    assert seen.times("ann", set()) == {}
    assert kept(tmp_path) == set()


def kept(folder) -> set[str]:
    (path,) = folder.glob("*.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return set(json.loads(path.read_text()))


def test_nothing_is_written_where_nothing_is_seen(tmp_path):
    seen = LastSeen(tmp_path / "seen")
    seen.note("ann", set(), {"a"})
    assert seen.times("ann", {"a"}) == {}
    assert not (tmp_path / "seen").exists()


def test_nothing_is_left_of_who_is_forgotten(tmp_path):
    seen = LastSeen(tmp_path)
    seen.note("ann", {"a"}, {"a"})
    seen.note("bob", {"b"}, {"b"})
    seen.clear("ann")
    seen.clear("ann")
    assert seen.times("ann", {"a"}) == {}
    assert seen.times("bob", {"b"}).keys() == kept(tmp_path) == {"b"}


@pytest.mark.parametrize("content", ["", "{}x", "[1]", '{"a": "x"}', '{"a": null}', "null"])
def test_a_damaged_file_is_begun_anew(tmp_path, content):
    seen = LastSeen(tmp_path)
    seen.note("ann", {"a"}, {"a"})
    seen._files.path("ann").write_text(content)
    assert seen.times("ann", {"a"}) == {}
    seen.note("ann", {"b"}, {"b"})
    assert seen.times("ann", {"b"}).keys() == {"b"}


def test_many_writers_lose_nothing(tmp_path):
    known = {f"{n} {each}" for n in range(4) for each in range(10)}

    def write(n):
        for each in range(10):
            LastSeen(tmp_path).note("ann", {f"{n} {each}"}, known)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert LastSeen(tmp_path).times("ann", known).keys() == known


def test_a_folder_that_cannot_be_used_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MemoryStoreError, match="expected a folder that can be written"):
        LastSeen(tmp_path / "file").note("ann", {"a"}, {"a"})
    seen = LastSeen(tmp_path)
    seen._files.path("ann").mkdir()
    with pytest.raises(MemoryStoreError, match="expected a file that can be read"):
        seen.times("ann", {"a"})
