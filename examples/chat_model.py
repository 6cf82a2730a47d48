"""The chat model of the examples: whichever the environment names, or an offline stand-in."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult

__all__ = ["MODEL_VARIABLE", "OfflineStandIn", "configured_model"]

#: Such as ``openai:gpt-5.1``, ``anthropic:claude-sonnet-4-5`` or ``ollama:qwen2.5vl``.
MODEL_VARIABLE = "PEKIT_CHAT_MODEL"

_STRING = r'"(?:[^"\\]|\\.)*"'
_NAME = r"(?P<name>[A-Z][\w'-]*(?: [A-Z][\w'-]*)*)"
_REST = r"[.!]?\s*(?P<context>.*)"
_INTRODUCTIONS = (
    re.compile(rf"[Tt]his is {_NAME}, my (?P<category>[\w -]+){_REST}", re.DOTALL),
    re.compile(rf"[Tt]his is my (?P<category>[\w -]+?),? {_NAME}{_REST}", re.DOTALL),
)
_FORGET = re.compile(r"(?:[Pp]lease )?[Ff]orget (?P<name>.+?)[.!]?")
_LIST = re.compile(r".*(?:what do you (?:know|remember)|list my things).*", re.IGNORECASE)
_SENTENCE = re.compile(r"^The (?:entity|entities) in the .*", re.MULTILINE)
_CLAUSE = re.compile(
    rf"(called|may be) ({_STRING}(?: or {_STRING})*)( or (?:another one|others) that)?"
)
_NOTE = re.compile(rf"^- About {_STRING}: ({_STRING})$", re.MULTILINE)


def configured_model() -> BaseChatModel:
    """Return the model that ``PEKIT_CHAT_MODEL`` names, else the offline stand-in."""
    name = os.environ.get(MODEL_VARIABLE)
    return init_chat_model(name) if name else OfflineStandIn()


class OfflineStandIn(BaseChatModel):
    """No language model: a few rules in its place, so that an example runs without one.

    It sees no picture and understands three sentences: "This is my motorcycle Ruby.", "What do
    you know?" and "Forget Ruby.". Asked about a photo, it repeats which names stand in the
    instruction that came with it, and asks about what only may be the user's own. Each of its
    replies says what it is.
    """

    has_tools: bool = False

    @property
    def _llm_type(self) -> str:
        return "offline-stand-in"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> OfflineStandIn:
        """Return a stand-in that calls tools; its rules know their names."""
        del tools, kwargs
        return OfflineStandIn(has_tools=True)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        del stop, run_manager, kwargs
        last = messages[-1]
        words = _words(last)
        replying = isinstance(last, ToolMessage)
        if self.has_tools and not replying and (call := _call(words[0])) is not None:
            message = AIMessageChunk(content="", tool_call_chunks=[call])
            yield ChatGenerationChunk(message=message)
            return
        said = last.text if replying else _seen("\n".join(words[1:]))
        for word in re.findall(r"\S+\s*", f"(Offline stand-in) {said}"):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))


def _words(message: BaseMessage) -> list[str]:
    """Return the texts of a message: the user's own first, then those of its pictures."""
    if isinstance(message.content, str):
        return [message.content]
    blocks = [block for block in message.content if isinstance(block, dict)]
    return [block["text"] for block in blocks if block.get("type") == "text"] or [""]


def _call(said: str) -> ToolCallChunk | None:
    said = said.strip()
    for introduction in _INTRODUCTIONS:
        if found := introduction.fullmatch(said):
            return _tool_call("remember_object", found.groupdict())
    if found := _FORGET.fullmatch(said):
        return _tool_call("forget_personal_object", found.groupdict())
    return _tool_call("list_personal_objects", {}) if _LIST.fullmatch(said) else None


def _tool_call(name: str, arguments: dict[str, str]) -> ToolCallChunk:
    return tool_call_chunk(name=name, args=json.dumps(arguments), id=uuid.uuid4().hex, index=0)


def _seen(instructions: str) -> str:
    """Return what the instructions that came with pictures say."""
    sentences = _SENTENCE.findall(instructions)
    if not sentences:
        return "Nothing that you have introduced was recognised here."
    lines = [re.sub(rf" \(category: {_STRING}\)", "", line) for line in sentences]
    said = [sentence for line in lines for sentence in _named(line)]
    notes = [json.loads(note) for note in _NOTE.findall(instructions)]
    return " ".join(dict.fromkeys([*said, *(f"You told me: {note}" for note in notes)]))


def _named(introduction: str) -> list[str]:
    """Return what is certain in one sentence, and a sentence for each thing that is not."""
    certain: list[str] = []
    others: list[str] = []
    for verb, quoted, unknown in _CLAUSE.findall(introduction):
        names = [json.loads(name) for name in re.findall(_STRING, quoted)]
        if verb == "called":
            certain += names
        elif unknown:
            others.append(f"Is this {' or '.join(names)}?")
        else:
            others.append(f"This may be {' or '.join(names)}.")
    return [*([f"This is {', '.join(dict.fromkeys(certain))}."] if certain else []), *others]
