from __future__ import annotations

import pytest

from pekit_agents.errors import AmbiguousName, ObjectNotFound
from pekit_agents.memory.names import name_key, resolve


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bella", "bella"),
        ("  My  blue\tbox ", "my blue box"),
        ("Straße", "STRASSE"),
        ("Café", "Cafe\u0301"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("İstanbul", "i\u0307stanbul"),
    ],
)
def test_spellings_that_people_take_for_one_name_are_one(one, other):
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Bella", "Bela"), ("mybox", "my box"), ("Cafe", "Café"), ("", "a")]
)
def test_different_names_stay_different(one, other):
    assert name_key(one) != name_key(other)


def test_with_no_objects_nothing_is_found():
    with pytest.raises(ObjectNotFound, match="Nothing is remembered yet"):
        resolve("Bella", [])


def test_the_closest_five_names_are_offered_the_closest_first(thing):
    names = ["zebra", "Bellas", "Bella", "umbrella", "cello", "Nelly", "xxxx"]
    objects = [thing(f"id-{i}", name) for i, name in enumerate(names)]
    with pytest.raises(ObjectNotFound) as caught:
        resolve("bela", objects)
    offered = str(caught.value).split("Known names: ")[1].rstrip(".").split(", ")
    assert len(offered) == 5
    assert offered[:2] == ['"Bella"', '"Bellas"']
    assert '"xxxx"' not in offered


def test_a_shared_name_lists_the_ids(thing):
    objects = [thing("a", "Bella"), thing("b", "bella "), thing("c", "Rex")]
    with pytest.raises(AmbiguousName, match=r"2 remembered objects.*ids: a, b"):
        resolve("BELLA", objects)
    assert resolve("c", objects) is objects[2]
