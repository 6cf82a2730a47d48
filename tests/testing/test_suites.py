"""The suites that adapters inherit find each broken promise, and say what was expected."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps

from pekit_agents.testing import (
    AnswerModelTests,
    ColourEncoder,
    EncoderTests,
    odd_photos,
    solid_scene,
)
from tests.testing.broken import (
    CALLS,
    broken,
    kept_by_object,
    promises,
    scribbling,
    together,
)


def encoder(**methods):
    return type("Broken", (ColourEncoder,), methods)()


def grids(change):
    """Return an encoder that changes each grid of the fake one."""
    return encoder(encode=lambda self, images: change(ColourEncoder().encode(images)))


def normalized(change):
    return encoder(normalize=lambda self, vectors: change(ColourEncoder().normalize(vectors)))


COVERS = "test_a_grid_covers_its_photo_edge_to_edge"


def looking_at(part):
    """Return an encoder that sees each photo as a processor of its own makes it."""
    return encoder(encode=lambda self, images: ColourEncoder().encode([part(i) for i in images]))


def one_buffer(self, images):
    """Encode into the memory of the call before."""
    kept = self.__dict__.setdefault("kept", {})
    for place, grid in enumerate(ColourEncoder().encode(images)):
        kept.setdefault((place, grid.shape), np.empty_like(grid))[:] = grid
    return [kept[place, g.shape] for place, g in enumerate(ColourEncoder().encode(images))]


BROKEN_ENCODERS = {
    "no dim": (
        type("NoDim", (), {"id": "x", "encode": None, "normalize": None})(),
        "test_it_is_an_encoder",
    ),
    "no id": (encoder(id="", __init__=lambda self: setattr(self, "dim", 4)),
              "test_its_id_and_length_are_fixed"),
    "another id each time": (
        encoder(id=property(lambda self: str(next(CALLS)), lambda self, name: None)),
        "test_its_id_and_length_are_fixed",
    ),
    "columns first": (
        grids(lambda all: [g.transpose(1, 0, 2) for g in all]), COVERS,
    ),
    "mirrored": (grids(lambda all: [g[:, ::-1] for g in all]), COVERS),
    "upside down": (grids(lambda all: [g[::-1] for g in all]), COVERS),
    "the same everywhere": (
        grids(lambda all: [np.broadcast_to(g.mean(axis=(0, 1)), g.shape) for g in all]), COVERS,
    ),
    "of the middle": (looking_at(lambda photo: ImageOps.fit(photo, [min(photo.size)] * 2)), COVERS),
    "with a margin": (looking_at(lambda photo: ImageOps.pad(photo, [max(photo.size)] * 2)), COVERS),
    "written over": (encoder(encode=one_buffer), "test_a_grid_is_left_as_it_was_by_the_next_call"),
    "kept by object": (
        encoder(encode=kept_by_object(lambda photo: ColourEncoder().encode([photo])[0])),
        "test_a_photo_is_known_by_what_it_shows",
    ),
    "of another's photo": (
        encoder(encode=together(lambda photo: ColourEncoder().encode([photo]))),
        "test_threads_may_share_it",
    ),
    "nothing is None": (
        encoder(encode=lambda self, images: ColourEncoder().encode(images) or None),
        "test_no_photos_have_no_grids",
    ),
    "doubles": (grids(lambda all: [g.astype(float) for g in all]), "test_every_photo_has_a_grid"),
    "flat": (grids(lambda all: [g.reshape(-1, 4) for g in all]), "test_every_photo_has_a_grid"),
    "another length": (grids(lambda all: [g[..., :3] for g in all]), "test_every_photo_has_a_grid"),
    "not finite": (grids(lambda all: [g * np.nan for g in all]), "test_every_photo_has_a_grid"),
    "in another order": (
        grids(lambda all: all[::-1]), "test_a_batch_gives_what_each_photo_gives_alone",
    ),
    "as large as the batch": (
        grids(lambda all: [g * len(all) for g in all]),
        "test_a_batch_gives_what_each_photo_gives_alone",
    ),
    "never twice the same": (
        grids(lambda all: [g + next(CALLS) for g in all]),
        "test_a_photo_gives_the_same_whenever_it_is_seen",
    ),
    "writes": (
        encoder(
            encode=lambda self, images: [scribbling(i) for i in images]
            and ColourEncoder().encode(images)
        ),
        "test_photos_are_left_as_they_were",
    ),
    "long vectors": (normalized(lambda all: all * 2), "test_vectors_are_of_unit_length"),
    "double vectors": (
        normalized(lambda all: all.astype(float)), "test_vectors_are_of_unit_length",
    ),
    "by the batch": (
        encoder(normalize=lambda self, v: ColourEncoder().normalize(v - v.mean(axis=0) + 1)),
        "test_a_vector_depends_on_its_own_features_only",
    ),
    "in place": (
        encoder(normalize=lambda self, v: np.divide(v, np.linalg.norm(v, axis=1)[:, None], out=v)),
        "test_features_are_left_as_they_were",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("tool", "test"), BROKEN_ENCODERS.values(), ids=BROKEN_ENCODERS)
def test_an_encoder_that_breaks_a_promise_fails(tool, test):
    broken(EncoderTests, test, tool)


def answering(reply):
    return type("Answering", (), {"answer": lambda self, image, text: reply(image, text)})()


BROKEN_ANSWERS = {
    "no method": (object(), "test_it_is_an_answer_model"),
    "bytes": (answering(lambda image, text: b"x"), "test_it_answers_about_a_picture_of_any_size"),
    "only of pictures": (
        answering(lambda image, text: "yes" if image else ""), "test_it_answers_without_a_picture",
    ),
    "only in ASCII": (
        answering(lambda image, text: "yes" if text.isascii() else ""),
        "test_any_words_are_a_question",
    ),
    "writes": (
        answering(lambda image, text: (image and scribbling(image)) or "yes"),
        "test_the_picture_is_left_as_it_was",
    ),
    "silence": (answering(lambda image, text: ""), "test_no_text_is_an_error"),
}  # fmt: skip


class Received(AnswerModelTests):
    """The suite of a model that says what reached its LVLM, changed on the way."""

    def __init__(self, change):
        self.change, self.last = change, None

    def answer(self, image, text):
        self.last = self.change(image, text)
        return "yes"

    def received(self):
        return self.last


@pytest.mark.parametrize(
    ("change", "words"),
    {
        "no picture": (lambda image, text: (None, text), "expected the picture"),
        "another picture": (
            lambda image, text: (image and ImageOps.mirror(image), text), "that differs by",
        ),
        "its middle": (
            lambda image, text: (image and image.crop((0, 0, 120, 120)), text), "that differs by",
        ),
        "a picture of nothing": (
            lambda image, text: (image or solid_scene({}), text), "expected no picture",
        ),
        "the first words": (lambda image, text: (image, text[:300]), "expected all words"),
        "only ASCII": (
            lambda image, text: (image, text.encode("ascii", "ignore").decode()), "all words",
        ),
    }.values(),
)  # fmt: skip
def test_what_is_lost_on_the_way_to_the_lvlm_is_noticed(change, words):
    suite = Received(change)
    with pytest.raises(AssertionError, match=words):
        suite.test_the_lvlm_is_given_all_of_it(suite)


def test_a_picture_that_is_made_smaller_and_compressed_on_its_way_is_whole():
    def sent(image, text):
        return image and Image.open(BytesIO(to_jpeg(image.reduce(2)))), f"<image>{text}"

    suite = Received(sent)
    suite.test_the_lvlm_is_given_all_of_it(suite)


def to_jpeg(image):
    image.save(written := BytesIO(), "JPEG", quality=60)
    return written.getvalue()


@pytest.mark.parametrize(("tool", "test"), BROKEN_ANSWERS.values(), ids=BROKEN_ANSWERS)
def test_an_answer_model_that_breaks_a_promise_fails(tool, test):
    broken(AnswerModelTests, test, tool)


def test_every_test_of_every_suite_has_been_seen_to_fail():
    seen = {test for _, test in (*BROKEN_ENCODERS.values(), *BROKEN_ANSWERS.values())}
    assert promises(EncoderTests) - seen == set()
    assert promises(AnswerModelTests) - seen == {"test_the_lvlm_is_given_all_of_it"}


def test_odd_photos_are_rgb_and_drawn_anew():
    first, again = odd_photos(), odd_photos()
    assert {photo.mode for photo in first.values()} == {"RGB"}
    for what, photo in first.items():
        assert photo.tobytes() == again[what].tobytes()
        assert photo is not again[what]
