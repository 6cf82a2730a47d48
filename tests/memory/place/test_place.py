"""Every place passes the tests that any other one would have to pass."""

from __future__ import annotations

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.memory.place.cloud import cloud_place
from pekit_agents.memory.place.local import LocalPlace
from pekit_agents.memory.place.place import place_at, user_place, user_places
from pekit_agents.memory.place.s3 import bucket_place
from pekit_agents.testing.places import PlaceTests


class TestFolder(PlaceTests):
    @pytest.fixture
    def place(self, tmp_path):
        return LocalPlace(tmp_path / "users")


@pytest.mark.slow
class TestBucket(PlaceTests):
    locks = False
    clock_s = 1.1  # S3 counts whole seconds

    @pytest.fixture
    def place(self, bucket):
        return bucket_place(bucket.uri, bucket.options)


class TestCloud(PlaceTests):
    @pytest.fixture
    def place(self, cloud):
        return cloud_place("db://things", cloud.options)


def test_users_are_listed_by_the_names_of_their_folders_alone(tmp_path):
    for user in ("ann", "bob"):
        user_place(tmp_path, user).path.mkdir()
    (tmp_path / "ann").mkdir()
    (tmp_path / f"{'a' * 64}.forgotten").mkdir()
    found = list(user_places(tmp_path, "Counting"))
    assert sorted(map(str, found)) == sorted(str(user_place(tmp_path, u)) for u in ("ann", "bob"))
    assert list(user_places(tmp_path / "none", "Counting")) == []


@pytest.mark.parametrize("below", [".", "memory", "a/b"])
def test_a_file_is_no_place_and_neither_is_what_lies_below_it(tmp_path, below):
    file = tmp_path / "notes.txt"
    file.write_text("notes")
    with pytest.raises(InvalidInput, match=r"expected a folder .* a file at .*notes\.txt; choose"):
        place_at(file / below)
    with pytest.raises(InvalidInput, match="found a file"):
        list(user_places(file / below, "Listing"))


def test_users_are_not_listed_where_they_have_no_files():
    with pytest.raises(InvalidInput, match=r"Counting needs files.*db://things"):
        list(user_places("db://things", "Counting"))


@pytest.mark.parametrize("user_id", ["", "x" * 1025, None, b"ann"])
def test_what_cannot_be_a_user_has_no_place(user_id, tmp_path):
    with pytest.raises(InvalidInput, match="1 to 1024 characters"):
        user_place(tmp_path, user_id)
    assert str(place_at(tmp_path)) == str(tmp_path)
