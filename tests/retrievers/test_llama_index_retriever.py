"""Personal objects and photos as LlamaIndex nodes."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.base_retriever import BaseRetriever as AnyRetriever
from llama_index.core.schema import ImageNode, MetadataMode, NodeWithScore, QueryBundle, TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from PIL import Image

from pekit_agents.errors import ImageError, InvalidInput
from pekit_agents.profiles import Profile
from pekit_agents.retrievers.llama_index import PersonalObjectRetriever, PhotoLibraryRetriever
from pekit_agents.retrievers.photo_library.library import PhotoLibrary
from pekit_agents.testing import ColourEncoder, fake_profile, graded_profile, solid_scene, to_png
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.image_store import UnknownImage

Draw = Callable[..., bytes]
IMAGE_SIGNS = ("JFIF", "/9j/", "iVBOR", "PNG")


@pytest.fixture
def retriever(actions: PersonalActions) -> PersonalObjectRetriever:
    return PersonalObjectRetriever(actions, "ann")


@pytest.fixture
def filed(actions: PersonalActions, root: Path, tmp_path: Path) -> PersonalObjectRetriever:
    """Ann's retriever with pictures that are files."""
    images = DirectoryImageStore(tmp_path / "pictures")
    return PersonalObjectRetriever.open(
        root, user_id="ann", profile=fake_profile(), images=images, similarity_top_k=9
    )


@pytest.fixture
def file(tmp_path: Path, photo: Draw) -> str:
    """Return the path of a photo of the dog and the mug."""
    (tmp_path / "photo.png").write_bytes(photo("red", "blue"))
    return str(tmp_path / "photo.png")


@pytest.fixture
def library(root: Path, actions: PersonalActions, photo: Draw) -> PhotoLibrary:
    library = PhotoLibrary.open(root, "ann", fake_profile())
    library.index([("both.png", photo("red", "blue")), ("dog.png", photo("red", height=70))])
    return library


def names(hits: list[NodeWithScore]) -> set[str]:
    return {hit.metadata["name"] for hit in hits}


# What a query is.


def test_an_image_path_is_a_visual_search(filed: PersonalObjectRetriever, file: str) -> None:
    hits = filed.retrieve(QueryBundle("where is my mug?", image_path=file))
    assert names(hits) == {"Biscuit", "my red mug"}
    assert all(hit.score == hit.metadata["score"] > 0.9 for hit in hits)
    assert {hit.metadata["image"] for hit in hits} == {""}


def test_a_handle_is_a_visual_search(filed: PersonalObjectRetriever, photo: Draw) -> None:
    handle = filed.actions.images.put("ann", photo("green", "red", height=70))
    plate, dog = sorted(filed.retrieve(handle), key=lambda hit: hit.metadata["x0"])
    assert plate.metadata["name"] == "Zoë's plate"
    assert dog.text.startswith('"Biscuit" (category "dog"): centre, box x 60-100')
    assert dog.metadata["image"] == handle


def test_words_are_a_text_search(retriever: PersonalObjectRetriever) -> None:
    (hit,) = retriever.retrieve("who eats shoes?")
    assert hit.text == '"Biscuit" (category "dog"). Note: "Eats shoes."'
    assert type(hit.node) is TextNode
    assert retriever.retrieve("zeppelin") == []


