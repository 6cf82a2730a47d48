"""Whatever one has becomes an answer model, and nothing is imported for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pekit_agents import InvalidInput, ModelError, answering
from pekit_agents.answering import FunctionAnswerModel, as_answer_model
from pekit_agents.protocols import AnswerModel


class Parrot:
    def answer(self, image, text):
        return f"{None if image is None else image.size}: {text}"


def test_an_answer_model_stays_itself():
    parrot = Parrot()
    assert isinstance(parrot, AnswerModel)
    assert as_answer_model(parrot) is parrot


def test_a_function_answers(photo):
    model = as_answer_model(lambda image, text: f"{image and image.size} {text}")
    assert isinstance(model, FunctionAnswerModel)
    assert model.answer(photo, "where?") == "(160, 120) where?"
    assert model.answer(None, "where?") == "None where?"


@pytest.mark.parametrize(
    ("reply", "found"), [(None, "NoneType"), (b"x", "bytes"), (" \n", "no text")]
)
def test_a_function_that_gives_no_text_is_a_model_error(reply, found):
    def broken(image, text):
        return reply

    with pytest.raises(ModelError, match=f"from broken, found {found}"):
        as_answer_model(broken).answer(None, "?")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("gpt-9", r"'gpt-9'.*HFAnswerModel\.load"),
        (None, "found NoneType"),
        (3, "found int"),
        (Parrot, "the class Parrot; make one first"),
    ],
)
def test_what_cannot_answer_is_refused(source, words):
    with pytest.raises(InvalidInput, match=words):
        as_answer_model(source)


def test_every_public_name_is_listed_and_an_unknown_one_is_an_attribute_error():
    assert dir(answering) == sorted(answering.__all__)
    with pytest.raises(AttributeError, match=r"No pekit_agents\.answering attribute nothing"):
        answering.nothing  # noqa: B018


def test_choosing_an_adapter_loads_no_framework():
    code = (
        "import json, sys\n"
        "from pekit_agents.answering import as_answer_model\n"
        "as_answer_model(lambda image, text: text).answer(None, '?')\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    loaded = json.loads(subprocess.check_output([sys.executable, "-c", code]))
    heavy = {"torch", "transformers", "langchain_core", "llama_index", "httpx2", "httpx", "PIL"}
    assert not heavy & set(loaded)


@pytest.mark.parametrize(
    ("name", "missing", "extra"),
    [
        ("HFAnswerModel", "transformers", "hf"),
        ("LangChainAnswerModel", "langchain_core", "langchain"),
        ("LlamaIndexAnswerModel", "llama_index", "llama-index"),
        ("OpenAIAnswerModel", "httpx2", "endpoint"),
    ],
)
def test_a_missing_framework_is_one_line_to_type(name, missing, extra):
    code = (
        "import sys\n"
        f"sys.modules[{missing!r}] = None\n"
        "import pekit_agents.answering as answering\n"
        "from pekit_agents import MissingDependency\n"
        "try:\n"
        f"    answering.{name}\n"
        "except MissingDependency as exc:\n"
        "    print(exc)\n"
    )
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert f'pip install "pekit-agents[{extra}]"' in said
