"""Whatever one has becomes an answer model: the reason why switching is one argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pekit_agents.answering.replies import require_text
from pekit_agents.errors import InvalidInput
from pekit_agents.protocols import AnswerModel

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["FunctionAnswerModel", "as_answer_model"]

_ACCEPTED = (
    "expected an object with answer(image, text), a LangChain chat model, a LlamaIndex LLM or a "
    "function of (image, text)"
)


class FunctionAnswerModel:
    """Answers come from a plain function.

    Args:
        function: Called with the picture (or None) and the text; returns the answer.
    """

    def __init__(self, function: Callable[[RGBImage | None, str], str]) -> None:
        self._function = function

    def answer(self, image: RGBImage | None, text: str) -> str:
        """Return what the function answers.

        Raises:
            ModelError: It returned something other than text.
        """
        who = getattr(self._function, "__name__", type(self._function).__name__)
        return require_text(self._function(image, text), who)


def as_answer_model(source: Any) -> AnswerModel:
    """Return an answer model made of whatever can answer.

    Args:
        source: An :class:`~pekit_agents.protocols.AnswerModel`, which is returned itself; a
            LangChain chat model, also one wrapped by ``with_retry`` and the like; a LlamaIndex
            LLM; or a function of (picture or None, text) that returns text.

    Raises:
        InvalidInput: It is none of these.
    """
    if isinstance(source, type):
        raise InvalidInput(f"{_ACCEPTED}, found the class {source.__name__}; make one first")
    if isinstance(source, AnswerModel):
        return source
    if _inherits(source, "langchain_core.runnables.base", "Runnable"):
        return _from_langchain(source)
    if _inherits(source, "llama_index.core.base.llms.base", "BaseLLM"):
        from pekit_agents.answering.llama_index import LlamaIndexAnswerModel

        return LlamaIndexAnswerModel(source)
    if callable(source):
        return FunctionAnswerModel(source)
    raise InvalidInput(f"{_ACCEPTED}, found {_described(source)}")


def _from_langchain(source: Any) -> AnswerModel:
    if _inherits(source, "langchain_core.language_models.llms", "BaseLLM"):
        raise InvalidInput(
            f"{_ACCEPTED}, found the text-completion model {type(source).__name__}, which cannot "
            "see pictures; take the chat model of the same provider"
        )
    from pekit_agents.answering.langchain import LangChainAnswerModel

    return LangChainAnswerModel(source)


def _inherits(source: object, module: str, name: str) -> bool:
    """Tell a framework's object by its class's ancestry: no framework has to be imported."""
    return any(cls.__module__ == module and cls.__name__ == name for cls in type(source).__mro__)


def _described(source: object) -> str:
    if isinstance(source, str):
        return (
            f"the text {source!r:.80}; for a model's id or folder pass HFAnswerModel.load(...), "
            "for a server OpenAIAnswerModel(...), both from pekit_agents.answering"
        )
    return type(source).__name__
