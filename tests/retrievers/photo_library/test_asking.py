"""What is asked of a library: names in any spelling, with "and", "or" and "not"."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from llama_index.core.schema import MetadataMode

from pekit_agents.errors import InvalidInput, ObjectNotFound
from pekit_agents.retrievers.langchain import PhotoLibraryRetriever
from pekit_agents.retrievers.llama_index import PhotoLibraryRetriever as LlamaIndexRetriever
from pekit_agents.retrievers.photo_library.library import PhotoLibrary
from pekit_agents.testing import fake_profile, solid_scene

PETS = {"Zoë": "red", "Ruby": "blue", "Mr. Whiskers": "green", "Coco 🐶": "yellow"}
RUBY_AND = [f"ruby, {colour}" for colour in ("red", "green", "yellow")]
LEFT, RIGHT = (20, 20, 70, 90), (80, 20, 150, 90)


def fill(memory: Path) -> None:
    library = PhotoLibrary.open(memory, profile=fake_profile())
    for name, colour in PETS.items():
        category = "dog" if colour == "yellow" else "cat"
        library.kit.remember(name, solid_scene({colour: RIGHT}), category=category)
    pairs = {f"ruby, {c}": {"blue": LEFT, c: RIGHT} for c in ("red", "green", "yellow")}
    scenes = {"ruby": {"blue": LEFT}, **pairs, "red": {"red": LEFT}, "nothing": {}}
    library.index((name, solid_scene(patches)) for name, patches in scenes.items())


@pytest.fixture
def library(tmp_path: Path, copied: Callable[..., Path]) -> PhotoLibrary:
    return PhotoLibrary.open(copied("pets", fill, tmp_path), profile=fake_profile())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("photos with Zoë and Ruby", {"ruby, red"}),
        ("photos with Zoe and Ruby", {"ruby, red"}),
        ("photos of Ruby and Mr Whiskers", {"ruby, green"}),
        ("Ruby and Coco", {"ruby, yellow"}),
        ("zoe", {"red", "ruby, red"}),
        ("photos with Ruby but not Zoë", {"ruby", "ruby, green", "ruby, yellow"}),
        ("Ruby without Zoe and Coco", {"ruby", "ruby, green"}),
        ("Zoe but not Ruby", {"red"}),
        ("Coco or Zoë", {"red", "ruby, red", "ruby, yellow"}),
        ("Coco or Zoë but not Ruby", {"red"}),
        ("Ruby and the dog", {"ruby, yellow"}),
        ("Ruby without the dog", {"ruby", "ruby, red", "ruby, green"}),
        ("zeppelins", set()),
        ("the dog without Zoe", {"ruby, yellow"}),
        ("the dog and Ruby in London and Paris", {"ruby, yellow"}),
        ("Ruby and her friends at the Eiffel Tower", {"ruby", *RUBY_AND}),
        ("Which is older, Zoe or Coco?", {"red", "ruby, red", "ruby, yellow"}),
        ("only Ruby", {"ruby"}),
        ("Zoe alone", {"red"}),
        ("Ruby and nothing else", {"ruby"}),
        ("Isn't that Zoe?", {"red", "ruby, red"}),
        ("Ruby-Zoe", {"ruby, red"}),
        ("Ruby w/o Zoe and Coco", {"ruby", "ruby, green"}),
        ("my dog Rex", set()),
        ("Rex the dog", set()),
    ],
)
def test_names_are_understood_together(
    library: PhotoLibrary, query: str, expected: set[str]
) -> None:
    assert {photo.photo_id for photo in library.search_text(query)} == expected


@pytest.mark.parametrize(
    "query",
    [
        *("Ruby and Rubi", "photos with Zoe and rubi", "Ruby but not Max", "the dog and Max"),
        *("ruby and max", "MAX AND RUBY", "Ruby playing with Max", "Ruby in the snow with Max"),
    ],
)
def test_a_name_that_is_not_known_is_said_and_never_dropped(
    library: PhotoLibrary, query: str
) -> None:
    with pytest.raises(ObjectNotFound, match=r'also "(?i:rubi|max)".*Known names: "'):
        library.search_text(query)
    with pytest.raises(ObjectNotFound, match="found also"):
        PhotoLibraryRetriever(library=library).invoke(query)
    with pytest.raises(ObjectNotFound, match="found also"):
        LlamaIndexRetriever(library).retrieve(query)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("Zoe at the Eiffel Tower", '"Eiffel Tower"'),
        ("zoe and her friends at the beach", '"friends", "beach"'),
        ("Zoe in Paris and Max", '"Paris", "Max"'),
        ("Zoe ohne Halsband", '"Halsband"'),
        ("zoe with max", '"max"'),
        ("whiskers with anna", '"anna"'),  # found by its words
        ("Zoe " + " ".join(f"a{n} the" for n in range(12)), '"a8", "a9" and 2 more'),
    ],
)
def test_what_was_not_looked_for_is_said_with_each_photo(
    library: PhotoLibrary, query: str, said: str
) -> None:
    photos = library.search_text(query)
    assert photos
    for document in PhotoLibraryRetriever(library=library).invoke(query):
        told = document.page_content.splitlines()[-1]
        assert told.startswith("Not looked for in the photo, since nothing is called so: ")
        assert told.endswith(f"{said}.")
    for node in LlamaIndexRetriever(library).retrieve(query):
        assert node.node.get_content(MetadataMode.LLM).endswith(f"{said}.")


def test_a_text_that_is_all_understood_says_no_more(library: PhotoLibrary) -> None:
    for query in ("Show me photos of Zoë, please", "my cat Zoe", "the dog and Ruby", "zoe"):
        photos = library.search_text(query)
        assert photos
        assert {photo.passed_over for photo in photos} == {()}
        for document in PhotoLibraryRetriever(library=library).invoke(query):
            assert "Not looked for" not in document.page_content


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("everything but Zoë", "at least one name that photos are to show"),
        ("weder Ruby noch Zoe", "at least one name that photos are to show"),
        ("Ruby without a leash and Zoë", 'what "not" goes for'),
        ("photos without Zoë", "at least one name that photos are to show"),
        ("Ruby and Zoë or Coco", "both|as well as"),
        ("Ruby where Zoë is not", "without a name after it"),
        ("Ruby " * 3000, "query: expected at most 10000 characters, got 15000"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_word(
    library: PhotoLibrary, query: str, reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason):
        library.search_text(query)


def test_names_alike_of_an_older_memory_are_either_of_them(library: PhotoLibrary) -> None:
    zoe = library.kit.get("Zoë")
    coco = library.kit.get("Coco")
    library.kit._memory.update(coco.object_id, name="Zoe")  # as before names were folded
    assert {photo.photo_id for photo in library.search_text("Zoé and Ruby")} == {
        *("ruby, red", "ruby, yellow")
    }
    assert {photo.photo_id for photo in library.search_text("Zoe and Ruby")} == {"ruby, yellow"}
    assert library.kit.get("Zoë") == zoe


def test_where_one_of_several_is_enough_the_surest_decides(library: PhotoLibrary) -> None:
    by_id = {photo.photo_id: photo for photo in library.search_text("Zoë or Ruby")}
    both = by_id["ruby, red"]
    assert both.score == max(match.score for match in both.matches)
    (each,) = library.search_text("Zoë and Ruby")
    assert each.score == min(match.score for match in each.matches)
