"""The public names, once, and where each comes from; ``__init__.py`` loads them from there."""

from .adapting import FunctionAnswerModel as FunctionAnswerModel
from .adapting import as_answer_model as as_answer_model
from .hf import HFAnswerModel as HFAnswerModel
from .langchain import LangChainAnswerModel as LangChainAnswerModel
from .llama_index import LlamaIndexAnswerModel as LlamaIndexAnswerModel
from .openai_compatible import OpenAIAnswerModel as OpenAIAnswerModel
