"""Answers from any LVLM (paper 3.4): one adapter a file, chosen by one argument.

Importing this package loads no framework: an adapter's class is loaded when it is first named.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pekit_agents.answering.adapting import FunctionAnswerModel, as_answer_model

if TYPE_CHECKING:
    from pekit_agents.answering.hf import HFAnswerModel
    from pekit_agents.answering.langchain import LangChainAnswerModel
    from pekit_agents.answering.llama_index import LlamaIndexAnswerModel
    from pekit_agents.answering.openai_compatible import OpenAIAnswerModel

__all__ = [
    "FunctionAnswerModel",
    "HFAnswerModel",
    "LangChainAnswerModel",
    "LlamaIndexAnswerModel",
    "OpenAIAnswerModel",
    "as_answer_model",
]

_HOME_OF = {
    "HFAnswerModel": "hf",
    "LangChainAnswerModel": "langchain",
    "LlamaIndexAnswerModel": "llama_index",
    "OpenAIAnswerModel": "openai_compatible",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
