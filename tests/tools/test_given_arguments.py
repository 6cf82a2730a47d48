"""What models send in place of the arguments that a schema asks for, in both frameworks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.chosen_pictures import is_none, one_picture, some_pictures
from pekit_agents.tools.langchain.toolkit import PersonalToolkit
from pekit_agents.tools.llama_index.tools import PersonalToolSpec
from pekit_agents.tools.schemas import arguments_model
from pekit_agents.tools.specs import VERBS, tool_specs

ONE, TWO = "img_" + "a" * 32, "img_" + "b0" * 16
HANDLE = "img_" + "0" * 32


def by_name(toolkit: PersonalToolkit) -> dict[str, Any]:
    return {tool.name: tool for tool in toolkit.get_tools()}


#: What a model sends to a verb, and what it means.
MEANT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("remember_object", {"images": "latest"}, {"images": ["latest"]}),
    ("remember_object", {"images": HANDLE}, {"images": [HANDLE]}),
    ("remember_object", {"images": json.dumps([HANDLE])}, {"images": [HANDLE]}),
    ("remember_object", {"images": json.dumps(HANDLE)}, {"images": [HANDLE]}),
    ("remember_object", {"images": f"[image {HANDLE}]"}, {"images": [f"[image {HANDLE}]"]}),
    ("remember_object", {"images": None, "context": None}, {"images": ("latest",), "context": ""}),
    ("remember_object", {"images": ""}, {"images": ("latest",)}),
    ("remember_object", {"name": 5}, {"name": "5"}),
    ("add_photos", {"images": "latest", "sighting": None}, {"images": ["latest"], "sighting": 0}),
    ("add_photos", {"sighting": "2"}, {"sighting": 2}),
    ("add_photos", {"sighting": ""}, {"sighting": 0}),
    ("find_personal_objects", {"image": None}, {"image": "latest"}),
    ("find_personal_objects", {"image": [HANDLE]}, {"image": HANDLE}),
    ("find_in_video", {"clip": None, "start": None}, {"clip": "latest", "start": 0.0}),
    ("find_in_video", {"start": "1:05.5", "end": "1:02:03"}, {"start": 65.5, "end": 3723.0}),
    ("find_in_video", {"start": "12.5", "end": 20}, {"start": 12.5, "end": 20.0}),
    ("describe_personal", {"image": None}, {"image": "latest"}),
    ("list_personal_objects", {"search": None}, {"search": ""}),
    ("list_personal_objects", {"search": 7}, {"search": "7"}),
    ("update_personal_object", {"new_name": None, "category": None}, {"new_name": ""}),
    ("correct_personal", {"verdict": "Is not", "image": None}, {"verdict": "is_not"}),
    ("correct_personal", {"verdict": "is-not"}, {"verdict": "is_not"}),
]
NEEDED = {"name": "Biscuit", "category": "dog", "question": "Who?", "verdict": "is"}


@pytest.mark.parametrize(("verb", "given", "meant"), MEANT)
def test_what_can_mean_one_thing_is_taken_as_that(
    verb: str, given: dict[str, Any], meant: dict[str, Any]
) -> None:
    spec = next(spec for spec in tool_specs() if spec.name == verb)
    needed = {p.name: NEEDED[p.name] for p in spec.parameters if p.required}
    read = dict(arguments_model(spec).model_validate({**needed, **given}))
    assert {name: read[name] for name in meant} == meant


@pytest.mark.parametrize("verb", VERBS)
def test_null_is_the_default_of_every_argument_that_has_one(verb: str) -> None:
    spec = next(spec for spec in tool_specs() if spec.name == verb)
    needed = {p.name: NEEDED[p.name] for p in spec.parameters if p.required}
    nulls = {p.name: None for p in spec.parameters if not p.required}
    model = arguments_model(spec)
    assert model.model_validate({**needed, **nulls}) == model.model_validate(needed)


@pytest.mark.parametrize(
    "written",
    [
        ONE,
        f" {ONE}\n",
        f"[image {ONE}]",
        f"image {ONE}",
        f"`{ONE}`",
        f"<{ONE}>",
        f'"{ONE}"',
        ONE.upper(),
        f"['{ONE}']",
        f"{ONE}.png",
        f"[image {ONE}] ([image {ONE}])",
    ],
)
def test_a_handle_is_read_out_of_what_is_written_around_it(written: str) -> None:
    assert one_picture(written, ()) == ONE
    assert some_pictures([written], ()) == [ONE]


@pytest.mark.parametrize(
    "written",
    [
        "latest",
        "Latest",
        "LATEST",
        " latest ",
        '"latest"',
        "`latest`",
        "[image latest]",
        "the latest photo",
        "latest_image",
        "",
    ],
)
def test_the_newest_picture_is_meant_by_other_spellings(written: str) -> None:
    assert one_picture(written, iter([TWO, ONE])) == TWO
    assert some_pictures([written, ONE], iter([TWO, ONE])) == [TWO, ONE]


@pytest.mark.parametrize(
    "other",
    ["photo.jpg", f"/etc/{ONE}", f"x{ONE}", ONE + "0", ONE[:-1], "latest.jpg", "the first photo"],
)
def test_what_names_no_picture_is_left_to_be_refused(other: str) -> None:
    assert one_picture(other, iter([TWO])) == other
    assert some_pictures([other], iter([TWO])) == [other]


def test_several_pictures_in_one_text_are_all_of_them_where_several_may_be() -> None:
    assert some_pictures([f"{ONE}, [image {TWO}]"], ()) == [ONE, TWO]
    with pytest.raises(InvalidInput, match="expected one picture, found 2; give one handle"):
        one_picture(f"{ONE}, {TWO}", ())


@pytest.mark.parametrize("written", ["none", "None", '"none"', "null", "", "[image none]"])
def test_no_picture_is_meant_by_other_spellings(written: str) -> None:
    assert is_none(written)
    assert not is_none("none of the cups")


@pytest.mark.parametrize(
    ("verb", "given", "said"),
    [
        ("find_personal_objects", {"image": {"id": 1}}, 'image: expected a text, found {"id": 1}'),
        ("add_photos", {"name": "X", "images": 3}, "images: expected a list of texts, found 3"),
        ("add_photos", {"name": "X", "images": [3]}, "images.0: expected a text, found 3"),
        (
            "add_photos",
            {"name": "X", "sighting": "one"},
            'sighting: expected a whole number, found "one"',
        ),
        ("forget_personal_object", {"name": None}, "name: expected a value, found none"),
        ("forget_personal_object", {}, "name: expected a value, found none"),
        (
            "correct_personal",
            {"name": "X", "verdict": "maybe"},
            'verdict: expected "is" or "is_not", found "maybe"',
        ),
    ],
)
def test_what_is_wrong_is_told_in_words_for_a_model(
    actions: PersonalActions, verb: str, given: dict[str, Any], said: str
) -> None:
    text = f"expected other arguments; {said}; call {verb} again with all that it needs."
    tools = {
        tool.name: tool for tool in PersonalToolkit(actions=actions, user_id="ann").get_tools()
    }
    assert tools[verb].invoke(given) == text
    (tool,) = PersonalToolSpec(actions, user_id="ann").to_tool_list([verb])
    assert tool.call(**given).content == text


@pytest.mark.parametrize("images", ["HANDLE", '["HANDLE"]', "[image HANDLE]", "`HANDLE`"])
def test_an_object_is_remembered_however_its_photo_is_named(
    actions: PersonalActions, red: bytes, images: str
) -> None:
    handle = actions.images.put("ann", red)
    given = {"name": "Mug", "category": "mug", "images": images.replace("HANDLE", handle)}
    tools = {
        tool.name: tool for tool in PersonalToolkit(actions=actions, user_id="ann").get_tools()
    }
    assert tools["remember_object"].invoke(given).startswith("Remembered from 1 photo")
    (tool,) = PersonalToolSpec(actions, user_id="ann").to_tool_list(["find_personal_objects"])
    assert '"Mug"' in tool.call(image=given["images"]).content


async def test_a_text_in_place_of_the_arguments_is_the_first_of_them(
    actions: PersonalActions, biscuit: str
) -> None:
    tools = {
        tool.name: tool for tool in PersonalToolkit(actions=actions, user_id="ann").get_tools()
    }
    assert '"Biscuit"' in tools["find_personal_objects"].invoke(biscuit)
    assert '"Biscuit"' in await tools["list_personal_objects"].ainvoke("shoes")
    assert "category: expected a value" in tools["remember_object"].invoke("Ruby")
    assert tools["forget_personal_object"].invoke("Biscuit") == 'Forgotten for good: "Biscuit".'
    for tool in tools.values():
        assert "expected arguments by their names, found none" in tool.invoke(None)
