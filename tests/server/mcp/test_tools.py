"""The verbs as MCP tools: what clients are told of them, and what they get."""

from __future__ import annotations

import json
import re

import pytest
from mcp import Client, MCPError

from pekit_agents.tools.specs import VERBS, tool_specs
from tests.server.mcp.conftest import MODES, picture_blocks, words
from tests.tools.moving_pictures import film


@pytest.mark.parametrize("mode", MODES)
async def test_tools_are_the_verbs_as_they_are_written(local, mode):
    async with Client(local(), mode=mode) as client:
        told = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert list(told) == [*VERBS, "add_photo"]
    for spec in tool_specs():
        tool = told[spec.name]
        assert tool.description == spec.description
        properties = tool.input_schema["properties"]
        assert list(properties) == [each.name for each in spec.parameters]
        assert tool.input_schema.get("required", []) == [
            each.name for each in spec.parameters if each.required
        ]
        for each in spec.parameters:
            assert properties[each.name]["description"].startswith(each.description)
        assert "user" not in json.dumps(list(properties))


async def test_annotations_say_what_only_reads_and_what_is_lost(local):
    async with Client(local(console=True)) as client:
        hints = {tool.name: tool.annotations for tool in (await client.list_tools()).tools}
    assert {name for name, hint in hints.items() if hint.read_only_hint} == {
        "find_personal_objects",
        "find_in_video",
        "describe_personal",
        "list_personal_objects",
        "ask_for_photo",
    }
    assert {name for name, hint in hints.items() if hint.destructive_hint} == {
        "update_personal_object",  # the old note is gone
        "forget_personal_object",
    }
    assert {name for name, hint in hints.items() if not hint.idempotent_hint} == {
        "remember_object",
        "ask_for_photo",
    }
    assert not any(hint.open_world_hint for hint in hints.values())


async def test_schemas_are_such_that_simpler_clients_read_them(local):
    """Each type is one name, an array has its items, and nothing refers to elsewhere."""
    async with Client(local(console=True)) as client:
        tools = (await client.list_tools()).tools

    def check(schema):
        if isinstance(schema, list):
            for each in schema:
                check(each)
        elif isinstance(schema, dict):
            kind = schema.get("type", "")
            assert isinstance(kind, str | dict), schema  # a property may be called so
            assert kind != "array" or "items" in schema, schema
            assert "$ref" not in schema
            for each in schema.values():
                check(each)

    for tool in tools:
        check(tool.input_schema)
        check(tool.output_schema)


@pytest.mark.parametrize("mode", MODES)
async def test_every_verb_answers_in_words_and_in_a_record_of_its_schema(local, folder, mode):
    """The client checks each record against the schema that the tool has."""
    (folder / "walk.mp4").write_bytes(film(None, "red"))
    calls = [
        ("remember_object", {"name": "Biscuit", "category": "dog", "images": ["red.png"]}),
        ("find_personal_objects", {"image": "both.png"}),
        ("describe_personal", {"question": "Who is this?", "image": "both.png"}),
        ("describe_personal", {"question": "Who is Biscuit?", "image": "none"}),
        ("find_in_video", {"clip": "walk.mp4"}),
        ("list_personal_objects", {}),
        ("update_personal_object", {"name": "Biscuit", "context": "Eats shoes."}),
        ("correct_personal", {"name": "Biscuit", "verdict": "is_not", "image": "both.png"}),
        ("add_photos", {"name": "Biscuit", "images": ["both.png"]}),
        ("forget_personal_object", {"name": "Biscuit"}),
    ]
    said = []
    async with Client(local(), mode=mode) as client:
        for name, arguments in calls:
            result = await client.call_tool(name, arguments)
            assert not result.is_error, words(result)
            assert result.structured_content["text"] == words(result)
            said.append(words(result))
    assert said[0] == 'Remembered from 1 photo: "Biscuit" (category "dog")'
    assert '"Biscuit" (category "dog"): middle left, box x 10-70 y 20-80, probability' in said[1]
    assert 'Note: "Eats shoes."' in said[6]
    assert said[9] == 'Forgotten for good: "Biscuit".'


