"""The public MCP inspector's command line over the server, on both transports."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pekit_agents.server import ServerSettings
from tests.server.mcp.conftest import TOKENS

pytestmark = pytest.mark.slow  # each call starts a process

SCRIPT = Path(__file__).with_name("colour_server.py")
#: Without a version npm takes an old one where Node is older than the newest asks for.
PACKAGE = "@modelcontextprotocol/inspector@2.12.0"
COMMAND = os.environ.get("PEKIT_MCP_INSPECTOR", f"npx --yes {PACKAGE}")


@cache
def inspector() -> list[str]:
    """Return the command, or skip where it is not to be had."""
    command = shlex.split(COMMAND)
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed: the MCP inspector cannot run")
    tried = subprocess.run(
        [*command, "--cli", "--help"], check=False, capture_output=True, text=True, timeout=300
    )
    if tried.returncode != 0:
        pytest.skip(f"the MCP inspector does not run: {tried.stderr[-300:]}")
    return [*command, "--cli"]


def asked(target: list[str], *options: str) -> Any:
    """Return what the inspector prints."""
    done = subprocess.run(
        [*inspector(), *target, *options], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-1000:]
    assert "Warning: tool" not in done.stderr, done.stderr[:1000]
    return json.loads(done.stdout)


def called(target: list[str], tool: str, *arguments: str) -> Any:
    """Return the result of a tool."""
    given = [option for each in arguments for option in ("--tool-arg", each)]
    return asked(target, "--method", "tools/call", "--tool-name", tool, *given)


@pytest.fixture(params=["stdio", "http"])
def target(request: Any, tmp_path: Path, folder: Path, serving: Callable[..., Any]) -> list[str]:
    """What the inspector is to connect to."""
    photos = (str(folder),)
    if request.param == "stdio":
        settings = ServerSettings(memory=str(tmp_path / "memory"), photos=photos)
        return [sys.executable, str(SCRIPT), settings.to_json()]
    url = f"{serving(photos=photos, user='ann').url}/mcp"
    return [url, "--transport", "http", "--header", f"Authorization: Bearer {TOKENS['ann']}"]


def test_a_thing_is_remembered_and_found(target):
    """And the inspector finds nothing in the tools' schemas that other clients stumble over."""
    asked(target, "--strict", "--method", "tools/list")
    given = ["name=Biscuit", "category=dog", 'images=["red.png"]']
    assert called(target, "remember_object", *given)["isError"] is False
    found = called(target, "find_personal_objects", "image=both.png")
    assert '"Biscuit" (category "dog"): middle left' in found["content"][0]["text"]
    assert found["structuredContent"]["matches"][0]["name"] == "Biscuit"
    assert found["content"][1]["type"] == "image"


@pytest.mark.parametrize("target", ["http"], indirect=True)
def test_a_question_is_a_prompt(target):
    asked_for = ["--prompt-name", "describe", "--prompt-args", "question=Who", "image=none"]
    prompt = asked(target, "--method", "prompts/get", *asked_for)
    assert "Nothing is remembered yet" in prompt["messages"][0]["content"]["text"]
