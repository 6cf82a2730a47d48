"""Forgetting a user: nothing is left on disk, and everybody sees an empty memory."""

from __future__ import annotations

import threading

import pytest

from pekit_agents.errors import MemoryStoreError, ObjectNotFound, PeKitError
from pekit_agents.memory import forget_user
from pekit_agents.memory.place import local
from pekit_agents.memory.place.local import LocalPlace
from pekit_agents.memory.place.locking import locked
from pekit_agents.memory.place.place import user_place


def test_nothing_of_the_user_is_left_and_others_keep_theirs(open_memory, root, thing, unit_vectors):
    ann, bob = open_memory(), open_memory(user_id="bob")
    ann.insert(thing(context="secret"), unit_vectors())
    bob.insert(thing(), unit_vectors())
    assert ann.forget_everything()
    assert [path.name for path in root.iterdir()] == [user_place(root, "bob").path.name]
    assert ann.objects() == ()
    assert len(bob.objects()) == 1


def test_handles_that_were_open_see_an_empty_memory_and_go_on(open_memory, thing, unit_vectors):
    here, elsewhere = open_memory(), open_memory()
    here.insert(thing("a"), unit_vectors())
    assert len(elsewhere.objects()) == 1
    here.forget_everything()
    assert elsewhere.objects() == ()
    with pytest.raises(ObjectNotFound):
        elsewhere.get("a")
    with pytest.raises(ObjectNotFound):
        elsewhere.append_views("a", unit_vectors())
    elsewhere.insert(thing("b"), unit_vectors())
    assert [obj.object_id for obj in here.objects()] == ["b"]


def test_a_memory_begun_anew_is_not_taken_for_the_one_of_the_same_version(
    open_memory, thing, unit_vectors
):
    here, elsewhere = open_memory(), open_memory()
    here.insert(thing("old"), unit_vectors())
    version = elsewhere.snapshot().version
    here.forget_everything()
    here.insert(thing("new"), unit_vectors())
    assert here.snapshot().version == version
    assert [obj.object_id for obj in elsewhere.objects()] == ["new"]


def test_forgetting_nobody_leaves_no_trace(root, open_memory):
    assert not forget_user(root, "nobody")
    assert not open_memory().forget_everything()
    assert not root.exists()


def test_a_damaged_memory_and_one_of_the_future_can_be_forgotten(
    open_memory, root, thing, unit_vectors
):
    open_memory().insert(thing(), unit_vectors())
    for manifest in root.rglob("*.manifest"):
        manifest.write_bytes(b"garbage")
    with pytest.raises(MemoryStoreError):
        open_memory()
    assert forget_user(root, "ann")
    assert open_memory().objects() == ()
    assert list(root.iterdir()) == []


def interrupted(open_memory, monkeypatch):
    with monkeypatch.context() as patch:

        def crash(*_, **__):
            raise KeyboardInterrupt

        patch.setattr(local.shutil, "rmtree", crash)
        with pytest.raises(KeyboardInterrupt):
            open_memory().forget_everything()
    assert open_memory().objects() == ()


def test_an_interrupted_forgetting_is_finished_by_repeating_it(
    open_memory, root, monkeypatch, thing, unit_vectors
):
    open_memory().insert(thing(), unit_vectors())
    interrupted(open_memory, monkeypatch)
    assert list(root.iterdir()) != []
    assert open_memory().forget_everything()
    assert list(root.iterdir()) == []


def test_an_interrupted_forgetting_is_finished_by_the_next_write(
    open_memory, root, monkeypatch, thing, unit_vectors, bytes_on_disk
):
    open_memory().insert(thing(context="Old-Story-b402"), unit_vectors())
    interrupted(open_memory, monkeypatch)
    assert b"Old-Story-b402" in bytes_on_disk()
    open_memory().insert(thing(), unit_vectors())
    assert b"Old-Story-b402" not in bytes_on_disk()
    assert len(open_memory().objects()) == 1


def test_a_photo_library_beside_the_memory_goes_along_in_its_own_turn(
    open_memory, root, thing, unit_vectors
):
    memory = open_memory()
    memory.insert(thing(), unit_vectors())
    library = next(root.iterdir()) / "photos"
    library.mkdir()
    with locked(library / "lock"):
        thread = threading.Thread(target=memory.forget_everything)
        thread.start()
        thread.join(0.2)
        assert library.exists()
    thread.join()
    assert list(root.iterdir()) == []


def test_it_waits_for_the_turn(open_memory, root, thing, unit_vectors):
    memory = open_memory()
    memory.insert(thing(), unit_vectors())
    (folder,) = root.iterdir()
    with locked(folder / "lock"):
        thread = threading.Thread(target=memory.forget_everything)
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        assert folder.exists()
    thread.join()
    assert not folder.exists()


def test_writers_and_forgetters_at_once_do_not_break_each_other(open_memory, thing, unit_vectors):
    errors: list[Exception] = []

    def run(task):
        try:
            for number in range(8):
                task(number)
        except PeKitError as exc:
            errors.append(exc)

    def write(first):
        memory = open_memory()
        return lambda number: memory.insert(thing(f"id-{first}-{number}"), unit_vectors())

    tasks = [write(1), write(2), lambda _: open_memory().forget_everything()]
    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    open_memory().insert(thing("last"), unit_vectors())
    assert "last" in {obj.object_id for obj in open_memory().objects()}


def test_a_writer_that_waited_for_a_turn_does_not_write_into_what_is_gone(
    open_memory, root, thing, unit_vectors
):
    memory, waiting = open_memory(), open_memory()
    memory.insert(thing("old"), unit_vectors())
    (folder,) = root.iterdir()
    with locked(folder / "lock"):
        thread = threading.Thread(target=waiting.insert, args=(thing("new"), unit_vectors()))
        thread.start()
        thread.join(0.1)
        folder.rename(LocalPlace(folder)._remains)
    thread.join()
    assert [obj.object_id for obj in memory.objects()] == ["new"]