def test_a_path_in_words_is_never_opened(
    retriever: PersonalObjectRetriever, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(Path, "open", lambda self, *args, **kwargs: opened.append(self))
    for query in (file, f"file://{file}", "https://example.com/a.png", "img_../x"):
        with pytest.raises(InvalidInput, match="expected words, found"):
            retriever.retrieve(query)
    assert opened == []


def test_a_picture_that_is_missing_is_an_error(retriever: PersonalObjectRetriever) -> None:
    for path in ("/nowhere/a.png", "https://example.com/a.png"):
        with pytest.raises(ImageError):
            retriever.retrieve(QueryBundle("dog", image_path=path))


# What a node is.


def test_two_sightings_of_one_object_survive_de_duplication(
    filed: PersonalObjectRetriever, tmp_path: Path
) -> None:
    scene = solid_scene({"red": (5, 5, 45, 45)})
    scene.paste(solid_scene({"red": (0, 0, 40, 40)}).crop((0, 0, 40, 40)), (100, 60))
    scene.save(tmp_path / "two.png")
    hits = filed.retrieve(QueryBundle("", image_path=str(tmp_path / "two.png")))
    assert len({hit.node.node_id for hit in hits}) == len(hits) == 2
    assert names(hits) == {"Biscuit"}


def test_a_sighting_has_the_path_of_its_annotated_picture(
    filed: PersonalObjectRetriever, file: str
) -> None:
    for hit in filed.retrieve(QueryBundle("", image_path=file)):
        assert isinstance(hit.node, ImageNode)
        assert hit.node.image is None
        assert hit.node.image_mimetype == "image/jpeg"
        assert hit.node.image_path is not None
        assert Path(hit.node.image_path).read_bytes() == filed.picture(hit)


def test_without_files_a_sighting_is_a_text_with_a_handle(
    retriever: PersonalObjectRetriever, file: str
) -> None:
    for hit in retriever.retrieve(QueryBundle("", image_path=file)):
        assert type(hit.node) is TextNode
        assert retriever.picture(hit).startswith(b"\xff\xd8")
    with pytest.raises(UnknownImage):
        retriever.picture(retriever.retrieve("dog")[0])


def test_models_read_the_text_and_nothing_of_the_machinery(
    filed: PersonalObjectRetriever, file: str
) -> None:
    for query in (QueryBundle("", image_path=file), "dog"):
        for hit in filed.retrieve(query):
            for mode in (MetadataMode.LLM, MetadataMode.EMBED):
                assert hit.node.get_content(mode) == hit.text
            texts = [
                block.text
                for block in hit.node.get_content_blocks(MetadataMode.LLM)
                if block.block_type == "text"
            ]
            assert texts == [hit.text]


def test_nodes_survive_storage_without_image_bytes(
    filed: PersonalObjectRetriever, file: str, tmp_path: Path
) -> None:
    hits = [*filed.retrieve(QueryBundle("", image_path=file)), *filed.retrieve("shoes")]
    store = SimpleDocumentStore()
    store.add_documents([hit.node for hit in hits])
    store.persist(str(tmp_path / "nodes.json"))
    kept = SimpleDocumentStore.from_persist_path(str(tmp_path / "nodes.json"))
    assert len(kept.docs) == len({hit.node.node_id for hit in hits})
    for hit in hits:
        assert all(isinstance(value, str | int | float) for value in hit.metadata.values())
        dumped = json.dumps([hit.to_dict(), json.loads(hit.model_dump_json())])
        assert not any(sign in dumped for sign in IMAGE_SIGNS)
        assert type(hit.node).from_dict(hit.node.to_dict()) == hit.node
        assert type(kept.get_document(hit.node.node_id)) in (ImageNode, TextNode)
    assert not any(sign in (tmp_path / "nodes.json").read_text() for sign in IMAGE_SIGNS)


# Whose memory.


def test_another_users_things_are_unknown(
    actions: PersonalActions, retriever: PersonalObjectRetriever, file: str, photo: Draw
) -> None:
    bobs = PersonalObjectRetriever(actions, "bob")
    assert bobs.retrieve("dog") == bobs.retrieve(QueryBundle("dog", image_path=file)) == []
    with pytest.raises(UnknownImage):
        bobs.retrieve(actions.images.put("ann", photo("red")))


def test_what_is_forgotten_is_not_found(filed: PersonalObjectRetriever, file: str) -> None:
    query = QueryBundle("", image_path=file)
    paths = [Path(hit.node.image_path) for hit in filed.retrieve(query)]  # type: ignore[attr-defined]
    filed.actions.forget_personal_object("ann", "Biscuit")
    assert names(filed.retrieve(query)) == {"my red mug"}
    assert filed.retrieve("shoes") == []
    assert not any(path.exists() for path in paths)


def test_a_retriever_needs_a_user_and_a_k(actions: PersonalActions, library: PhotoLibrary) -> None:
    with pytest.raises(InvalidInput):
        PersonalObjectRetriever(actions, "")
    with pytest.raises(InvalidInput):
        PersonalObjectRetriever(actions, "ann", similarity_top_k=0)
    with pytest.raises(InvalidInput):
        PhotoLibraryRetriever(library, similarity_top_k=0)
    assert len(PersonalObjectRetriever(actions, "ann", similarity_top_k=1).retrieve("dog")) == 1


def test_k_limits_sightings_to_the_surest(actions: PersonalActions, file: str) -> None:
    query = QueryBundle("", image_path=file)
    (hit,) = PersonalObjectRetriever(actions, "ann", similarity_top_k=1).retrieve(query)
    assert hit.score == max(
        other.score for other in PersonalObjectRetriever(actions, "ann").retrieve(query)
    )


# Async.


@pytest.mark.parametrize("made", [PersonalObjectRetriever, PhotoLibraryRetriever])
def test_both_ways_are_overridden(made: type[AnyRetriever]) -> None:
    for name in ("_retrieve", "_aretrieve"):
        assert name in vars(made)
    assert inspect.iscoroutinefunction(made._aretrieve)


async def test_sync_and_async_agree(
    filed: PersonalObjectRetriever, library: PhotoLibrary, file: str
) -> None:
    for query in (QueryBundle("", image_path=file), "dog"):
        assert await filed.aretrieve(query) == filed.retrieve(query) != []
    photos = PhotoLibraryRetriever(library)
    assert await photos.aretrieve("Biscuit") == photos.retrieve("Biscuit") != []


async def test_the_event_loop_is_not_blocked(
    root: Path, actions: Any, file: str, loop_turns: Any
) -> None:
    turns = loop_turns()

    class Slow(ColourEncoder):
        def encode(self, images: Any) -> Any:
            turns.wait()
            return super().encode(images)

    fast = fake_profile()
    slow = Profile("slow", fast.extractor, fast.proposer, Slow(), fast.matching, augment=False)
    retriever = PersonalObjectRetriever.open(root, user_id="ann", profile=slow)
    assert await retriever.aretrieve(QueryBundle("", image_path=file))
    assert set(turns.seen) == {True}


# A photo library.


def test_photos_are_found_by_the_objects_in_them(
    library: PhotoLibrary, tmp_path: Path, photo: Draw
) -> None:
    (tmp_path / "both.png").write_bytes(photo("red", "blue"))
    retriever = PhotoLibraryRetriever(library, path=tmp_path.joinpath)
    (both,) = retriever.retrieve("photos with Biscuit and my red mug")
    assert both.node.node_id == "photo:both.png"
    assert isinstance(both.node, ImageNode)
    assert both.node.image_path == str(tmp_path / "both.png")
    assert both.node.image_mimetype == "image/png"
    assert both.node.get_content(MetadataMode.LLM) == both.text
    found = {hit.metadata["photo_id"]: type(hit.node) for hit in retriever.retrieve("Biscuit")}
    assert found == {"both.png": ImageNode, "dog.png": TextNode}  # one file is not there
    assert len(PhotoLibraryRetriever(library, similarity_top_k=1).retrieve("Biscuit")) == 1
    assert to_png(solid_scene({})) not in both.node.to_json().encode()


def test_a_photo_that_models_do_not_take_is_handed_on_as_one_that_they_do(
    library: PhotoLibrary, tmp_path: Path, photo: Draw
) -> None:
    for name, kind in (("both.png", "TIFF"), ("dog.png", "PNG")):
        with Image.open(BytesIO(photo("red", "blue"))) as picture:
            picture.save(tmp_path / name, kind)
    (tmp_path / "dog.png").write_bytes(b"no longer a picture")
    hits = PhotoLibraryRetriever(library, path=tmp_path.joinpath).retrieve("Biscuit")
    nodes = {hit.metadata["photo_id"]: hit.node for hit in hits}
    assert type(nodes["dog.png"]) is TextNode
    converted = nodes["both.png"]
    assert isinstance(converted, ImageNode)
    assert (converted.image_path, converted.image_mimetype) == (None, "image/jpeg")
    assert converted.resolve_image().read()[:3] == b"\xff\xd8\xff"


# What may be.


def test_what_is_possible_comes_after_what_is_named(graded: PersonalActions, photo: Draw) -> None:
    retriever = PersonalObjectRetriever(graded, "ann")
    dog, mug = retriever.retrieve(graded.images.put("ann", photo("pale blue", "red")))
    assert [hit.metadata["certainty"] for hit in (dog, mug)] == ["certain", "possible"]
    assert [hit.metadata["name"] for hit in (dog, mug)] == ["Biscuit", "my red mug"]
    assert [hit.score for hit in (dog, mug)] == pytest.approx([1.0, 0.3], abs=0.03)
    assert mug.text.startswith('may be "my red mug"')
    (only,) = retriever.retrieve(graded.images.put("ann", photo("pale red")))
    assert only.text.startswith('may be "Biscuit"')


def test_a_photo_that_may_show_it_comes_after_one_that_does(
    graded: PersonalActions, tmp_path: Path, photo: Draw
) -> None:
    library = PhotoLibrary.open(tmp_path / "graded", "ann", graded_profile())
    library.index([("a", photo("pale red")), ("b", photo("red"))])
    sure, unsure = PhotoLibraryRetriever(library).retrieve("Biscuit")
    assert [hit.metadata["photo_id"] for hit in (sure, unsure)] == ["b", "a"]
    assert [hit.score for hit in (sure, unsure)] == pytest.approx([1.0, 0.36], abs=0.03)
    assert unsure.text.startswith('may be "Biscuit"')


def test_the_photos_of_an_answer_share_what_a_request_may_have(tmp_path: Path) -> None:
    library = PhotoLibrary.open(tmp_path / "library", profile=fake_profile())
    scene = solid_scene({"red": (20, 20, 80, 80)})
    library.kit.remember("Biscuit", scene, category="dog")
    for at in range(12):
        (tmp_path / f"{at}.png").write_bytes(to_png(scene) + bytes([at]) + bytes(3_000_000))
    library.index((f"{at}.png", tmp_path / f"{at}.png") for at in range(12))
    retriever = PhotoLibraryRetriever(library, path=tmp_path.joinpath)
    nodes = [hit.node for hit in retriever.retrieve("photos with Biscuit")]
    sizes = [
        Path(node.image_path).stat().st_size * 4 / 3 if node.image_path else len(node.image or "")
        for node in nodes
        if isinstance(node, ImageNode)
    ]
    assert len(sizes) == 12
    assert sum(sizes) < 20 * 2**20


def test_what_may_be_a_name_is_said_to_the_model(retriever: PersonalObjectRetriever) -> None:
    (node, *_) = retriever.retrieve("Does Biscuit like Anna?")
    told = node.node.get_content(MetadataMode.LLM)
    assert told.startswith('"Biscuit"')
    assert told.endswith('Nothing is remembered that is called "Anna".')
