"""``describe``: what the LVLM is given with sightings, without, and without a picture."""

from __future__ import annotations

import dataclasses

import pytest

from pekit_agents import InvalidInput, PeKit
from pekit_agents.answering.answer import Answer
from pekit_agents.testing import fake_profile, graded_profile, solid_scene

PLAIN = "Describe this picture."


@pytest.fixture
def kit(tmp_path) -> PeKit:
    kit = PeKit.open(tmp_path, profile=fake_profile(), user_id="ann")
    red, blue = (
        solid_scene({"red": (20, 20, 80, 80)}),
        solid_scene({"blue": (20, 20, 80, 80)}),
    )
    kit.remember("Biscuit", red, category="dog", context="Eats shoes.")
    kit.remember("Morning cup", blue, category="mug", context="")
    return kit


class Listener:
    """Answers the same and keeps what it was given."""

    def __init__(self) -> None:
        self.heard = []

    def answer(self, image, text):
        self.heard.append((image, text))
        return "It is asleep."


def test_with_a_sighting_the_model_gets_the_annotated_picture_and_the_instruction(kit, photo):
    listener = Listener()
    answer = kit.describe(photo, "What is Biscuit doing?", answerer=listener)
    ((image, text),) = listener.heard
    assert isinstance(answer, Answer)
    assert str(answer) == answer.text == "It is asleep."
    assert [match.object.name for match in answer.finding.matches] == ["Biscuit"]
    assert image is answer.prompt.image
    assert image.tobytes() != photo.tobytes()
    assert answer.finding.image.tobytes() == photo.tobytes()
    assert text == answer.prompt.text == kit.prompt(photo, "What is Biscuit doing?").text
    assert '"Eats shoes."' in text
    assert text.endswith("\n\nWhat is Biscuit doing?")


def test_without_a_sighting_the_model_gets_the_plain_picture_and_the_bare_question(kit):
    listener, stranger = Listener(), solid_scene({"green": (20, 20, 80, 80)})
    answer = kit.describe(stranger, "What is Biscuit doing?", answerer=listener)
    ((image, text),) = listener.heard
    assert text == "What is Biscuit doing?"
    assert image.tobytes() == stranger.tobytes()
    assert answer.finding.matches == answer.prompt.matches == ()


def test_without_a_question_it_is_a_caption(kit, photo):
    listener = Listener()
    kit.describe(photo, answerer=listener)
    kit.describe(solid_scene({}), answerer=listener)
    (_, personal), (_, plain) = listener.heard
    assert 'Write a caption for this picture: say what "Biscuit"' in personal
    assert plain == PLAIN


def test_what_find_returned_is_not_searched_again(kit, photo, monkeypatch):
    finding = kit.find(photo)
    monkeypatch.setattr(kit, "find", None)
    assert kit.describe(finding, "?", answerer=Listener()).finding is finding


def test_without_a_picture_the_question_is_answered_from_the_stored_context(kit):
    listener = Listener()
    answer = kit.describe(None, "What does biscuit eat?", answerer=listener)
    ((image, text),) = listener.heard
    assert image is None
    assert (answer.prompt, answer.finding) == (text, None)
    assert '- "Biscuit" (category: "dog"): "Eats shoes."' in text
    assert "Morning cup" not in text
    assert text.endswith("\n\nWhat does biscuit eat?")


def test_without_a_picture_and_a_name_the_question_stays_bare(kit):
    listener = Listener()
    kit.describe(None, "Why is the sky blue?", answerer=listener)
    assert listener.heard == [(None, "Why is the sky blue?")]


def test_other_users_objects_are_not_told(kit, tmp_path):
    bob, listener = PeKit.open(tmp_path, profile=fake_profile(), user_id="bob"), Listener()
    bob.describe(None, "What does Biscuit eat?", answerer=listener)
    words = 'Nothing is remembered that is called "Biscuit".\n\nWhat does Biscuit eat?'
    assert listener.heard == [(None, words)]


@pytest.mark.parametrize("question", ["", " \n"])
def test_neither_photo_nor_question_is_refused(kit, question):
    with pytest.raises(InvalidInput, match="a photo, a question or both"):
        kit.describe(None, question, answerer=Listener())


def test_what_cannot_answer_is_refused_before_the_photo_is_searched(kit, photo, monkeypatch):
    monkeypatch.setattr(kit, "find", None)
    with pytest.raises(InvalidInput, match="found int"):
        kit.describe(photo, "?", answerer=3)


def test_switching_the_model_is_one_argument(kit, photo):
    answers = [
        kit.describe(photo, "?", answerer=answerer).text
        for answerer in (Listener(), lambda image, text: f"{image.size}")
    ]
    assert answers == ["It is asleep.", "(160, 120)"]


def test_an_answer_is_a_frozen_record_that_json_can_hold(kit, photo):
    answer = kit.describe(photo, "?", answerer=Listener())
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.text = "else"
    record = answer.to_dict()
    assert list(record) == ["text", "prompt", "matches", "possible"]
    assert (record["text"], record["prompt"]) == ("It is asleep.", answer.prompt.text)
    assert [match["name"] for match in record["matches"]] == ["Biscuit"]
    assert record["possible"] == []
    bare = kit.describe(None, "Hello?", answerer=Listener()).to_dict()
    assert bare == {"text": "It is asleep.", "prompt": "Hello?", "matches": [], "possible": []}


def test_an_answer_tells_what_was_possible(tmp_path):
    kit = PeKit.open(tmp_path / "graded", profile=graded_profile())
    kit.remember("Biscuit", solid_scene({"red": (20, 20, 80, 80)}), category="dog")
    listener = Listener()
    answer = kit.describe(
        solid_scene({"pale red": (20, 20, 80, 80)}), "Who is it?", answerer=listener
    )
    assert 'may be "Biscuit"' in listener.heard[0][1]
    assert answer.to_dict()["matches"] == []
    assert [match["name"] for match in answer.to_dict()["possible"]] == ["Biscuit"]
