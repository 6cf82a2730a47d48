"""Photos are found by the objects in them; objects may come later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_tests.integration_tests import RetrieversIntegrationTests

from pekit_agents.errors import (
    InvalidInput,
    ObjectNotFound,
)
from pekit_agents.retrievers.langchain import PhotoLibraryRetriever
from pekit_agents.retrievers.photo_library.library import PhotoLibrary, PhotoNotFound
from pekit_agents.testing import fake_profile, graded_profile, solid_scene
from pekit_agents.tools.actions import PersonalActions
from tests.retrievers.photo_library.conftest import Counting

Draw = Callable[..., bytes]


def ids(found: Any) -> set[str]:
    return {photo.photo_id for photo in found}


def test_photos_with_all_of_the_objects(library: PhotoLibrary, photos: dict[str, bytes]) -> None:
    report = library.index(photos.items())
    assert (report.indexed, report.skipped, report.failed) == (5, 0, ())
    assert ids(library.search(["Biscuit"])) == {"dog", "dog-and-mug", "all"}
    assert ids(library.search(["biscuit", "MY RED MUG"])) == {"dog-and-mug", "all"}
    assert ids(library.search(["Biscuit", "my red mug", "Zoë's plate"])) == {"all"}
    assert library.photo_ids() == sorted(photos)


def test_a_found_photo_says_where_the_objects_are(
    library: PhotoLibrary, photos: dict[str, bytes]
) -> None:
    library.index(photos.items())
    (found,) = [p for p in library.search(["my red mug"]) if p.photo_id == "stranger"]
    (match,) = found.matches
    assert match.box.xyxy == (60, 10, 100, 50)
    assert found.size_wh == (160, 120)
    assert found.score == match.score


def test_the_library_sees_what_find_sees(library: PhotoLibrary, photos: dict[str, bytes]) -> None:
    library.index(photos.items())
    by_find = {
        photo_id: [(m.object.name, m.box, m.score) for m in library.kit.find(image).matches]
        for photo_id, image in photos.items()
    }
    for name in ("Biscuit", "my red mug", "Zoë's plate"):
        for found in library.search([name]):
            expected = [match for match in by_find[found.photo_id] if match[0] == name]
            assert [(m.object.name, m.box) for m in found.matches] == [
                (n, b) for n, b, _ in expected
            ]
            # A product of other shapes may round differently.
            assert [m.score for m in found.matches] == pytest.approx([s for *_, s in expected])


def test_an_object_that_comes_later_is_found_without_encoding_again(
    library: PhotoLibrary, photos: dict[str, bytes], encoder: Counting
) -> None:
    library.index(photos.items())
    library.kit.remember("Rex", solid_scene({"magenta": (20, 20, 80, 80)}), category="cat")
    before = encoder.count
    assert ids(library.search(["Rex"])) == {"stranger"}
    assert encoder.count == before


def test_a_forgotten_object_is_unknown(library: PhotoLibrary, photos: dict[str, bytes]) -> None:
    library.index(photos.items())
    library.kit.forget("Biscuit")
    with pytest.raises(ObjectNotFound):
        library.search(["Biscuit"])
    assert ids(library.search_text("Biscuit")) == set()


@pytest.mark.parametrize("names", [[], "Biscuit"])
def test_a_search_needs_names(library: PhotoLibrary, names: Any) -> None:
    with pytest.raises(InvalidInput, match="names"):
        library.search(names)
    with pytest.raises(InvalidInput, match="expected k as"):
        library.search(["Biscuit"], k=0)


def test_unknown_names_and_empty_libraries(library: PhotoLibrary, root: Path) -> None:
    assert library.search(["Biscuit"]) == []
    assert library.photo_ids() == []
    assert list(root.rglob("photos")) == []  # reading creates nothing
    with pytest.raises(ObjectNotFound):
        library.search(["Rex"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("photos with Biscuit and my red mug", {"dog-and-mug", "all"}),
        ("Biscuit", {"dog", "dog-and-mug", "all"}),
        ("the ceramic thing", {"all"}),
        ("zeppelins", set()),
        ("", set()),
    ],
)
def test_free_text(
    library: PhotoLibrary, photos: dict[str, bytes], query: str, expected: set[str]
) -> None:
    library.index(photos.items())
    assert ids(library.search_text(query)) == expected


def test_users_have_libraries_of_their_own(
    library: PhotoLibrary, photos: dict[str, bytes], root: Path
) -> None:
    library.index(photos.items())
    bobs = PhotoLibrary.open(root, "bob", fake_profile())
    bobs.kit.remember("Biscuit", solid_scene({"red": (9, 9, 60, 60)}), category="dog")
    assert bobs.search(["Biscuit"]) == []
    assert bobs.photo_ids() == []
    with pytest.raises(PhotoNotFound):
        bobs.forget_photo("dog")


class TestStandard(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _library(self, library: PhotoLibrary, photos: dict[str, bytes]) -> None:
        library.index(photos.items())
        self._library_of_ann = library

    @property
    def retriever_constructor(self) -> type[PhotoLibraryRetriever]:
        return PhotoLibraryRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"library": self._library_of_ann}

    @property
    def retriever_query_example(self) -> str:
        return "photos with Biscuit"


def test_documents_of_photos(library: PhotoLibrary, photos: dict[str, bytes]) -> None:
    library.index(photos.items())
    retriever = PhotoLibraryRetriever(library=library, k=1)
    (found,) = retriever.invoke("Biscuit and Zoë's plate")
    assert (found.id, found.metadata["photo_id"]) == ("photo:all", "all")
    assert '"Biscuit" (category "dog"): upper left' in found.page_content
    assert '"Zoë\'s plate"' in found.page_content
    assert asyncio.run(retriever.ainvoke("Biscuit and Zoë's plate")) == [found]


@pytest.fixture
def perhaps(tmp_path: Path, graded: PersonalActions, photo: Draw) -> PhotoLibrary:
    """A library that knows probabilities, with photos that show things or may show them."""
    library = PhotoLibrary.open(tmp_path / "graded", "ann", graded_profile())
    colours = {
        "a-may-be-dog": ["pale red"],
        "b-dog": ["red"],
        "c-dog-twice": ["pale red", "red"],
        "d-dog-may-be-mug": ["red", "pale blue"],
        "e-both": ["red", "blue"],
        "f-plate": ["green"],
    }
    library.index((name, photo(*shown)) for name, shown in colours.items())
    return library


def test_a_photo_that_may_show_an_object_comes_after_those_that_do(perhaps: PhotoLibrary) -> None:
    found = perhaps.search(["Biscuit"])
    assert [photo.photo_id for photo in found[-1:]] == ["a-may-be-dog"]
    assert ids(found[:-1]) == {"b-dog", "c-dog-twice", "d-dog-may-be-mug", "e-both"}
    assert [photo.probability for photo in found] == pytest.approx([1, 1, 1, 1, 0.36], abs=0.03)
    *_, last = found
    assert (last.matches, [match.object.name for match in last.possible]) == ((), ["Biscuit"])
    assert last.score == last.possible[0].score < 0
    (twice,) = [photo for photo in found if photo.photo_id == "c-dog-twice"]
    assert (len(twice.matches), len(twice.possible)) == (1, 1)
    assert twice.score == twice.matches[0].score  # the surer of the two


def test_a_photo_is_as_sure_as_the_least_sure_object(perhaps: PhotoLibrary) -> None:
    sure, unsure = perhaps.search(["Biscuit", "my red mug"])
    assert (sure.photo_id, unsure.photo_id) == ("e-both", "d-dog-may-be-mug")
    assert [sure.probability, unsure.probability] == pytest.approx([1.0, 0.3], abs=0.03)
    assert unsure.probability == unsure.possible[0].probability


def test_a_photo_of_one_of_two_look_alikes_is_found_by_either(
    perhaps: PhotoLibrary, photo: Draw
) -> None:
    perhaps.kit.remember("Bella", photo("red"), category="dog")
    for name in ("Biscuit", "Bella"):
        (found,) = [each for each in perhaps.search([name]) if each.photo_id == "b-dog"]
        assert found.matches[0].ambiguous
        assert found.probability == pytest.approx(0.5, abs=0.01)
    # What is one of the two is not both.
    assert "b-dog" not in ids(perhaps.search(["Biscuit", "Bella"]))


def test_without_probabilities_photos_are_ranked_by_score(library: PhotoLibrary) -> None:
    faded = solid_scene({"pale red": (10, 10, 50, 50)})
    library.index([("a-faded", faded), ("b-red", solid_scene({"red": (10, 10, 50, 50)}))])
    found = library.search(["Biscuit"])
    assert [photo.photo_id for photo in found] == ["b-red", "a-faded"]
    assert [photo.probability for photo in found] == [None, None]


def test_the_document_of_a_photo_says_what_may_be(perhaps: PhotoLibrary) -> None:
    retriever = PhotoLibraryRetriever(library=perhaps, k=9)
    sure, unsure = retriever.invoke("Biscuit and my red mug")
    assert [doc.metadata["certainty"] for doc in (sure, unsure)] == ["certain", "possible"]
    assert unsure.metadata["probability"] == pytest.approx(0.3, abs=0.03)
    assert len(unsure.metadata["object_ids"].split()) == 1
    assert len(unsure.metadata["possible_ids"].split()) == 1
    dog, mug = unsure.page_content.splitlines()
    assert dog.startswith('"Biscuit" (category "dog"): upper left')
    assert mug.startswith('may be "my red mug" (category "mug"), probability 3')
    assert "may be" not in sure.page_content


@pytest.mark.parametrize("k", [None, 0, -1, "3", 2.5, True])
def test_a_number_of_photos_that_is_none_is_refused(library: PhotoLibrary, k: Any) -> None:
    with pytest.raises(InvalidInput, match="expected k as a whole number of at least 1, found"):
        library.search_text("Biscuit", k=k)
    with pytest.raises(InvalidInput, match="expected k"):
        library.search(["Biscuit"], k=k)
