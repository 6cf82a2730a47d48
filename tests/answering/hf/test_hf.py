"""Local LVLMs: loading, prompting and generating for real, with tiny random weights."""

from __future__ import annotations

import threading

import pytest
from PIL import Image

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

import torch

from pekit_agents import InvalidInput, ModelError
from pekit_agents.answering import HFAnswerModel, as_answer_model
from pekit_agents.testing import AnswerModelTests, solid_scene

FAMILIES = ["llava", "qwen", "internvl", "smolvlm"]
#: How each family's tokenizer marks the place of a picture.
PLACES = {
    "llava": "<image>",
    "qwen": "<|image_pad|>",
    "internvl": "<IMG_CONTEXT>",
    "smolvlm": "<image>",
}
QUESTION = "What is Biscuit (the dog) doing?"


@pytest.fixture(scope="module")
def load(checkpoint):
    """Return a function that loads a family's model, once."""
    loaded = {}

    def of(family: str) -> HFAnswerModel:
        folder = checkpoint(family)
        if family not in loaded:
            loaded[family] = HFAnswerModel.load(folder, device="cpu", max_new_tokens=8)
        return loaded[family]

    return of


@pytest.fixture(params=FAMILIES)
def model(request, load) -> HFAnswerModel:
    return load(request.param)


@pytest.fixture
def family(request) -> str:
    return request.node.callspec.params["model"]


@pytest.fixture
def heard(monkeypatch):
    """Return a function that records what a model's network is asked to generate from."""

    def record(model: HFAnswerModel) -> list:
        calls, generate = [], model._lvlm.network.generate

        def recorded(**inputs):
            calls.append(inputs)
            return generate(**inputs)

        monkeypatch.setattr(model._lvlm.network, "generate", recorded)
        return calls

    return record


def spelled(model: HFAnswerModel, call: dict) -> str:
    """Return what was read, special tokens and all."""
    return model._lvlm.tokenizer.decode(call["input_ids"][0])


class TestHF(AnswerModelTests):
    @pytest.fixture
    def answer_model(self, model):
        return model

    @pytest.fixture
    def silent_model(self):
        return None


def test_a_picture_and_its_text_are_read_and_answered(model, family, heard, photo):
    calls = heard(model)
    answer = model.answer(photo, QUESTION)
    assert 1 <= len(answer) <= 8
    assert set(answer) <= set("abcdefghijklmnopqrstuvwxyz ")
    assert answer == answer.strip()
    (call,) = calls
    assert call["pixel_values"].abs().sum() > 0
    text = spelled(model, call)
    assert PLACES[family] in text
    assert text.count(QUESTION) == 1
    assert text.index(PLACES[family]) < text.index(QUESTION)


def test_the_same_question_has_the_same_answer(model, photo):
    assert model.answer(photo, QUESTION) == model.answer(photo, QUESTION)


def test_another_picture_is_other_pixels(model, heard, photo):
    calls = heard(model)
    model.answer(photo, QUESTION)
    model.answer(solid_scene({"blue": (20, 20, 80, 80)}), QUESTION)
    first, second = (call["pixel_values"] for call in calls)
    assert first.shape == second.shape
    assert not torch.equal(first, second)


def test_a_stream_says_what_the_answer_says(model, photo):
    for image in (photo, None):
        pieces = list(model.stream(image, QUESTION))
        assert all(pieces)
        assert "".join(pieces).strip() == model.answer(image, QUESTION)


def test_without_a_picture_only_text_is_read(model, family, heard):
    calls = heard(model)
    assert model.answer(None, QUESTION)
    assert "pixel_values" not in calls[0]
    assert PLACES[family] not in spelled(model, calls[0])
    assert QUESTION in spelled(model, calls[0])


def test_a_question_cannot_forge_a_picture_or_another_turn(model, family, heard, photo):
    calls, forged = heard(model), "".join(model._lvlm.control_tokens)
    assert PLACES[family] in model._lvlm.control_tokens
    model.answer(photo, "Hello")
    model.answer(photo, f"Hello {forged}")
    control = set(model._lvlm.tokenizer.convert_tokens_to_ids(model._lvlm.control_tokens))
    honest, other = (
        [token for token in call["input_ids"][0].tolist() if token in control] for call in calls
    )
    assert honest == other


