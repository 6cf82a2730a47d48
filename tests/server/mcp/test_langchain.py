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

pytestmark = pytest.mark.slow  # starts a process

ROOT = Path(__file__).parents[3]
PYTHON = Path(os.environ.get("PEKIT_MCP1_PYTHON", ROOT / ".venv-mcp1" / "bin" / "python"))
SCRIPT = Path(__file__).with_name("langchain_agent.py")


@pytest.mark.skipif(
    not PYTHON.exists(),
    reason=f"no environment with langchain-mcp-adapters at {PYTHON}: make .venv-mcp1/.made",
)
def test_an_agent_of_an_older_protocol_remembers_and_finds(http):
    red = base64.b64encode(photo("red")).decode()
    done = subprocess.run(
        [PYTHON, SCRIPT, f"{http.url}/mcp", TOKENS["ann"], red],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["tools"] == [*VERBS, "add_photo", "ask_for_photo"]
    assert told["answer"] == "There is Biscuit."
    assert told["results"][2] == ["text", "image"]
    assert 'Remembered from 1 photo: "Biscuit"' in told["words"][1]
    assert '"Biscuit" (category "dog"): middle left, box' in told["words"][2]
    structured = told["records"][2]["structured_content"]
    assert [match["name"] for match in structured["matches"]] == ["Biscuit"]
    assert '"Biscuit" (category "dog")' in told["prompt"]
