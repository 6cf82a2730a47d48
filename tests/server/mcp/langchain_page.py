"""``python langchain_page.py URL TOKEN``: the LangChain snippet of the page, as it stands there.

Only the address, the token and the chat model are others.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import langchain.chat_models
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

PAGE = Path(__file__).parents[3] / "docs" / "guides" / "mcp.md"


class ScriptedModel(GenericFakeChatModel):
    """Takes tools, and answers from its script."""

    def bind_tools(self, tools: Any, **options: Any) -> ScriptedModel:
        """Return itself."""
        assert "list_personal_objects" in [tool.name for tool in tools]
        return self


CALL = {"name": "list_personal_objects", "args": {}, "id": "call"}
SCRIPT = [AIMessage("", tool_calls=[CALL]), AIMessage("Done.")]

url, token = sys.argv[1:]
(snippet,) = re.findall(r"^```py\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
for told, real in (("http://127.0.0.1:8321/mcp", url), ("Bearer ...", f"Bearer {token}")):
    assert told in snippet
    snippet = snippet.replace(told, real)
langchain.chat_models.init_chat_model = lambda _: ScriptedModel(messages=iter(SCRIPT))
exec(compile(snippet, str(PAGE), "exec"), {"__name__": "__main__"})
