"""A LangChain agent over the server, in the environment that its adapters want: with mcp 1."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path

import pytest

from pekit_agents.tools.specs import VERBS
from tests.server.mcp.conftest import TOKENS, photo

ROOT = Path(__file__).parents[3]
PYTHON = Path(os.environ.get("PEKIT_MCP1_PYTHON", ROOT / ".venv-mcp1" / "bin" / "python"))
HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.slow,  # starts a process
    pytest.mark.skipif(
        not PYTHON.exists(),
        reason=f"no environment with langchain-mcp-adapters at {PYTHON}: make .venv-mcp1/.made",
    ),
]


def printed(script: str, *arguments: str) -> str:
    """Return what a script prints in the environment of mcp 1."""
    done = subprocess.run(
        [PYTHON, HERE / script, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_agent_of_an_older_protocol_remembers_and_finds(http):
    red = base64.b64encode(photo("red")).decode()
    told = json.loads(printed("langchain_agent.py", f"{http.url}/mcp", TOKENS["ann"], red))
    assert told["tools"] == [*VERBS, "add_photo", "ask_for_photo"]
    assert told["answer"] == "There is Biscuit."
    assert told["results"][2] == ["text", "image"]
    assert 'Remembered from 1 photo: "Biscuit"' in told["words"][1]
    assert '"Biscuit" (category "dog"): middle left, box' in told["words"][2]
    structured = told["records"][2]["structured_content"]
    assert [match["name"] for match in structured["matches"]] == ["Biscuit"]
    assert '"Biscuit" (category "dog")' in told["prompt"]


def test_the_snippet_of_the_page_runs(http):
    assert printed("langchain_page.py", f"{http.url}/mcp", TOKENS["ann"]) == "Done.\n"