@pytest.mark.parametrize("mode", MODES)
async def test_the_bytes_of_a_picture_are_in_one_block_and_nowhere_else(local, mode):
    async with Client(local(), mode=mode) as client:
        await client.call_tool("remember_object", _biscuit())
        result = await client.call_tool("find_personal_objects", {"image": "both.png"})
    (block,) = picture_blocks(result)
    assert block.mime_type == "image/jpeg"
    everything = result.model_dump_json()
    assert everything.count(block.data) == 1
    structured = json.dumps(result.structured_content)
    assert re.findall(r"[A-Za-z0-9+/=]{100,}", structured) == []
    assert result.structured_content["pictures"] == [
        {"image": result.structured_content["annotated_image"]}
    ]


async def test_a_client_that_drops_pictures_is_told_all_the_same(local):
    """Names, probabilities and places, in the text as well as in the record."""
    async with Client(local()) as client:
        await client.call_tool("remember_object", _biscuit())
        await client.call_tool(
            "remember_object", {"name": "Mug", "category": "mug", "images": "both.png"}
        )
        result = await client.call_tool("find_personal_objects", {"image": "both.png"})
    for told in (words(result), result.structured_content["text"]):
        assert '"Biscuit"' in told
        assert re.search(r"probabilit\w+ \d+ %", told)
        assert "box x 10-70 y 20-80" in told
        assert result.structured_content["annotated_image"] in told


async def test_what_a_model_writes_is_read_leniently_and_refused_in_words(local):
    async with Client(local()) as client:
        lenient = await client.call_tool(
            "remember_object",
            {"name": 7, "category": "dog", "images": '["red.png"]', "user_id": "bob"},
        )
        wrong = await client.call_tool("correct_personal", {"name": "7", "verdict": "perhaps"})
        unknown = await client.call_tool("update_personal_object", {"name": "8", "context": "x"})
        taken = await client.call_tool("remember_object", {**_biscuit(), "name": "7"})
        with pytest.raises(MCPError, match="Unknown tool: recall"):
            await client.call_tool("recall", {})
    assert words(lenient) == 'Remembered from 1 photo: "7" (category "dog")'
    assert (wrong.is_error, unknown.is_error, taken.is_error) == (True, True, True)
    assert 'verdict: expected "is" or "is_not", found "perhaps"' in words(wrong)
    assert '"8"' in words(unknown)
    assert "choose another name" in words(taken)


async def test_what_fails_unexpectedly_tells_nothing_of_the_user(local, caplog):
    server, secret = local(), "Biscuit lies in /home/ann"

    def fail(*_, **__):
        raise RuntimeError(secret)

    server.service.actions.list_personal_objects = fail
    for mode in MODES:
        async with Client(server, mode=mode) as client:
            with pytest.raises(MCPError) as caught:
                await client.call_tool("list_personal_objects", {})
        assert "log" in str(caught.value)
        assert "Biscuit" not in str(caught.value) + caplog.text
    assert "RuntimeError" in caplog.text
    assert "test_tools.py" in caplog.text  # where it was


async def test_a_server_that_is_busy_says_so_and_may_be_asked_again(local):
    server = local(per_user=1)
    server.service.vision._begun["default"] += 1
    async with Client(server) as client:
        busy = await client.call_tool("find_personal_objects", {"image": "red.png"})
        server.service.vision._begun["default"] -= 1
        later = await client.call_tool("find_personal_objects", {"image": "red.png"})
    assert busy.is_error
    assert "wait for an answer" in words(busy)
    assert not later.is_error


def _biscuit():
    return {"name": "Biscuit", "category": "dog", "images": ["red.png"]}
