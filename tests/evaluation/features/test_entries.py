"""The cache on disk: what is written is read again, what is damaged counts as missing."""

from __future__ import annotations

import numpy as np
import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.features.entries import Entries


def test_what_was_written_is_read_again(tmp_path):
    entries = Entries(tmp_path, {"encoder": "a"})
    assert entries.read("key") is None
    entries.write("key", {"x": np.arange(6, dtype=np.float32).reshape(2, 3)})
    found = Entries(tmp_path, {"encoder": "a"}).read("key")
    assert found["x"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["x"].dtype == np.float32


def test_entries_that_were_made_otherwise_do_not_meet(tmp_path):
    Entries(tmp_path, {"encoder": "a"}).write("key", {"x": np.zeros(1)})
    assert Entries(tmp_path, {"encoder": "b"}).read("key") is None


@pytest.mark.parametrize("damage", ["cut", "empty", "altered", "text"])
def test_a_damaged_entry_counts_as_missing_and_can_be_written_anew(tmp_path, damage):
    entries = Entries(tmp_path, {})
    entries.write("key", {"x": np.arange(100)})
    (path,) = tmp_path.rglob("*.npz")
    content = path.read_bytes()
    middle = len(content) // 2
    altered = content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]
    path.write_bytes(
        {"cut": content[:middle], "empty": b"", "altered": altered, "text": b"no"}[damage]
    )
    assert entries.read("key") is None
    entries.write("key", {"x": np.arange(3)})
    assert entries.read("key")["x"].tolist() == [0, 1, 2]


def test_an_entry_with_pickled_objects_is_not_opened(tmp_path):
    entries = Entries(tmp_path, {})
    entries.write("key", {"x": np.zeros(1)})
    (path,) = tmp_path.rglob("*.npz")
    np.savez(path, x=np.array([{"a": 1}], dtype=object))
    assert entries.read("key") is None


def test_the_size_is_that_of_the_entries(tmp_path):
    entries = Entries(tmp_path, {})
    assert entries.size() == 0
    entries.write("key", {"x": np.zeros(1000)})
    assert 8000 < entries.size() < 9000


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidInput, match="choose another with --cache"):
        Entries(tmp_path / "file", {}).write("key", {"x": np.zeros(1)})
