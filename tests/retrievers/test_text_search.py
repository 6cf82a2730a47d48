"""Words to objects, without a trace on disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.retrievers.text_search import TextSearch
from pekit_agents.types import PersonalObject

Thing = Callable[..., PersonalObject]


@pytest.fixture
def things(thing: Thing) -> list[PersonalObject]:
    return [
        thing("Biscuit", "dog", "Eats shoes."),
        thing("Red mug", "coffee mug", "From grandma; the dog chewed it."),
        thing("Zoë's plate", "ceramic plate", "Made in Łódź."),
        thing("猫の皿", "bowl", "茶色い"),
    ]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("biscuit", ["Biscuit"]),
        ("BISCUIT!", ["Biscuit"]),
        ("the dog", ["Biscuit", "Red mug"]),  # its category counts more than a note
        ("shoe", ["Biscuit"]),  # inflection
        ("biscit", ["Biscuit"]),  # typo
        ("bisc", ["Biscuit"]),  # beginning
        ("shows", []),  # not "shoes"
        ("grandmother grandma", ["Red mug"]),
        ("zoe", ["Zoë's plate"]),
        ("lodz", ["Zoë's plate"]),
        ("ŁÓDŹ", ["Zoë's plate"]),
        ("猫", ["猫の皿"]),
        ("茶色", ["猫の皿"]),
        ("zeppelin", []),
        ("", []),
        ("  \n", []),
        ("is a", []),
        ('"dog" OR name:* AND (', ["Biscuit", "Red mug"]),
        ("'; DROP TABLE objects; --", []),
        ("dog " * 10_000, ["Biscuit", "Red mug"]),
    ],
)
def test_words_find_objects(things: list[PersonalObject], query: str, names: list[str]) -> None:
    hits = TextSearch().search(query, things, 4)
    assert [obj.name for obj, _ in hits] == names
    assert [score for _, score in hits] == sorted((s for _, s in hits), reverse=True)


def test_k_bounds_the_hits(things: list[PersonalObject]) -> None:
    assert len(TextSearch().search("dog", things, 1)) == 1
    assert TextSearch().search("dog", [], 1) == []
    with pytest.raises(InvalidInput):
        TextSearch().search("dog", things, 0)


def test_the_index_follows_the_memory(things: list[PersonalObject], thing: Thing) -> None:
    search = TextSearch()
    assert search.search("shoes", things, 4)
    assert search.search("shoes", things[1:], 4) == []
    assert search.search("rex", [*things, thing("Rex")], 4)


def test_nothing_is_written_to_disk(
    things: list[PersonalObject], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(os.environ, "TMPDIR", str(tmp_path))
    search = TextSearch()
    assert search.search("biscuit", things, 4)
    assert search.search("zeppelin", things, 4) == []
    assert list(tmp_path.rglob("*")) == []


def test_memories_do_not_mix(thing: Thing) -> None:
    anns, bobs = TextSearch(), TextSearch()
    assert anns.search("biscuit", [thing("Biscuit")], 4)
    assert bobs.search("biscuit", [thing("Rex")], 4) == []


def test_threads_may_share_a_search(things: list[PersonalObject]) -> None:
    search, found = TextSearch(), []

    def work(count: int) -> None:
        found.extend(len(search.search("biscuit", things[:count], 4)) for _ in range(5))

    threads = [threading.Thread(target=work, args=(count,)) for count in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 20


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("Tell me about Will", ["Will"]),
        ("Who is Will?", ["Will"]),
        ("play The Who", ["The Who"]),
        ("코코가 어디 있어?", ["코코"]),
        ("what does Coco like", ["Coco 🐶"]),
        ("the ball that Will chews", ["Will", "Ball"]),
        ("Will it be a ball?", ["Ball"]),
        ("who barks?", ["Rex"]),
        ("Tell me about Zed", []),
    ],
)
def test_what_a_text_names_comes_first(thing: Thing, query: str, names: list[str]) -> None:
    things = [
        thing("Will", "robot"),
        thing("Rex", "dog", "Tell me when he barks."),
        thing("The Who", "record"),
        thing("코코", "cat"),
        thing("Coco 🐶", "dog"),
        thing("Ball", "toy"),
    ]
    hits = TextSearch().search(query, things, 4)
    assert [obj.name for obj, _ in hits] == names
    assert [score for _, score in hits] == sorted((s for _, s in hits), reverse=True)
