"""A path, a URL or a handle that is not known is no text to search for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from llama_index.core.schema import QueryBundle

from pekit_agents.errors import InvalidInput
from pekit_agents.retrievers import langchain, llama_index
from pekit_agents.retrievers.photo_library.library import PhotoLibrary
from pekit_agents.retrievers.queries import handle_in, require_words
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_store import UnknownImage, image_label

UNKNOWN = "img_" + "0" * 32
PICTURES = [
    ("/photos/x.jpg", "path"),
    ("/photos/IMG_0001", "path"),
    ("kitchen.JPG", "path"),
    ("my photos/x y.heic", "path"),
    ("~/a.png", "path"),
    ("./a/b", "path"),
    (r"C:\photos\x.jpg", "path"),
    ("https://example.com/a.png", "URL"),
    ("https://example.com/view?id=3", "URL"),
    ("s3://bucket/a.png", "URL"),
    ("file:///a", "URL"),
    ("data:image/png;base64,AAAA", "URL"),
    ("img_123", "handle"),
    (UNKNOWN.upper().replace("IMG", "img").replace("0", "A"), "handle"),
    (f"who is in {UNKNOWN}?", "handle"),
]


@pytest.mark.parametrize(("query", "kind"), PICTURES)
def test_it_is_refused_with_what_to_give(
    actions: PersonalActions, root: object, query: str, kind: str
) -> None:
    library = PhotoLibrary.open(str(root), "ann", actions.open_kit("ann").profile)
    by_langchain = langchain.PersonalObjectRetriever(actions=actions, user_id="ann")
    by_llama_index = llama_index.PersonalObjectRetriever(actions, "ann")
    for ask, remedy in (
        (by_langchain.invoke, "search_image"),
        (by_llama_index.retrieve, "image_path"),
        (library.search_text, "PersonalObjectRetriever"),
        (langchain.PhotoLibraryRetriever(library=library).invoke, "PersonalObjectRetriever"),
        (llama_index.PhotoLibraryRetriever(library).retrieve, "PersonalObjectRetriever"),
    ):
        with pytest.raises(InvalidInput, match=f"expected words, found .*{kind}.*{remedy}"):
            ask(query)


def test_a_handle_is_for_retrievers_of_objects_alone(
    actions: PersonalActions, root: object, photo: Callable[..., bytes]
) -> None:
    retriever = langchain.PersonalObjectRetriever(actions=actions, user_id="ann")
    handle = actions.images.put("ann", photo("red"))
    for query in (handle, image_label(handle), f" {handle}\n"):
        assert [doc.metadata["name"] for doc in retriever.invoke(query)] == ["Biscuit"]
    with pytest.raises(UnknownImage):
        retriever.invoke(UNKNOWN)
    library = PhotoLibrary.open(str(root), "ann", actions.open_kit("ann").profile)
    with pytest.raises(InvalidInput, match="found the handle of a picture"):
        library.search_text(handle)
    with pytest.raises(InvalidInput, match="found an image_path"):
        llama_index.PhotoLibraryRetriever(library).retrieve(QueryBundle("", image_path="a.png"))


@pytest.mark.parametrize(
    "query",
    [
        "the mug",
        "red/blue mug",
        "Ruby/Zoe",
        "what is in kitchen.jpg",
        "/etc",
        "1/2 cup",
        "imagine",
        "",
    ],
)
def test_words_are_words(query: str) -> None:
    assert require_words(query, "") == query
    assert handle_in(query) is None
