"""Personal objects as documents."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda
from langchain_tests.integration_tests import RetrieversIntegrationTests
from PIL import Image
from pydantic import ValidationError

from pekit_agents.errors import ImageError, InvalidInput
from pekit_agents.retrievers.langchain import PersonalObjectRetriever
from pekit_agents.testing import fake_profile, solid_scene
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_store import UnknownImage

Draw = Callable[..., bytes]


@pytest.fixture
def retriever(actions: PersonalActions) -> PersonalObjectRetriever:
    return PersonalObjectRetriever(actions=actions, user_id="ann")


class TestStandard(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _memory(self, actions: PersonalActions) -> None:
        self._actions = actions

    @property
    def retriever_constructor(self) -> type[PersonalObjectRetriever]:
        return PersonalObjectRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"actions": self._actions, "user_id": "ann"}

    @property
    def retriever_query_example(self) -> str:
        return "what has to do with the dog?"


class TestStandardVisual(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _memory(self, actions: PersonalActions, photo: Draw) -> None:
        self._actions = actions
        self._handle = actions.images.put("ann", photo("red", "blue", "green"))

    @property
    def retriever_constructor(self) -> type[PersonalObjectRetriever]:
        return PersonalObjectRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"actions": self._actions, "user_id": "ann"}

    @property
    def retriever_query_example(self) -> str:
        return self._handle


def test_a_handle_is_a_visual_search(
    retriever: PersonalObjectRetriever, actions: PersonalActions, photo: Draw
) -> None:
    handle = actions.images.put("ann", photo("green", "red", height=70))
    first, second = sorted(retriever.invoke(handle), key=lambda doc: doc.metadata["x0"])
    assert first.metadata["name"] == "Zoë's plate"
    assert second.id in {f"{second.metadata['object_id']}:0", f"{second.metadata['object_id']}:1"}
    assert second.page_content.startswith('"Biscuit" (category "dog"): centre, box x 60-100')
    edges = [second.metadata[edge] for edge in ("x0", "y0", "x1", "y1")]
    assert edges == [60, 10, 100, 70]
    assert second.metadata["image"] == handle
    annotated = second.metadata["annotated_image"]
    assert actions.images.get("ann", annotated) != actions.images.get("ann", handle)


def test_two_sightings_of_one_object_are_two_documents(
    retriever: PersonalObjectRetriever,
) -> None:
    scene = solid_scene({"red": (5, 5, 45, 45)})
    scene.paste(solid_scene({"red": (0, 0, 40, 40)}).crop((0, 0, 40, 40)), (100, 60))
    found = retriever.search_image(scene)
    assert len({doc.id for doc in found}) == len(found) == 2
    assert {doc.metadata["name"] for doc in found} == {"Biscuit"}
    assert found[0].metadata["image"] == ""


def test_words_are_a_text_search(retriever: PersonalObjectRetriever) -> None:
    (found,) = retriever.invoke("who eats shoes?")
    assert found.page_content == '"Biscuit" (category "dog"). Note: "Eats shoes."'
    assert found.id == f"{found.metadata['object_id']}:0"
    assert retriever.invoke("zeppelin") == []


def test_metadata_is_flat_json(
    retriever: PersonalObjectRetriever, actions: PersonalActions, photo: Draw
) -> None:
    handle = actions.images.put("ann", photo("red"))
    for doc in [*retriever.invoke(handle), *retriever.invoke("dog")]:
        assert all(isinstance(value, str | int | float) for value in doc.metadata.values())
        json.dumps(doc.metadata)


def test_sync_and_async_agree(
    retriever: PersonalObjectRetriever, actions: PersonalActions, photo: Draw
) -> None:
    handle = actions.images.put("ann", photo("red", "blue"))
    for query in (handle, "dog"):
        assert asyncio.run(retriever.ainvoke(query, k=2)) == retriever.invoke(query, k=2)
    image = photo("red")
    assert asyncio.run(retriever.asearch_image(image)) == retriever.search_image(image)


@pytest.mark.parametrize("query", ["/etc/passwd", "https://example.com/a.png", "img_../x"])
def test_a_path_is_refused_and_never_opened(retriever: PersonalObjectRetriever, query: str) -> None:
    with pytest.raises(InvalidInput, match="expected words"):
        retriever.invoke(query)


def test_another_users_handle_is_unknown(
    actions: PersonalActions, retriever: PersonalObjectRetriever, photo: Draw
) -> None:
    handle = actions.images.put("bob", photo("red"))
    with pytest.raises(UnknownImage):
        retriever.invoke(handle)


def test_another_users_objects_are_not_found(actions: PersonalActions, photo: Draw) -> None:
    bobs = PersonalObjectRetriever(actions=actions, user_id="bob")
    assert bobs.invoke("dog") == []
    assert bobs.search_image(photo("red")) == []


def test_what_is_forgotten_is_not_found(
    retriever: PersonalObjectRetriever, actions: PersonalActions
) -> None:
    assert retriever.invoke("shoes")
    actions.forget_personal_object("ann", "Biscuit")
    assert retriever.invoke("shoes") == []


def test_a_retriever_needs_a_user_and_a_k(actions: PersonalActions) -> None:
    for wrong in ({"user_id": ""}, {}, {"user_id": "ann", "k": 0}):
        with pytest.raises(ValidationError):
            PersonalObjectRetriever(actions=actions, **wrong)


def test_a_broken_picture_is_an_error(
    retriever: PersonalObjectRetriever, actions: PersonalActions
) -> None:
    with pytest.raises(ImageError):
        retriever.invoke(actions.images.put("ann", b"no picture"))


def test_it_feeds_a_chain(root: Path, actions: PersonalActions) -> None:
    retriever = PersonalObjectRetriever.open(root, user_id="ann", profile=fake_profile(), k=1)
    chain = retriever | RunnableLambda(lambda documents: documents[0].metadata["name"])
    assert chain.invoke("grandma") == "my red mug"


def test_a_chain_shows_a_model_the_annotated_picture(
    retriever: PersonalObjectRetriever, actions: PersonalActions, photo: Draw
) -> None:
    seen: list[HumanMessage] = []

    def ask(documents: list[Document]) -> list[HumanMessage]:
        notes = "\n".join(doc.page_content for doc in documents)
        data = base64.b64encode(retriever.picture(documents[0])).decode()
        text = {"type": "text", "text": f"{notes}\n\nWhat is in the picture?"}
        picture = {"type": "image", "base64": data, "mime_type": "image/jpeg"}
        return [HumanMessage(content=[text, picture])]

    def model(messages: list[HumanMessage]) -> AIMessage:
        seen.extend(messages)
        return AIMessage("Biscuit beside a mug.")

    chain = retriever | ask | RunnableLambda(model) | StrOutputParser()
    handle = actions.images.put("ann", photo("red", "blue"))
    assert chain.invoke(handle) == "Biscuit beside a mug."
    text, picture = seen[0].content
    assert "Biscuit" in text["text"]
    with Image.open(io.BytesIO(base64.b64decode(picture["base64"]))) as shown:
        assert shown.size == (160, 120)


def test_only_sightings_have_a_picture(retriever: PersonalObjectRetriever) -> None:
    (found,) = retriever.invoke("shoes")
    with pytest.raises(UnknownImage):
        retriever.picture(found)


def test_what_is_possible_comes_after_what_is_named(graded: PersonalActions, photo: Draw) -> None:
    retriever = PersonalObjectRetriever(actions=graded, user_id="ann")
    handle = graded.images.put("ann", photo("pale blue", "red"))
    dog, mug = retriever.invoke(handle)
    assert [doc.metadata["certainty"] for doc in (dog, mug)] == ["certain", "possible"]
    assert [doc.metadata["name"] for doc in (dog, mug)] == ["Biscuit", "my red mug"]
    assert mug.metadata["probability"] == pytest.approx(0.3, abs=0.03)
    assert mug.page_content.startswith('may be "my red mug"')
    assert retriever.invoke(handle, k=1) == [dog]
    (only,) = retriever.search_image(photo("pale red"))
    assert only.page_content.startswith('may be "Biscuit"')
    assert retriever.picture(only)


def test_what_may_be_a_name_is_said_with_what_is_found(
    retriever: PersonalObjectRetriever,
) -> None:
    for question, said in (
        ("Does Biscuit like Anna?", ['"Anna"']),
        ("what do biscuit and his friends eat?", ['"friends"']),
        ("Biscuit ohne Halsband", ['"Halsband"']),
        ("Tell me about Biscuit", []),
    ):
        found = retriever.invoke(question)[0].page_content
        told = [f"Nothing is remembered that is called {name}." for name in said]
        assert found.splitlines()[1:] == told, question


def test_a_name_that_is_not_known_is_said_beside_one_that_is(
    retriever: PersonalObjectRetriever,
) -> None:
    found = retriever.invoke("What do Biscuit and Rubi eat?")
    assert [doc.metadata["name"] for doc in found] == ["Biscuit", "Rubi"]
    assert found[1].page_content == 'Nothing is remembered that is called "Rubi".'
    assert found[1].metadata["kind"] == "unknown"
    assert retriever.invoke("What do Biscuit and Rubi eat?", k=1) == found[1:]
    assert [doc.metadata["name"] for doc in retriever.invoke("What does Tolstoy eat?")] == []
    for question in ("my dog Rex", "Tell me about Biscuit and Biskuit"):  # a search finds Biscuit
        found = retriever.invoke(question)
        assert [doc.metadata["name"] for doc in (found[0], found[-1])] == [
            "Biscuit",
            question.split()[-1],
        ]
    assert [doc.metadata["name"] for doc in retriever.invoke("Who is Rex?")] == ["Rex"]


def test_a_query_that_is_far_too_long_is_refused_unread(
    retriever: PersonalObjectRetriever,
) -> None:
    with pytest.raises(InvalidInput, match="query: expected at most 10000 characters"):
        retriever.invoke("e\u0301\u0327" * 700_000)
