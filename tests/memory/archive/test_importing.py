"""What becomes of imported objects whose id or name is taken."""

from __future__ import annotations

import pytest

from pekit_agents.errors import InvalidInput, ObjectExists
from pekit_agents.memory.archive import importing


@pytest.fixture
def clashing(memory, thing, unit_vectors):
    """A memory in which the id "a" and the name of "b" are taken."""
    memory.insert(thing("a", "Cup", context="mine"), unit_vectors(1, seed=7))
    memory.insert(thing("z", "räx 👩‍👩‍👧", minute=1), unit_vectors(1, seed=8))
    return memory


def names(memory):
    return {obj.object_id: obj.name for obj in memory.objects()}


def test_a_conflict_imports_nothing(clashing, exported):
    before = clashing.snapshot()
    with pytest.raises(ObjectExists, match='"Bella", "Räx'):
        clashing.import_file(exported)
    assert clashing.snapshot() is before


def test_skipping_keeps_what_is_here(clashing, exported, memory):
    memory.delete("z")
    assert [obj.object_id for obj in clashing.import_file(exported, on_conflict="skip")] == ["b"]
    assert names(clashing) == {"a": "Cup", "b": "Räx 👩‍👩‍👧"}


def test_replacing_puts_them_in_place_and_forgets_what_was_there(clashing, exported):
    clashing.import_file(exported, on_conflict="replace")
    assert names(clashing) == {"a": "Bella", "z": "Räx 👩‍👩‍👧"}
    assert clashing.get("z").object.n_views == 2
    own = clashing._transactions.place.path.rglob("*")
    content = b"".join(path.read_bytes() for path in own if path.is_file())
    assert b"Cup" not in content
    assert b"mine" not in content
    clashing.import_file(exported, on_conflict="replace")
    assert names(clashing) == {"a": "Bella", "z": "Räx 👩‍👩‍👧"}


def test_replacing_two_by_one_leaves_one(memory, exported, thing, unit_vectors):
    memory.insert(thing("a", "Cup"), unit_vectors())
    memory.insert(thing("z", "Bella"), unit_vectors())
    memory.import_file(exported, on_conflict="replace")
    assert names(memory) == {"a": "Bella", "b": "Räx 👩‍👩‍👧"}


def test_renaming_keeps_both(clashing, exported):
    clashing.import_file(exported, on_conflict="rename")
    found = names(clashing)
    assert sorted(found.values()) == ["Bella", "Cup", "Räx 👩‍👩‍👧 (2)", "räx 👩‍👩‍👧"]
    assert found["a"] == "Cup"
    clashing.import_file(exported, on_conflict="rename")
    assert "Bella (2)" in names(clashing).values()
    assert "Räx 👩‍👩‍👧 (3)" in names(clashing).values()


def test_what_to_do_must_be_one_of_the_four(memory, exported):
    with pytest.raises(InvalidInput, match="'error', 'skip', 'replace', 'rename'"):
        memory.import_file(exported, on_conflict="merge")


def test_an_import_that_landed_in_spite_of_an_error_is_not_done_again(
    memory, exported, monkeypatch
):
    upsert, errors = importing.upsert, [RuntimeError("lance error: Not found: data/0")]

    def landed_but_failed(*args):
        upsert(*args)
        if errors:
            raise errors.pop()

    monkeypatch.setattr(importing, "upsert", landed_but_failed)
    assert len(memory.import_file(exported)) == 2
    assert names(memory) == {"a": "Bella", "b": "Räx 👩‍👩‍👧"}


@pytest.fixture
def alike(memory, thing, unit_vectors, tmp_path):
    """An export of before names were folded: two that nobody tells apart."""
    memory.insert(thing("z1", "Zoë"), unit_vectors(1, seed=1))
    memory.insert(thing("z2", "Zoe", minute=1), unit_vectors(1, seed=2))
    memory.export(tmp_path / "alike.pekit")
    return tmp_path / "alike.pekit"


@pytest.mark.parametrize("on_conflict", ["error", "skip", "replace", "rename"])
def test_names_alike_in_one_export_come_in_as_they_are(memory, alike, on_conflict):
    memory.forget_everything()
    memory.import_file(alike, on_conflict=on_conflict)
    assert names(memory) == {"z1": "Zoë", "z2": "Zoe"}
    assert memory.resolve("Zoë").object_id == "z1"


def test_replacing_one_of_two_alike_leaves_the_other(memory, alike, thing, unit_vectors):
    memory.forget_everything()
    memory.insert(thing("z1", "Zoë"), unit_vectors(1, seed=1))
    memory.insert(thing("other", "Zoe", minute=1), unit_vectors(1, seed=2))
    memory.import_file(alike, on_conflict="replace")
    assert names(memory) == {"z1": "Zoë", "other": "Zoe"}


def test_a_name_like_one_that_is_here_is_a_conflict(memory, alike, thing, unit_vectors):
    memory.forget_everything()
    memory.insert(thing("here", "ZOÉ"), unit_vectors(1, seed=1))
    with pytest.raises(ObjectExists, match='"Zoë", "Zoe" are'):
        memory.import_file(alike)
    memory.import_file(alike, on_conflict="rename")
    assert set(names(memory).values()) == {"ZOÉ", "Zoë (2)", "Zoe (2)"}


def test_replacing_replaces_none_of_several_alike(memory, alike, thing, unit_vectors, tmp_path):
    memory.forget_everything()
    memory.insert(thing("third", "Zoé"), unit_vectors(1, seed=3))
    memory.export(tmp_path / "third.pekit")
    memory.forget_everything()
    memory.import_file(alike)
    memory.import_file(tmp_path / "third.pekit", on_conflict="replace")
    assert names(memory) == {"z1": "Zoë", "z2": "Zoe", "third": "Zoé"}


def test_a_name_that_is_changed_stays_short_enough_to_be_exported(
    memory, thing, unit_vectors, tmp_path
):
    memory.insert(thing("long", ("Blue " * 16).strip()), unit_vectors(1, seed=7))
    for name in ("one", "two"):
        memory.export(tmp_path / name)
        memory.import_file(tmp_path / name, on_conflict="rename")
    memory.export(tmp_path / "all")
    found = sorted(obj.name for obj in memory.import_file(tmp_path / "all", on_conflict="replace"))
    assert len(found) == len(set(found)) == 4
    assert max(map(len, found)) <= 80
