"""``AnswerModelTests``: what every answer model must pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from pekit_agents.errors import ModelError
from pekit_agents.protocols import AnswerModel
from pekit_agents.testing.photos import fingerprint, odd_photos

if TYPE_CHECKING:
    from pekit_agents.types import FloatArray, RGBImage

__all__ = ["AnswerModelTests"]

_APART = 10.0  # of 255: what a strong compression changes is half of it
_QUESTION = "What is in the picture?"


class AnswerModelTests:
    """What every answer model must pass, see :class:`~pekit_agents.protocols.AnswerModel`.

    A class that inherits it has a fixture ``answer_model``::

        class TestMyModel(AnswerModelTests):
            @pytest.fixture
            def answer_model(self):
                return MyModel()

    and a fixture ``silent_model``: one whose LVLM returns no text, or None where that cannot be
    had. Where the test can know what reached the LVLM, the class also says it in :meth:`received`.
    """

    def received(self) -> tuple[RGBImage | None, str] | None:
        """Return the picture and the words that the LVLM was last given; None where unknown."""
        return None

    def test_it_is_an_answer_model(self, answer_model: AnswerModel) -> None:
        """It has the method of the protocol."""
        assert isinstance(answer_model, AnswerModel), (
            f"expected the method answer, found {type(answer_model).__name__} without it"
        )

    def test_it_answers_about_a_picture_of_any_size(self, answer_model: AnswerModel) -> None:
        """An annotated photo is as large as the photo was."""
        for what, photo in odd_photos().items():
            _check_answer(answer_model, photo, _QUESTION, what)

    def test_it_answers_without_a_picture(self, answer_model: AnswerModel) -> None:
        """Of what is remembered it is asked in words alone."""
        _check_answer(answer_model, None, "What does Biscuit eat?", "no picture")

    def test_any_words_are_a_question(self, answer_model: AnswerModel) -> None:
        """Names are of any language, and a prompt has many lines."""
        words = 'This is "Flöckchen 🐈", my cat.\n\n' + "She eats tuna. " * 40 + "\nWas frisst sie?"
        _check_answer(answer_model, odd_photos()["one thing"], words, "many words")

    def test_the_lvlm_is_given_all_of_it(self, answer_model: AnswerModel) -> None:
        """Every word, and the picture as it looks; a smaller or a compressed one will do."""
        words = "What is this?\n" + "It stands on my desk. " * 40 + "\nWie heißt es? 🐈"
        photo = odd_photos()["two things"]
        for image in (photo, None):
            answer_model.answer(image, words)
            received = self.received()
            if received is None:
                return
            seen, text = received
            assert words in text, f"expected all words at the LVLM, found {text!r}"
            assert (seen is None) == (image is None), (
                "expected the picture at the LVLM, found none"
                if image
                else "expected no picture at the LVLM, found one"
            )
            if seen is not None:
                apart = np.abs(_glance(seen) - _glance(photo)).mean()
                assert apart < _APART, (
                    f"expected the picture at the LVLM, found one of {seen.size} that differs by "
                    f"{apart:.0f} of 255"
                )

    def test_the_picture_is_left_as_it_was(self, answer_model: AnswerModel) -> None:
        """Others look at it, too."""
        for what, photo in odd_photos().items():
            before = fingerprint(photo)
            answer_model.answer(photo, _QUESTION)
            assert fingerprint(photo) == before, f"expected the picture unchanged: {what}"

    def test_no_text_is_an_error(self, silent_model: AnswerModel | None) -> None:
        """An empty answer would be taken for one."""
        if silent_model is None:
            return
        try:
            found = silent_model.answer(odd_photos()["one thing"], _QUESTION)
        except ModelError:
            return
        raise AssertionError(f"expected a ModelError where there is no text, found {found!r}")


def _glance(image: RGBImage) -> FloatArray:
    """Return (12, 16, 3) float32 means of the cells of a picture."""
    return np.asarray(image.resize((16, 12), Image.Resampling.BOX), np.float32)


def _check_answer(model: AnswerModel, image: RGBImage | None, text: str, what: str) -> None:
    found = model.answer(image, text)
    assert isinstance(found, str), f"expected a text, found {found!r}: {what}"
    assert found.strip(), f"expected words, found none: {what}"
