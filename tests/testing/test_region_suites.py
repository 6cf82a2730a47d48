"""The suites of proposers and extractors find each broken promise, and say what was expected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pekit_agents.testing import ColourExtractor, ColourProposer, ExtractorTests, ProposerTests
from pekit_agents.types import Box, Mask
from tests.testing.broken import (
    CALLS,
    broken,
    kept,
    kept_by_object,
    promises,
    scribbling,
    together,
)

BEYOND = Box(-1, 0, 20, 20)


def regions(change):
    """Return a proposer and an extractor that change what the fake ones find."""

    class Broken:
        def propose(self, image, categories, mode):
            return change(ColourProposer().propose(image, categories, mode), image)

        def extract(self, image, category):
            return change(ColourExtractor().extract(image, category), image)

    return Broken()


def finding(look):
    """Return a proposer and an extractor of the same method."""
    return type("Broken", (), {"propose": look, "extract": look})()


def one_list(self, image, *more):
    """Find into the list of the call before."""
    kept = self.__dict__.setdefault("kept", [])
    kept[:] = patches(image)
    return kept


def patches(image):
    return ColourProposer().propose(image, (), "scene")


def each(**changes):
    return regions(lambda found, image: [replace(region, **changes) for region in found])


def marked(value, dtype=np.float32):
    return Mask(np.full((4, 4), value, dtype), Box(0, 0, 160, 120))


def whole(image):
    return Box(0, 0, *image.size)


def silhouette(box, image):
    values = np.zeros(image.size[::-1], np.float32)
    values[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)] = 1
    return values


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
    "in shares": (
        regions(lambda found, image: [
            replace(region, box=Box(*np.divide(region.box.xyxy, image.size * 2).tolist()))
            for region in found
        ]),
        "test_regions_lie_in_the_photo",
    ),
    "box of float32": (
        regions(lambda found, image: [
            replace(region, box=Box(*np.float32(region.box.xyxy))) for region in found
        ]),
        "test_regions_lie_in_the_photo",
    ),
    "window of float32": (
        regions(lambda found, image: [
            replace(region, window=Box(*np.float32(region.box.xyxy))) for region in found
        ]),
        "test_regions_lie_in_the_photo",
    ),
    "score of float32": (each(score=np.float32(0.5)), "test_regions_lie_in_the_photo"),
    "mask of nothing": (each(mask=marked(0)), "test_regions_lie_in_the_photo"),
    "mask turned": (
        regions(lambda found, image: [
            replace(region, mask=Mask(np.rot90(silhouette(region.box, image), 2), whole(image)))
            for region in found
        ]),
        "test_regions_lie_in_the_photo",
    ),
    "written over": (
        finding(one_list), "test_what_was_found_is_left_as_it_was_by_the_next_call",
    ),
    "kept by object": (
        finding(kept_by_object(patches)), "test_a_photo_is_known_by_what_it_shows",
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


@pytest.mark.parametrize("suite", [ProposerTests, ExtractorTests])
def test_a_tool_that_threads_may_not_share_is_noticed(suite):
    broken(suite, "test_threads_may_share_it", finding(together(patches)))


@pytest.mark.parametrize("suite", [ProposerTests, ExtractorTests])
def test_boxes_of_one_pixel_are_no_shares(suite):
    dots = regions(lambda found, image: [replace(r, box=Box(0, 0, 1, 1)) for r in found[1:]])
    test = "test_regions_lie_in_the_photo"
    assert "in pixels, found shares" in broken(suite, test, dots)
    mixed = regions(
        lambda found, image: [*found, *(replace(r, box=Box(0, 0, 1, 1)) for r in found)]
    )
    getattr(suite(), test)(mixed)


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


def test_every_test_of_regions_has_been_seen_to_fail():
    seen = {test for _, test in BROKEN_REGIONS.values()}
    own = {"test_threads_may_share_it", "test_every_mode_is_known"}
    words = {"test_categories_may_be_few_or_none", "test_a_category_may_be_any_words"}
    guided = {"test_a_guide_is_given_features_and_leads_to_regions_in_the_photo"}
    for suite in (ProposerTests, ExtractorTests):
        rest = {name for name in promises(suite) if not name.startswith(tuple(seen))}
        assert rest <= own | words | guided
