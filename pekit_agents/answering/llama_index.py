"""Answers from any LlamaIndex LLM that takes pictures.

The model's own errors and retries stay LlamaIndex's and pass untouched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pekit_agents.answering.pictures import JPEG, MAX_SIDE, to_jpeg
from pekit_agents.answering.replies import require_text
from pekit_agents.errors import MissingDependency

try:
    from llama_index.core.llms import ChatMessage, ImageBlock, MessageRole, TextBlock
except ImportError as exc:
    raise MissingDependency(
        'LlamaIndex is not installed; type: pip install "pekit-agents[llama-index]"'
    ) from exc

if TYPE_CHECKING:
    from llama_index.core.base.llms.base import BaseLLM
    from llama_index.core.llms import ChatResponse

    from pekit_agents.types import RGBImage

__all__ = ["LlamaIndexAnswerModel"]


class LlamaIndexAnswerModel:
    """Asks an LLM with one user message: an image block, then a text block.

    LlamaIndex does not say whether an LLM can see. One that cannot may drop the picture in
    silence, such as every ``CustomLLM`` that does not override ``chat``.

    Args:
        llm: A LlamaIndex LLM.
        max_side: Larger pictures are shrunk to this longer side in pixels.
    """

    def __init__(self, llm: BaseLLM, *, max_side: int = MAX_SIDE) -> None:
        self._llm = llm
        self._max_side = max_side

    def answer(self, image: RGBImage | None, text: str) -> str:
        """Return the model's answer.

        Raises:
            ModelError: The model answered without text.
        """
        return self._text(self._llm.chat([self._message(image, text)]))

    async def aanswer(self, image: RGBImage | None, text: str) -> str:
        """Return the model's answer without blocking the event loop.

        Raises:
            ModelError: The model answered without text.
        """
        return self._text(await self._llm.achat([self._message(image, text)]))

    def _message(self, image: RGBImage | None, text: str) -> ChatMessage:
        blocks: list[ImageBlock | TextBlock] = [TextBlock(text=text)]
        if image is not None:
            jpeg = to_jpeg(image, self._max_side)
            blocks.insert(0, ImageBlock(image=jpeg, image_mimetype=JPEG))
        return ChatMessage(role=MessageRole.USER, blocks=blocks)

    def _text(self, reply: ChatResponse) -> str:
        return require_text(reply.message.content or "", type(self._llm).__name__)
