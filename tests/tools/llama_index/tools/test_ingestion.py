"""Photos in a folder become remembered objects in an ingestion pipeline."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import SimpleDirectoryReader, VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import TextNode
from pydantic import ValidationError

from pekit_agents.testing import solid_scene, to_png
from pekit_agents.tools.actions import ActionError, PersonalActions
from pekit_agents.tools.llama_index.ingestion import RememberPhotos


@pytest.fixture
def things(tmp_path: Path) -> Path:
    """Two photos of Biscuit in a folder of its own, one of a mug beside it, and a text."""
    folder = tmp_path / "things"
    (folder / "Biscuit").mkdir(parents=True)
    for index, box in enumerate([(20, 20, 80, 80), (40, 40, 100, 100)]):
        (folder / "Biscuit" / f"{index}.png").write_bytes(to_png(solid_scene({"red": box})))
    (folder / "my mug.png").write_bytes(to_png(solid_scene({"blue": (10, 10, 80, 80)})))
    (folder / "letter.txt").write_text("Dear Ann")
    return folder


def told(path: str) -> dict[str, Any]:
    """Say what is known of a file, as an application would."""
    dog = {"category": "dog", "context": "Eats shoes."} if "Biscuit" in path else {}
    kind = "text/plain" if path.endswith(".txt") else "image/png"
    return {"file_path": path, "file_type": kind, **dog}


def read(things: Path) -> list[Any]:
    return SimpleDirectoryReader(things, recursive=True, file_metadata=told).load_data()


def step(actions: PersonalActions, things: Path, **options: Any) -> RememberPhotos:
    return RememberPhotos(actions=actions, user_id="ann", folder=things, **options)


def summary(actions: PersonalActions, user_id: str = "ann") -> list[tuple[str, str, str, int]]:
    keys = ("name", "category", "context", "n_views")
    objects = actions.list_personal_objects(user_id).record["objects"]
    return sorted(tuple(obj[key] for key in keys) for obj in objects)


REMEMBERED = [("Biscuit", "dog", "Eats shoes.", 2), ("my mug", "object", "", 1)]


def test_a_folder_is_remembered_and_other_nodes_pass(
    actions: PersonalActions, things: Path, scene: bytes
) -> None:
    pipeline = IngestionPipeline(transformations=[step(actions, things)])
    letter, dog, mug = pipeline.run(documents=read(things))
    assert letter.get_content() == "Dear Ann"
    assert dog.text == 'Remembered from 2 photos: "Biscuit" (category "dog"). Note: "Eats shoes."'
    assert mug.metadata["name"] == "my mug"
    assert summary(actions) == REMEMBERED
    assert summary(actions, "bob") == []
    found = actions.find_personal_objects("ann", actions.images.put("ann", scene))
    assert [match["object_id"] for match in found.record["matches"]] == [
        dog.metadata["object_id"],
        mug.metadata["object_id"],
    ]


async def test_running_again_changes_nothing_and_restores_what_was_forgotten(
    actions: PersonalActions, things: Path
) -> None:
    pipeline = IngestionPipeline(transformations=[step(actions, things)])
    documents = read(things)
    first = pipeline.run(documents=documents)
    assert [node.text for node in await pipeline.arun(documents=documents)] == [
        node.text for node in first
    ]
    actions.forget_personal_object("ann", "Biscuit")
    pipeline.run(documents=documents)  # not from the pipeline's cache
    assert summary(actions) == REMEMBERED


def test_what_it_gives_can_be_indexed(actions: PersonalActions, things: Path) -> None:
    steps = [step(actions, things), MockEmbedding(embed_dim=4)]
    nodes = IngestionPipeline(transformations=steps).run(documents=read(things))
    index = VectorStoreIndex(nodes, embed_model=MockEmbedding(embed_dim=4))
    assert len(index.as_retriever(similarity_top_k=9).retrieve("dog")) == 3


def test_nothing_outside_of_the_folder_is_opened(
    actions: PersonalActions, things: Path, red: bytes, tmp_path: Path
) -> None:
    (tmp_path / "secret.png").write_bytes(red)
    (things / "link.png").symlink_to(tmp_path / "secret.png")
    (things / "dangling.png").symlink_to(tmp_path / "nothing.png")
    nodes = [
        TextNode(text="x", metadata={"file_path": str(path), "file_type": "image/png"})
        for path in (
            tmp_path / "secret.png",
            things / ".." / "secret.png",
            things / "link.png",
            things / "dangling.png",
        )
    ]
    assert step(actions, things)(nodes) == nodes
    assert summary(actions) == []


def test_a_photo_without_an_object_stops_or_is_passed_over(
    actions: PersonalActions, things: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (things / "fog.png").write_bytes(to_png(solid_scene({})))
    with pytest.raises(ActionError):
        step(actions, things)(read(things))
    with caplog.at_level(logging.WARNING):
        nodes = step(actions, things, on_error="skip")(read(things))
    assert summary(actions) == REMEMBERED
    assert len(nodes) == 4
    assert "not remembered" in caplog.text


def test_metadata_may_name_the_object(actions: PersonalActions, things: Path) -> None:
    path = str(things / "my mug.png")
    node = TextNode(metadata={"file_path": path, "file_type": "image/png", "name": "Grandma's"})
    step(actions, things)([node])
    assert summary(actions) == [("Grandma's", "object", "", 1)]


def test_a_step_needs_a_user_and_tells_no_memories(actions: PersonalActions, things: Path) -> None:
    with pytest.raises(ValidationError):
        RememberPhotos(actions=actions, user_id="", folder=things)
    assert "actions" not in step(actions, things).to_dict()
    pickle.dumps(step(actions, things).to_dict())
