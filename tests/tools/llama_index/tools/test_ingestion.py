"""Photos in a folder become remembered objects in an ingestion pipeline."""

from __future__ import annotations

import logging
import os
import pickle
import sys
import unicodedata
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


def at(path: Path, kind: str | None = "image/png", **metadata: str) -> TextNode:
    return TextNode(text="x", metadata={"file_path": str(path), "file_type": kind, **metadata})


def test_one_bad_photo_costs_that_photo(
    actions: PersonalActions,
    things: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)  # not installed
    dog = things / "Biscuit"
    (dog / "2.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (dog / "3.png").write_bytes(b"no photo")
    with (dog / "4.png").open("wb") as file:
        file.truncate(10**12)  # whoever reads it fails
    (dog / "circle.png").symlink_to(dog / "circle.png")
    (dog / "folder.png").mkdir()
    kinds = {"2.heic": None}
    nodes = [at(path, kinds.get(path.name, "image/png")) for path in sorted(dog.iterdir())]
    nodes += [at(dog / "gone.png"), at(things / "my mug.png")]
    with caplog.at_level(logging.WARNING):
        passed = step(actions, things)(nodes)
    assert [(name, views) for name, _, _, views in summary(actions)] == [
        ("Biscuit", 2),
        ("my mug", 1),
    ]
    left = [Path(node.metadata["file_path"]).name for node in passed[:-2]]
    assert sorted(left) == [
        *("2.heic", "3.png", "4.png", "circle.png", "folder.png", "gone.png"),
    ]
    assert [name for name in left if name not in caplog.text] == []
    assert [node.metadata.get("name") for node in passed[-2:]] == ["Biscuit", "my mug"]


def test_an_object_that_cannot_be_remembered_is_raised_after_all_others_are(
    actions: PersonalActions, things: Path
) -> None:
    (things / "Apple.png").write_bytes(to_png(solid_scene({})))  # before all others
    with pytest.raises(ActionError, match="Apple"):
        step(actions, things)(read(things))
    assert summary(actions) == REMEMBERED


def test_a_photo_that_is_new_becomes_a_view(actions: PersonalActions, things: Path) -> None:
    step(actions, things)(read(things))
    scene = solid_scene({"red": (60, 30, 120, 100)})
    (things / "Biscuit" / "2.png").write_bytes(to_png(scene))
    for _ in range(2):
        nodes = step(actions, things)(read(things))
        assert "Remembered from 3 photos" in nodes[1].get_content()
    assert [views for *_, views in summary(actions)] == [3, 1]


def test_a_name_of_a_mac_is_the_same_name(actions: PersonalActions, things: Path) -> None:
    mug = things / "my mug.png"
    for form in ("NFD", "NFC"):
        step(actions, things)([at(mug, name=unicodedata.normalize(form, "Zoë"))])  # type: ignore[arg-type]
    assert [(name, views) for name, _, _, views in summary(actions)] == [("Zoë", 1)]


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


@pytest.mark.parametrize("single", [False, True])
def test_an_object_is_the_first_folder_below_the_folder(
    actions: PersonalActions, tmp_path: Path, single: bool
) -> None:
    colours = {"Cup/2023/1": "red", "Cup/2024/May/1": "green", "Cup/1": "yellow"}
    colours |= {} if single else {"Dog/2023/1": "blue", "Hat": "magenta"}
    for name, colour in colours.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        photo = to_png(solid_scene({colour: (20, 20, 90, 90)}))
        (tmp_path / f"{name}.png").write_bytes(photo)
    documents = SimpleDirectoryReader(tmp_path, recursive=True).load_data()
    for some in (documents[:1], documents):  # whatever else comes with a photo
        step(actions, tmp_path)(some)
    others = [] if single else [("Dog", 1), ("Hat", 1)]
    assert [(name, n) for name, _, _, n in summary(actions)] == [("Cup", 3), *others]


def test_what_systems_put_beside_photos_is_no_object(
    actions: PersonalActions, tmp_path: Path
) -> None:
    paths = [
        tmp_path / name
        for name in (
            *("Cup/@eaDir/0.jpg/THUMB.png", ".thumbs/1.png", "Cup/.x/1.png", "@eaDir/1.png"),
            *("#snapshot/a/1.png", "Cup/A.photoslibrary/1.png"),
        )
    ]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_bytes(to_png(solid_scene({"red": (20, 20, 90, 90)})))
    nodes = [at(path) for path in paths]
    assert step(actions, tmp_path)(nodes) == nodes
    assert summary(actions) == []


def test_a_link_is_of_the_folder_that_it_lies_in(actions: PersonalActions, tmp_path: Path) -> None:
    (tmp_path / ".git" / "annex").mkdir(parents=True)
    (tmp_path / ".git" / "annex" / "ab12").write_bytes(
        to_png(solid_scene({"red": (20, 20, 90, 90)}))
    )
    (tmp_path / "Cup").mkdir()
    (tmp_path / "Cup" / "1.png").symlink_to(tmp_path / ".git" / "annex" / "ab12")
    step(actions, tmp_path)([at(tmp_path / "Cup" / "1.png")])
    assert [(name, n) for name, _, _, n in summary(actions)] == [("Cup", 1)]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a disk that takes any bytes as a name")
def test_a_folder_of_another_time_has_its_name(actions: PersonalActions, tmp_path: Path) -> None:
    folders = [Path(os.fsdecode(os.fsencode(tmp_path) + name)) for name in (b"/Zo\xeb", b"/Z\x81")]
    for folder in folders:
        folder.mkdir()
        (folder / "1.png").write_bytes(to_png(solid_scene({"red": (20, 20, 90, 90)})))
    nodes = [at(folder / "1.png") for folder in folders]
    with pytest.raises(ActionError, match="no text in Unicode"):
        step(actions, tmp_path)(nodes)
    assert [(name, n) for name, _, _, n in summary(actions)] == [("Zoë", 1)]
