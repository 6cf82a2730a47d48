from __future__ import annotations

import hashlib

import pytest

from pekit_agents.errors import InvalidInput, ObjectNotFound
from pekit_agents.memory import forget_user

HOSTILE = [
    "../bob",
    "/etc/passwd",
    ".",
    "a\x00b",
    "bob'; DROP",
    "x" * 1024,
    "👩‍👩‍👧",
    "\ud800",
    " ann",
    "ANN",
]


def test_two_users_see_nothing_of_each_other(open_memory, thing, unit_vectors):
    ann, bob = open_memory(user_id="ann"), open_memory(user_id="bob")
    ann.insert(thing(name="Bella"), unit_vectors())
    assert bob.objects() == ()
    with pytest.raises(ObjectNotFound):
        bob.get("id-1")
    with pytest.raises(ObjectNotFound):
        bob.resolve("Bella")
    bob.insert(thing(name="Rex"), unit_vectors(2))
    bob.delete("id-1")
    assert ann.objects() == (thing(name="Bella", n_views=1),)


@pytest.mark.parametrize("user_id", HOSTILE, ids=range(len(HOSTILE)))
def test_any_user_id_stays_inside_the_root(
    tmp_path, root, open_memory, thing, unit_vectors, user_id
):
    open_memory(user_id="ann").insert(thing(name="Bella"), unit_vectors())
    hostile = open_memory(user_id=user_id)
    assert hostile.objects() == ()
    hostile.insert(thing(name="Rex"), unit_vectors())
    assert open_memory(user_id=user_id).objects()[0].name == "Rex"
    assert open_memory(user_id="ann").objects()[0].name == "Bella"
    assert list(tmp_path.iterdir()) == [root]
    folder = hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).hexdigest()
    assert {path.name for path in root.iterdir()} == {folder, hashlib.sha256(b"ann").hexdigest()}


@pytest.mark.parametrize("user_id", HOSTILE, ids=range(len(HOSTILE)))
def test_any_user_id_can_be_moved_and_forgotten_and_harms_nobody(
    tmp_path, root, open_memory, thing, unit_vectors, user_id
):
    open_memory(user_id="ann").insert(thing(name="Bella"), unit_vectors())
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / "theirs").write_text("x")
    hostile = open_memory(user_id=user_id)
    hostile.insert(thing(name="Rex"), unit_vectors())
    hostile.export(tmp_path / "rex.pekit")
    assert forget_user(root, user_id)
    assert hostile.objects() == ()
    assert [path.name for path in root.iterdir()] == [hashlib.sha256(b"ann").hexdigest()]
    assert not forget_user(root, user_id)
    hostile.import_file(tmp_path / "rex.pekit")
    assert hostile.objects()[0].name == "Rex"
    assert open_memory(user_id="ann").objects()[0].name == "Bella"
    assert user_id.encode("utf-8", "surrogatepass") not in (
        tmp_path / "rex.pekit"
    ).read_bytes() or (len(user_id) == 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bob", "memory", "rex.pekit"]
    assert (tmp_path / "bob" / "theirs").exists()


@pytest.mark.parametrize("user_id", ["", "x" * 1025, None])
def test_an_impossible_user_id_forgets_nobody(root, open_memory, thing, unit_vectors, user_id):
    open_memory().insert(thing(), unit_vectors())
    with pytest.raises(InvalidInput, match="user_id"):
        forget_user(root, user_id)
    assert len(open_memory().objects()) == 1


def test_reading_creates_nothing(open_memory, root):
    memory = open_memory()
    memory.snapshot()
    memory.objects()
    memory.compact()
    with pytest.raises(ObjectNotFound):
        memory.resolve("Bella")
    assert not root.exists()


@pytest.mark.parametrize("name", ["with space", "a#b", "50%20", "é", "not found conflict"])
def test_the_root_may_have_any_name(tmp_path, open_memory, thing, unit_vectors, name):
    open_memory(tmp_path / name).insert(thing(), unit_vectors())
    assert len(open_memory(str(tmp_path / name)).objects()) == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]
