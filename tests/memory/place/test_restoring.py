"""A process that goes on while a backup is put in place serves what was restored."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from pekit_agents import PeKit
from pekit_agents.memory.place.folder import FolderPlace
from pekit_agents.retrievers.photo_library import PhotoLibrary
from pekit_agents.testing import fake_profile, solid_scene


def whole_folder(user, backup):
    """Take it away and put the backup in its place."""
    shutil.rmtree(user)
    shutil.copytree(backup, user)


def over_it(user, backup):
    """Copy the files over those that are there, as they were dated; what is newer goes."""
    for path in sorted(user.rglob("*"), reverse=True):
        if path.is_file() and not (backup / path.relative_to(user)).exists():
            path.unlink()
    for path in backup.rglob("*"):
        if path.is_file():
            target = user / path.relative_to(backup)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:  # the file stays the one that it was
                file.write(path.read_bytes())
            shutil.copystat(path, target)


def the_table_alone(user, backup):
    for table in backup.rglob("objects.lance"):
        shutil.rmtree(user / table.relative_to(backup))
        shutil.copytree(table, user / table.relative_to(backup))


WAYS = (whole_folder, over_it, the_table_alone)


@pytest.fixture
def backup(root, tmp_path):
    """Make a backup of the only user, and return what puts it in place in one way."""

    def make():
        (user,) = root.iterdir()
        shutil.copytree(user, tmp_path / "backup")
        return lambda way: way(user, tmp_path / "backup")

    return make


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("later", [0, 1, 3])
def test_what_was_restored_is_read_at_once(open_memory, thing, unit_vectors, backup, way, later):
    """The versions count the same numbers twice, so a number does not tell them apart."""
    reader, writer = open_memory(), open_memory()
    writer.insert(thing(name="Old"), unit_vectors(seed=1))
    writer.update("id-1", context="old")
    restore = backup()
    version = writer.version()
    restore(way)  # and on from there
    writer.update("id-1", name="New", context="new")
    for _ in range(later):
        writer.append_views("id-1", unit_vectors(seed=2))
    assert reader.objects()[0].name == "New"
    known = reader.version(), writer.version()
    restore(way)
    for number in range(later + 1):
        open_memory().update("id-1", context=f"old {number}")
    assert open_memory().version() == version + later + 1
    for memory, before in zip((reader, writer), known, strict=True):
        assert memory.version() != before
        assert (memory.objects()[0].name, memory.objects()[0].n_views) == ("Old", 1)
        np.testing.assert_array_equal(memory.snapshot().vectors, unit_vectors(seed=1))
        assert memory.get("id-1").object.name == "Old"
    assert writer.update("id-1", context="goes on").name == "Old"
    assert reader.objects()[0].context == "goes on"


@pytest.mark.parametrize("way", WAYS)
def test_a_restored_table_of_an_older_version_is_read(
    open_memory, thing, unit_vectors, backup, way
):
    reader, writer = open_memory(), open_memory()
    writer.insert(thing(name="Old"), unit_vectors(seed=1))
    restore = backup()
    writer.update("id-1", name="New")
    assert reader.objects()[0].name == "New"
    restore(way)
    assert reader.objects()[0].name == writer.objects()[0].name == "Old"


@pytest.mark.parametrize("way", WAYS)
def test_a_restored_memory_with_an_index_is_searched(open_memory, thing, unit_vectors, backup, way):
    reader, writer = (open_memory(index_above=10) for _ in range(2))
    for number in range(4):
        writer.insert(thing(f"{number}", f"Old {number}"), unit_vectors(5, seed=number))
    writer.compact()
    restore = backup()
    writer.update("0", name="New")
    assert {obj.name for obj in reader.objects()} > {"New"}
    restore(way)
    open_memory(index_above=10).update("1", name="Old one")
    assert {obj.name for obj in reader.objects()} == {"Old 0", "Old one", "Old 2", "Old 3"}


@pytest.mark.parametrize("way", WAYS)
def test_a_restored_library_is_searched(tmp_path, root, backup, way):
    red, blue = (solid_scene({colour: (20, 20, 90, 90)}) for colour in ("red", "blue"))
    profile = fake_profile()
    kit = PeKit.open(root, profile=profile)
    kit.remember("Cup", red, category="mug")
    library = PhotoLibrary.open(root, profile=profile)
    library.index([("photo", red)])
    restore = backup()
    library.index([("photo", blue)])
    assert library.search(["Cup"]) == []
    restore(way)
    PhotoLibrary.open(root, profile=profile).index([("another", blue)])
    assert [photo.photo_id for photo in library.search(["Cup"])] == ["photo"]


def test_nothing_is_opened_again_while_nothing_is_replaced(
    open_memory, thing, unit_vectors, monkeypatch
):
    memory = open_memory()
    memory.insert(thing(), unit_vectors())
    memory.objects()
    memory.compact()
    opened, connect = [], FolderPlace.connect
    monkeypatch.setattr(
        FolderPlace, "connect", lambda self: (opened.append(self), connect(self))[1]
    )
    for number in range(25):  # a compaction is among them
        memory.update("id-1", context=str(number))
        assert memory.objects()[0].context == str(number)
    assert opened == []


def test_a_backup_copied_over_newer_files_restores_nothing(root, backup):
    """As docs/guides/moving.md says: what is there goes first."""
    kit = PeKit.open(root, profile=fake_profile(), user_id="ann")
    kit.remember("Cup", solid_scene({"red": (20, 20, 90, 90)}), category="mug")
    restore = backup()
    kit.update("Cup", name="Mug")
    restore(lambda user, files: shutil.copytree(files, user, dirs_exist_ok=True))
    assert [obj.name for obj in kit.objects()] == ["Mug"]
    restore(whole_folder)
    assert [obj.name for obj in kit.objects()] == ["Cup"]
