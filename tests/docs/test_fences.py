"""The Python in README.md and docs/ runs as it stands there, and prints what it says it prints.

Fences of one file run in order and share their names. A ``text`` fence right after one is what it
prints. The only stand-in is the chat model, because a real one needs a key.
"""

import contextlib
import io
import itertools
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _fences(page):
    """Return (language, code, line) of each fence."""
    text = page.read_text("utf-8")
    return [
        (found[1], found[2], text.count("\n", 0, found.start()) + 2)
        for found in FENCE.finditer(text)
    ]


def _runs(page):
    """Return (code, what it prints or None, line) of each Python fence."""
    fences = [*_fences(page), ("", "", 0)]
    return [
        (code, after[1] if after[0] == "text" else None, line)
        for (language, code, line), after in itertools.pairwise(fences)
        if language == "python"
    ]


def _with_python():
    return [page for page in PAGES if _runs(page)]


@pytest.fixture
def obliging_model(monkeypatch):
    """Let ``init_chat_model`` return a model that does what a good one would."""
    chat_models = pytest.importorskip("langchain.chat_models")
    language_models = pytest.importorskip("langchain_core.language_models")
    messages_of = pytest.importorskip("langchain_core.messages")
    outputs = pytest.importorskip("langchain_core.outputs")

    class ObligingModel(language_models.BaseChatModel):
        _llm_type = "obliging"

        def bind_tools(self, tools, **kwargs):
            return self

        def _generate(self, messages, stop=None, run_manager=None, **kwargs):
            message = messages_of.AIMessage(**_reply(messages))
            return outputs.ChatResult(generations=[outputs.ChatGeneration(message=message)])

    monkeypatch.setattr(chat_models, "init_chat_model", lambda *_args, **_options: ObligingModel())


def _reply(messages):
    """Call the tool that was asked for once, then say which names were in the last message."""
    last = messages[-1].text
    call = None
    if found := re.match(r"This is (\w+), my (\w+)\.", last):
        call = ("remember_object", {"name": found[1], "category": found[2]})
    elif found := re.match(r"Please forget (\w+)\.", last):
        call = ("forget_personal_object", {"name": found[1]})
    if call and messages[-1].type == "human":
        return {"content": "", "tool_calls": [{"name": call[0], "args": call[1], "id": "call_1"}]}
    names = re.findall(r'called "([^"]+)"', last)
    return {"content": f"This is {' and '.join(names)}." if names else "Done."}


def test_there_are_fences_to_run():
    assert len(_with_python()) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("page", _with_python(), ids=lambda page: page.name)
def test_the_python_on_a_page_runs(
    page, tmp_path, monkeypatch, embedded_model, photos, obliging_model
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(os.environ, "PEKIT_MEMORY", str(tmp_path / "memory"))
    names: dict[str, object] = {"__name__": "__main__"}
    for code, expected, line in _runs(page):
        printed = io.StringIO()
        # Line numbers in a traceback are those of the page.
        compiled = compile("\n" * (line - 1) + code, str(page), "exec")
        with contextlib.redirect_stdout(printed):
            exec(compiled, names)
        if expected is not None:
            assert printed.getvalue().strip() == expected.strip(), f"{page.name}, line {line}"
