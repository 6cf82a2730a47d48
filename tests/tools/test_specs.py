"""Tools are described once, in the verbs."""

from __future__ import annotations

import inspect

import pytest

from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.specs import VERBS, ToolSpec, tool_specs


def test_every_public_verb_is_a_tool() -> None:
    assert tuple(spec.name for spec in tool_specs()) == VERBS
    verbs = {
        name
        for name, method in inspect.getmembers(PersonalActions, inspect.isfunction)
        if name.endswith(("_object", "_objects", "_personal", "_photos", "_video"))
    }
    assert verbs == set(VERBS)


@pytest.mark.parametrize("spec", tool_specs(), ids=lambda spec: spec.name)
def test_a_tool_is_described_and_the_host_keeps_its_part(spec: ToolSpec) -> None:
    assert 40 < len(spec.description) < 500
    assert "Args" not in spec.description
    assert spec.parameters
    for parameter in spec.parameters:
        assert parameter.description.endswith(".")
        assert parameter.name not in {"user_id", "object_id", "recent", "runtime"}


def test_what_the_model_reads() -> None:
    forget = tool_specs()[VERBS.index("forget_personal_object")]
    assert forget.description == (
        "Forget a personal object for good. This cannot be undone. "
        "Use this only when the user asks for it."
    )
    (name,) = forget.parameters
    assert (name.name, name.annotation, name.required) == ("name", str, True)
    assert name.description == "Its name, or its id."


def test_a_description_of_several_lines_and_with_colons_is_read_whole() -> None:
    find = tool_specs()[VERBS.index("find_personal_objects")]
    assert find.description == (
        "Find out which personal objects of the user are in a photo, and where. Use this before "
        "speaking about a photo that may show what the user has introduced, and for questions such "
        'as "where is my mug?". Of what only may be one of them, ask the user.'
    )
    (image,) = find.parameters
    assert image.description == (
        'The photo: its handle such as "img_..." from the label in the conversation, or "latest" '
        "for the newest photo."
    )
    assert find.hosts == {"recent"}
