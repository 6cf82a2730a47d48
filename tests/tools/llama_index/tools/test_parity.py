"""One table of calls, two frameworks: the same words and the same record."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from pekit_agents.retrievers import langchain as langchain_retrievers
from pekit_agents.retrievers import llama_index as llama_index_retrievers
from pekit_agents.testing import fake_profile, solid_scene, to_png
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.image_store import handle_of
from pekit_agents.tools.langchain.toolkit import PersonalToolkit
from pekit_agents.tools.llama_index.tools import PersonalToolSpec

RED = to_png(solid_scene({"red": (20, 20, 80, 80)}))
BLUE = to_png(solid_scene({"blue": (20, 20, 80, 80)}))
SCENE = to_png(solid_scene({"red": (5, 5, 45, 45), "blue": (60, 60, 100, 110)}))
GREY = to_png(solid_scene({}))
SEEN = handle_of(SCENE)

CASES: list[tuple[str, dict[str, Any]]] = [
    ("remember_object", {"name": "Mug", "category": "mug", "images": [handle_of(BLUE)]}),
    ("remember_object", {"name": "Biscuit", "category": "dog", "images": [handle_of(BLUE)]}),
    ("remember_object", {"name": "Fog", "category": "fog", "images": [handle_of(GREY)]}),
    ("remember_object", {"name": "Mug", "category": "mug"}),
    ("find_personal_objects", {"image": SEEN}),
    ("find_personal_objects", {"image": handle_of(GREY)}),
    ("find_personal_objects", {"image": "img_" + "0" * 32}),
    ("find_personal_objects", {"image": "/etc/passwd"}),
    ("find_personal_objects", {}),
    ("describe_personal", {"question": "What is Biscuit doing?", "image": SEEN}),
    ("describe_personal", {"question": "Who is it?", "image": handle_of(GREY)}),
    ("describe_personal", {"question": "Who is Biscuit?"}),
    ("list_personal_objects", {}),
    ("list_personal_objects", {"search": "shoes"}),
    ("list_personal_objects", {"search": "zeppelin"}),
    ("update_personal_object", {"name": "Biscuit", "new_name": "Rex", "context": "-"}),
    ("update_personal_object", {"name": "Biscuit"}),
    ("update_personal_object", {"name": "Nobody", "category": "dog"}),
    ("correct_personal", {"name": "Biscuit", "verdict": "is_not", "image": SEEN}),
    ("correct_personal", {"name": "Biscuit", "verdict": "is", "image": SEEN, "sighting": 2}),
    ("correct_personal", {"name": "Biscuit", "verdict": "is", "image": SEEN, "sighting": 9}),
    ("correct_personal", {"name": "Biscuit", "verdict": "is", "image": handle_of(GREY)}),
    ("add_photos", {"name": "Biscuit", "images": [SEEN]}),
    ("add_photos", {"name": "Biscuit", "images": [SEEN], "sighting": 2}),
    ("add_photos", {"name": "Biscuit"}),
    ("forget_personal_object", {"name": "Biscuit"}),
    ("forget_personal_object", {"name": "Nobody"}),
    ("list_personal_objects", {"user_id": "bob"}),
]
QUERIES = [SEEN, handle_of(RED), handle_of(GREY), "who eats shoes?", "Biscuit", "zeppelin", "/etc"]


def opened(root: Path) -> PersonalActions:
    images = DirectoryImageStore(root / "pictures")
    return PersonalActions.open(root / "memory", fake_profile(), images)


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    """Return the same memory twice, so that each framework may change its own."""
    actions = opened(tmp_path / "one")
    for photo in (RED, BLUE, SCENE, GREY):
        actions.images.put("ann", photo)
    actions.remember_object("ann", "Biscuit", "dog", "Eats shoes.", [handle_of(RED)])
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    return tmp_path / "one", tmp_path / "two"


def by_langchain(actions: PersonalActions, verb: str, arguments: dict[str, Any]) -> Any:
    tools = {
        tool.name: tool for tool in PersonalToolkit(actions=actions, user_id="ann").get_tools()
    }
    call = {"name": verb, "args": arguments, "id": "1", "type": "tool_call"}
    message = tools[verb].invoke(call)
    return message.content, message.artifact, message.status == "error"


def by_llama_index(actions: PersonalActions, verb: str, arguments: dict[str, Any]) -> Any:
    tools = PersonalToolSpec(actions, user_id="ann").to_tool_list([verb])
    output = tools[0].call(**arguments)
    return output.content, None if output.is_error else output.raw_output, output.is_error


@pytest.mark.parametrize(("verb", "arguments"), CASES)
def test_both_frameworks_say_and_do_the_same(
    roots: tuple[Path, Path], verb: str, arguments: dict[str, Any]
) -> None:
    one, two = map(opened, roots)
    assert anonymous(by_langchain(one, verb, arguments)) == anonymous(
        by_llama_index(two, verb, arguments)
    )
    assert objects(one) == objects(two)


@pytest.mark.parametrize("query", QUERIES)
def test_both_frameworks_retrieve_the_same(roots: tuple[Path, Path], query: str) -> None:
    actions = opened(roots[0])
    one = langchain_retrievers.PersonalObjectRetriever(actions=actions, user_id="ann")
    two = llama_index_retrievers.PersonalObjectRetriever(actions, "ann")
    found = [
        (hit.node.node_id, hit.text, {**hit.metadata, "told": None}) for hit in two.retrieve(query)
    ]
    expected = [
        (doc.id, doc.page_content, {**doc.metadata, "told": None}) for doc in one.invoke(query)
    ]
    assert found == expected


def test_what_one_framework_remembers_the_other_finds(tmp_path: Path) -> None:
    one, two = opened(tmp_path), opened(tmp_path)  # two programs over one directory
    for photo in (RED, BLUE, SCENE):
        one.images.put("ann", photo)
    mug = {"name": "Mug", "category": "mug", "images": [handle_of(BLUE)]}
    dog = {"name": "Biscuit", "category": "dog", "images": [handle_of(RED)]}
    by_langchain(one, "remember_object", dog)
    by_llama_index(two, "remember_object", mug)
    for found in (
        by_langchain(one, "find_personal_objects", {"image": SEEN}),
        by_llama_index(two, "find_personal_objects", {"image": SEEN}),
    ):
        assert {match["name"] for match in found[1]["matches"]} == {"Biscuit", "Mug"}


def objects(actions: PersonalActions) -> list[Any]:
    kept = actions.list_personal_objects("ann").record["objects"]
    return [{**obj, "object_id": "", "created_at": ""} for obj in kept]


def anonymous(result: Any) -> Any:
    """Blank out what every new object has of its own."""
    text, record, failed = result
    if record and "object" in record:
        record = {**record, "object": {**record["object"], "object_id": "", "created_at": ""}}
    return text, record, failed
