"""The tool spec as LlamaIndex knows it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

from llama_index.core.tools import FunctionTool, ToolMetadata
from llama_index.core.tools.tool_spec.base import BaseToolSpec
from llama_index.core.workflow import Context

from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.llama_index.tools import PersonalToolSpec
from pekit_agents.tools.specs import VERBS, tool_specs

Call = tuple[str, dict[str, Any]]
Run = Callable[..., Any]


def test_it_is_a_tool_spec_whose_functions_are_the_verbs(spec: PersonalToolSpec) -> None:
    assert BaseToolSpec in PersonalToolSpec.__mro__
    assert tuple(PersonalToolSpec.spec_functions) == VERBS
    assert all(callable(getattr(spec, name)) for name in VERBS)
    tools = spec.to_tool_list()
    assert all(isinstance(tool, FunctionTool) for tool in tools)
    assert tuple(tool.metadata.name for tool in tools) == VERBS


def test_models_read_the_verbs_own_words_and_no_hidden_arguments(spec: PersonalToolSpec) -> None:
    for tool, told in zip(spec.to_tool_list(), tool_specs(), strict=True):
        assert tool.metadata.description == told.description
        function = tool.metadata.to_openai_tool()["function"]  # refuses what is too long
        properties = function["parameters"]["properties"]
        assert {name: field["description"] for name, field in properties.items()} == {
            parameter.name: parameter.description for parameter in told.parameters
        }
        assert "anyOf" not in json.dumps(function)


def test_agents_hand_every_tool_its_context(spec: PersonalToolSpec) -> None:
    for tool in spec.to_tool_list():
        assert tool.requires_context
        assert tool.ctx_param_name == "ctx"
        for function in (tool.fn, tool.async_fn):
            assert inspect.signature(function).parameters["ctx"].annotation is Context


def test_a_choice_of_tools_and_other_descriptions(spec: PersonalToolSpec) -> None:
    told = ToolMetadata("Look for it.", "look", fn_schema=None)
    find, forget = spec.to_tool_list(
        ["find_personal_objects", ("forget_personal_object", "unused")],
        {"find_personal_objects": told},
    )
    assert find.metadata is told
    assert forget.metadata.name == "forget_personal_object"


def test_a_subclass_adds_and_replaces_functions(
    actions: PersonalActions, biscuit: str, names: Any
) -> None:
    class Own(PersonalToolSpec):
        spec_functions = [*PersonalToolSpec.spec_functions, "wave"]  # noqa: RUF012

        def wave(self, hand: str) -> str:
            """Wave a hand."""
            return f"{hand} waved"

        def forget_personal_object(self, name: str) -> str:
            """Ask a human."""
            return "asked"

    tools = Own(actions, user_id="ann").to_tool_list()
    assert [tool.metadata.name for tool in tools] == [*VERBS, "wave"]
    assert tools[-1].call(hand="left").content == "left waved"
    assert tools[-2].call(name="Biscuit").content == "asked"
    assert names(actions, "ann") == ["Biscuit"]


async def test_the_async_way_to_the_tools(spec: PersonalToolSpec) -> None:
    assert [tool.metadata.name for tool in await spec.to_tool_list_async()] == list(VERBS)
