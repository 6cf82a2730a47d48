"""One bound for LanceDB's caches, and one process that may use them."""

from __future__ import annotations

import os
import subprocess
import sys

import lancedb
import pytest

from benchmarks.memory import growth
from pekit_agents.errors import MemoryStoreError
from pekit_agents.memory import forget_user
from pekit_agents.memory.place.local import LocalPlace
from pekit_agents.memory.place.session import shared_session
from pekit_agents.memory.search.event_loop import start, wait_for


@pytest.fixture
def sessions(monkeypatch):
    """Collect the sessions of all connections."""
    found = []
    for name in ("connect", "connect_async"):
        connect = getattr(lancedb, name)

        def watched(*args, connect=connect, **kwargs):
            found.append(kwargs.get("session"))
            return connect(*args, **kwargs)

        monkeypatch.setattr(lancedb, name, watched)
    return found


def test_every_connection_has_the_session_of_the_process(
    open_memory, thing, unit_vectors, sessions
):
    memory = open_memory(index_above=1)  # with an index
    memory.insert(thing(), unit_vectors(20))
    memory.compact()
    memory.gallery()
    memory.delete("id-1")
    assert len(sessions) > 3
    assert all(session is shared_session() for session in sessions)


def test_what_was_begun_anew_at_one_path_is_not_taken_for_what_was_there(
    open_memory, thing, unit_vectors
):
    """The caches outlive a table; one at the same path counts its versions from 1 again."""
    for name in ("Rex", "Bella", "Rose"):
        open_memory().insert(thing(name=name), unit_vectors())
        assert [obj.name for obj in open_memory().objects()] == [name]
        open_memory().forget_everything()


@pytest.fixture
def forked(monkeypatch):
    """Make this process look as if it had been forked from the one that it was."""

    def fork():
        parent = os.getpid()
        monkeypatch.setattr(os, "getpid", lambda: parent + 1)

    return fork


USES = {
    "listing": lambda memory, _: memory.objects(),
    "searching": lambda memory, _: memory.gallery(),
    "looking up": lambda memory, _: memory.get("id-1"),
    "writing": lambda memory, _: memory.update("id-1", context="x"),
    "forgetting": lambda memory, _: memory.delete("id-1"),
    "purging": lambda memory, _: memory.purge(),
    "compacting": lambda memory, _: memory.compact(),
    "exporting": lambda memory, root: memory.export(root.parent / "x.pekit"),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_memory_is_refused_in_a_process_that_was_forked_after_it_was_used(
    memory, thing, unit_vectors, root, forked, use
):
    memory.insert(thing(), unit_vectors())
    memory.objects()
    forked()
    with pytest.raises(MemoryStoreError, match=r"forked.*Open memories in the child.*spawn"):
        use(memory, root)


def test_so_are_a_memory_and_a_user_that_are_new_in_it(
    open_memory, thing, unit_vectors, tmp_path, forked
):
    open_memory().insert(thing(), unit_vectors())
    forked()
    for changes in ({}, {"user_id": "bob"}, {"root": tmp_path / "elsewhere"}):
        with pytest.raises(MemoryStoreError, match="forked"):
            open_memory(**changes)
    for place in (LocalPlace(tmp_path / "elsewhere"),):
        with pytest.raises(MemoryStoreError, match="forked"):
            place.connect()


def test_a_search_that_another_thread_would_finish_is_refused_too(forked):
    async def answer():
        return 42

    shared_session()
    assert wait_for(answer()) == 42
    forked()
    with pytest.raises(MemoryStoreError, match="forked"):
        start(answer())


def test_a_user_can_be_forgotten_in_a_forked_process(
    open_memory, thing, unit_vectors, root, forked
):
    """Only files are removed."""
    open_memory().insert(thing(), unit_vectors())
    forked()
    assert forget_user(root, "ann")
    assert list(root.iterdir()) == []


def test_a_process_that_was_forked_before_the_first_use_may_use_it(tmp_path):
    """What counts is who uses it first; nothing but the process's number is changed here."""
    code = (
        "import os, lancedb, sys\n"
        "from pekit_agents.memory import Memory\n"
        "Memory.open(sys.argv[1], user_id='u', encoder_id='x@1', dim=4).objects()\n"
        "parent = os.getpid(); os.getpid = lambda: parent + 1\n"
        "print(Memory.open(sys.argv[1], user_id='u', encoder_id='x@1', dim=4).objects())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "()\n"


@pytest.mark.slow
@pytest.mark.parametrize("who", ["writer", "reader", "library"])
def test_ram_does_not_grow_with_the_number_of_writes(tmp_path, who):
    """With caches of its own for each connection it was 61, 24 and 49 MB in the second half."""
    assert -50 < growth.grown_mb(tmp_path, who, 1000) < 12