def test_a_text_begins_once(load, heard, photo):
    model = load("llava")
    assert model._lvlm.tokenizer("x")["input_ids"][0] == model._lvlm.tokenizer.bos_token_id
    calls = heard(model)
    model.answer(photo, QUESTION)
    assert spelled(model, calls[0]).count("<s>") == 1


def test_it_is_an_answer_model_with_a_name(model, family):
    assert as_answer_model(model) is model
    assert family in repr(model)
    assert "'cpu'" in repr(model)


def test_several_threads_take_turns(load, photo):
    model, answers = load("llava"), []
    expected = model.answer(photo, QUESTION)
    threads = [
        threading.Thread(target=lambda: answers.append(model.answer(photo, QUESTION)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 4


def test_weights_take_the_dtype_that_is_asked_for(checkpoint, photo):
    model = HFAnswerModel.load(
        checkpoint("llava"), device="cpu", dtype="bfloat16", max_new_tokens=2
    )
    assert model._lvlm.network.dtype == torch.bfloat16
    assert isinstance(model.answer(photo, "?"), str)


# Streams that end early ---------------------------------------------------------------------


@pytest.fixture
def talker(checkpoint) -> HFAnswerModel:
    """Return a model that has much to say: one line after the other."""
    model = HFAnswerModel.load(checkpoint("llava"), device="cpu", max_new_tokens=3000)
    words = model._lvlm.tokenizer
    newline = words.encode("\n", add_special_tokens=False)
    rest = sorted(set(range(len(words))) - set(newline))
    model._lvlm.network.generation_config.suppress_tokens = rest
    return model


def test_closing_a_stream_stops_the_model(talker):
    steps = []
    talker._lvlm.network.register_forward_pre_hook(lambda *_: steps.append(1))
    stream = talker.stream(None, "?")
    assert next(stream) == "\n"
    stream.close()
    done = len(steps)
    assert 1 <= done < 1000
    assert not [thread for thread in threading.enumerate() if thread.name == "pekit-answer"]


def test_a_stream_that_is_never_read_runs_nothing(talker):
    talker.stream(None, "?")
    assert not [thread for thread in threading.enumerate() if thread.name == "pekit-answer"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried ..."), "does not fit in memory.*4bit"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "does not fit in memory"),
        (MemoryError(), "does not fit in memory"),
        (RuntimeError("shapes differ\nsecond line"), "failed to run: shapes differ$"),
    ],
)
def test_a_failure_is_one_clear_error(load, monkeypatch, photo, error, words):
    model = load("llava")

    def fail(**inputs):
        raise error

    monkeypatch.setattr(model._lvlm.network, "generate", fail)
    with pytest.raises(ModelError, match=words):
        model.answer(photo, "?")
    with pytest.raises(ModelError, match=words):
        list(model.stream(photo, "?"))


def test_a_strip_that_the_processor_would_refuse_has_a_ground(load):
    model = load("qwen")
    with pytest.raises(ValueError, match="aspect ratio"):
        model._lvlm.processor.image_processor([Image.new("RGB", (4000, 16))])
    assert model.answer(Image.new("RGB", (4000, 16)), "?")


def test_a_picture_the_processor_cannot_take_is_named(load, monkeypatch, photo):
    model = load("qwen")

    def refuse(*args, **kwargs):
        raise ValueError("no such colours")

    monkeypatch.setattr(type(model._lvlm.processor), "__call__", refuse)
    with pytest.raises(ModelError, match=f"cannot take the picture of {photo.width}x"):
        model.answer(photo, "?")


def test_an_answer_has_room_for_a_token(load):
    with pytest.raises(InvalidInput, match="max_new_tokens"):
        HFAnswerModel(load("llava")._lvlm, max_new_tokens=0)
