"""Answers from any LangChain chat model.

The model's own errors, retries, fallbacks and callbacks stay LangChain's and pass untouched.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from pekit_agents.answering.pictures import JPEG, MAX_SIDE, to_jpeg
from pekit_agents.answering.replies import require_text
from pekit_agents.errors import MissingDependency

try:
    from langchain_core.messages import BaseMessage, HumanMessage
except ImportError as exc:
    raise MissingDependency(
        'LangChain is not installed; type: pip install "pekit-agents[langchain]"'
    ) from exc

if TYPE_CHECKING:
    from langchain_core.language_models import LanguageModelInput
    from langchain_core.runnables import Runnable

    from pekit_agents.types import RGBImage

__all__ = ["LangChainAnswerModel"]


class LangChainAnswerModel:
    """Asks a chat model with one user message: the picture, then the text.

    The picture is a standard content block, which LangChain translates for each provider.

    Args:
        chat_model: A ``BaseChatModel``, or what its ``bind``, ``with_retry``, ``with_config``
            and ``with_fallbacks`` return.
        max_side: Larger pictures are shrunk to this longer side in pixels.
    """

    def __init__(
        self, chat_model: Runnable[LanguageModelInput, Any], *, max_side: int = MAX_SIDE
    ) -> None:
        self._chat_model = chat_model
        self._max_side = max_side

    def answer(self, image: RGBImage | None, text: str) -> str:
        """Return the model's answer.

        Raises:
            ModelError: The model answered without text.
        """
        return self._text(self._chat_model.invoke([self._message(image, text)]))

    async def aanswer(self, image: RGBImage | None, text: str) -> str:
        """Return the model's answer without blocking the event loop.

        Raises:
            ModelError: The model answered without text.
        """
        return self._text(await self._chat_model.ainvoke([self._message(image, text)]))

    def _message(self, image: RGBImage | None, text: str) -> HumanMessage:
        content: list[str | dict[str, Any]] = [{"type": "text", "text": text}]
        if image is not None:
            data = base64.b64encode(to_jpeg(image, self._max_side)).decode("ascii")
            content.insert(0, {"type": "image", "base64": data, "mime_type": JPEG})
        return HumanMessage(content)

    def _text(self, reply: object) -> str:
        who = type(self._chat_model).__name__
        if not isinstance(reply, BaseMessage):
            return require_text(reply, who)  # a chain that ends in a StrOutputParser
        metadata = reply.response_metadata
        reason = metadata.get("finish_reason") or metadata.get("stop_reason")
        return require_text(str(reply.text), who, reason=reason)
