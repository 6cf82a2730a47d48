"""The suites that adapters inherit find each broken promise, and say what was expected."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from pekit_agents.testing import (
    AnswerModelTests,
    ColourEncoder,
    ColourExtractor,
    ColourProposer,
    EncoderTests,
    ExtractorTests,
    ProposerTests,
    odd_photos,
)
from pekit_agents.types import Box, Mask

BEYOND = Box(-1, 0, 20, 20)
CALLS = count()


def promises(suite):
    """Return the names of the tests of a suite."""
    return {name for name in vars(suite) if name.startswith("test_")}


def broken(suite, test, tool):
    """Return what a tool is told by the test of a suite that it fails."""
    with pytest.raises(AssertionError) as failed:
        getattr(suite(), test)(tool)
    assert "expected" in str(failed.value)
    return str(failed.value)


def kept(suite, tool):
    """Return the tests of a suite that a tool passes."""
    passed = set()
    for test in promises(suite):
        with suppress(AssertionError):
            getattr(suite(), test)(tool)
            passed.add(test)
    return passed


def encoder(**methods):
    return type("Broken", (ColourEncoder,), methods)()


def grids(change):
    """Return an encoder that changes each grid of the fake one."""
    return encoder(encode=lambda self, images: change(ColourEncoder().encode(images)))


def normalized(change):
    return encoder(normalize=lambda self, vectors: change(ColourEncoder().normalize(vectors)))


def scribbling(image):
    image.putpixel((0, 0), (1, 2, 3))


BROKEN_ENCODERS = {
    "no dim": (
        type("NoDim", (), {"id": "x", "encode": None, "normalize": None})(),
        "test_it_is_an_encoder",
    ),
    "no id": (encoder(id="", __init__=lambda self: setattr(self, "dim", 4)),
              "test_its_id_and_length_are_fixed"),
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


def regions(change):
    """Return a proposer and an extractor that change what the fake ones find."""

    class Broken:
        def propose(self, image, categories, mode):
            return change(ColourProposer().propose(image, categories, mode), image)

        def extract(self, image, category):
            return change(ColourExtractor().extract(image, category), image)

    return Broken()


def each(**changes):
    return regions(lambda found, image: [replace(region, **changes) for region in found])


def marked(value, dtype=np.float32):
    return Mask(np.full((4, 4), value, dtype), Box(0, 0, 160, 120))


BROKEN_REGIONS = {
    "no methods": (object(), "test_it_is_a"),
    "None": (regions(lambda found, image: found or None), "test_regions_lie_in_the_photo"),
    "plain boxes": (
        regions(lambda found, image: [r.box for r in found]), "test_regions_lie_in_the_photo",
    ),
    "beyond": (each(box=BEYOND), "test_regions_lie_in_the_photo"),
    "empty": (each(box=Box(3, 3, 3, 9)), "test_regions_lie_in_the_photo"),
    "in percent": (each(score=80.0), "test_regions_lie_in_the_photo"),
    "no number": (each(score=float("nan")), "test_regions_lie_in_the_photo"),
    "window beyond": (each(window=BEYOND), "test_regions_lie_in_the_photo"),
    "window elsewhere": (each(window=Box(0, 0, 2, 2)), "test_regions_lie_in_the_photo"),
    "mask of bytes": (each(mask=marked(255)), "test_regions_lie_in_the_photo"),
    "mask of doubles": (each(mask=marked(1, float)), "test_regions_lie_in_the_photo"),
    "mask elsewhere": (
        each(mask=Mask(np.ones((2, 2), np.float32), Box(0, 0, 2, 2))),
        "test_regions_lie_in_the_photo",
    ),
    "never twice the same": (
        regions(lambda found, image: [
            replace(region, box=Box(0, 0, 5 + next(CALLS) % 5, 5)) for region in found
        ]),
        "test_a_photo_gives_the_same_whenever_it_is_seen",
    ),
    "writes": (
        regions(lambda found, image: scribbling(image) or found),
        "test_photos_are_left_as_they_were",
    ),
}  # fmt: skip


@pytest.mark.parametrize("suite", [ProposerTests, ExtractorTests])
@pytest.mark.parametrize(("tool", "test"), BROKEN_REGIONS.values(), ids=BROKEN_REGIONS)
def test_a_tool_whose_regions_break_a_promise_fails(suite, tool, test):
    (name,) = [name for name in promises(suite) if name.startswith(test)]
    broken(suite, name, tool)


def test_categories_that_a_proposer_cannot_take_are_noticed():
    class Wordy(ColourProposer):
        def propose(self, image, categories, mode):
            found = super().propose(image, categories, mode)
            return found if categories else None

    broken(ProposerTests, "test_categories_may_be_few_or_none", Wordy())
    missed = promises(ProposerTests) - kept(ProposerTests, Wordy())
    assert missed == {"test_categories_may_be_few_or_none"}


def test_a_mode_that_a_proposer_does_not_know_is_noticed():
    class OneWay(ColourProposer):
        def propose(self, image, categories, mode):
            return None if mode == "fast" else super().propose(image, categories, mode)

    missed = promises(ProposerTests) - kept(ProposerTests, OneWay())
    assert missed == {"test_every_mode_is_known"}


def test_a_category_that_an_extractor_cannot_take_is_noticed():
    class Wordy(ColourExtractor):
        def extract(self, image, category):
            return super().extract(image, category) if category.isascii() else None

    missed = promises(ExtractorTests) - kept(ExtractorTests, Wordy())
    assert missed == {"test_a_category_may_be_any_words"}


class Guided(ColourProposer):
    shape = (3, 4)

    def propose_guided(self, image, categories, mode, guide):
        found = self.propose(image, categories, mode)
        liked = guide(np.zeros(self.shape, np.float32)) > 0
        return [replace(region, box=BEYOND) for region in found] if liked.all() else found


def test_a_guided_proposer_is_asked_under_a_guide():
    name = "test_a_guide_is_given_features_and_leads_to_regions_in_the_photo"
    assert "likeness 20.0" in broken(ProposerTests, name, Guided())
    flat = type("Flat", (Guided,), {"shape": (4,)})
    assert "expected (M, D) features" in broken(ProposerTests, name, flat())


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


@pytest.mark.parametrize(("tool", "test"), BROKEN_ANSWERS.values(), ids=BROKEN_ANSWERS)
def test_an_answer_model_that_breaks_a_promise_fails(tool, test):
    broken(AnswerModelTests, test, tool)


def test_every_test_of_every_suite_has_been_seen_to_fail():
    seen = {test for _, test in (*BROKEN_ENCODERS.values(), *BROKEN_ANSWERS.values())}
    assert promises(EncoderTests) - seen == {"test_threads_may_share_it"}
    assert promises(AnswerModelTests) - seen == set()


def test_an_encoder_that_threads_may_not_share_is_noticed():
    class Busy(ColourEncoder):
        owner = threading.get_ident()

        def encode(self, images):
            grids = super().encode(images)
            return grids if threading.get_ident() == self.owner else [g + 1 for g in grids]

    assert promises(EncoderTests) - kept(EncoderTests, Busy()) == {"test_threads_may_share_it"}


def test_odd_photos_are_rgb_and_drawn_anew():
    first, again = odd_photos(), odd_photos()
    assert {photo.mode for photo in first.values()} == {"RGB"}
    for what, photo in first.items():
        assert photo.tobytes() == again[what].tobytes()
        assert photo is not again[what]
