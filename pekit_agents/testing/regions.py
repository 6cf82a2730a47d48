"""``ProposerTests`` and ``ExtractorTests``: what all that returns regions of a photo must pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, get_args

import numpy as np

from pekit_agents.embedding.pooling import coverage
from pekit_agents.protocols import GuidedProposer, Proposer, SearchMode, ViewExtractor
from pekit_agents.testing.photos import fingerprint, odd_photos, several_photos
from pekit_agents.testing.threads import at_once
from pekit_agents.types import Box, Mask, Proposal

if TYPE_CHECKING:
    from pekit_agents.types import FloatArray, RGBImage

__all__ = ["ExtractorTests", "ProposerTests"]

_WORDS = ("dog", "coffee mug")
_CELLS = (64, 64)
_Find: TypeAlias = "Callable[[RGBImage], list[Proposal]]"


class ProposerTests:
    """What every proposer must pass (F_prop), see :class:`~pekit_agents.protocols.Proposer`.

    A class that inherits it has a fixture ``proposer``::

        class TestMyProposer(ProposerTests):
            @pytest.fixture
            def proposer(self):
                return MyProposer()

    Of a :class:`~pekit_agents.protocols.GuidedProposer` it asks the same under a guide.
    """

    def test_it_is_a_proposer(self, proposer: Proposer) -> None:
        """It has the method of the protocol."""
        assert isinstance(proposer, Proposer), (
            f"expected the method propose, found {type(proposer).__name__} without it"
        )

    def test_regions_lie_in_the_photo(self, proposer: Proposer) -> None:
        """Whatever the photo; where there is none, the list is empty."""
        _check_all_photos(lambda photo: proposer.propose(photo, _WORDS, "auto"))

    def test_every_mode_is_known(self, proposer: Proposer) -> None:
        """A tool that looks in one way only ignores it."""
        photo = odd_photos()["two things"]
        for mode in get_args(SearchMode):
            _check_regions(proposer.propose(photo, _WORDS, mode), photo, f"mode {mode!r}")

    def test_categories_may_be_few_or_none(self, proposer: Proposer) -> None:
        """A memory may hold things of one kind, and a tool may know no words."""
        photo = odd_photos()["two things"]
        for categories in ((), ("my grandmother's blue vase",), _WORDS):
            _check_regions(proposer.propose(photo, categories, "auto"), photo, str(categories))

    def test_a_photo_gives_the_same_whenever_it_is_seen(self, proposer: Proposer) -> None:
        """Regions are numbered, and corrections name them by their numbers."""
        first, again = (
            proposer.propose(odd_photos()["two things"], _WORDS, "scene") for _ in range(2)
        )
        _check_equal(first, again, "one photo seen twice")

    def test_what_was_found_is_left_as_it_was_by_the_next_call(self, proposer: Proposer) -> None:
        """Whoever asked for it still works with it."""
        _check_left(lambda photo: proposer.propose(photo, _WORDS, "scene"))

    def test_a_photo_is_known_by_what_it_shows(self, proposer: Proposer) -> None:
        """Results are kept by content, if at all: one object of Python may show two photos."""
        _check_known(lambda photo: proposer.propose(photo, _WORDS, "scene"))

    def test_threads_may_share_it(self, proposer: Proposer) -> None:
        """Users are served at the same time, by one proposer, each with photos of their own."""
        _check_shared(lambda photo: proposer.propose(photo, _WORDS, "scene"))

    def test_photos_are_left_as_they_were(self, proposer: Proposer) -> None:
        """Others look at them, too."""
        photo = odd_photos()["two things"]
        before = fingerprint(photo)
        proposer.propose(photo, _WORDS, "scene")
        assert fingerprint(photo) == before, "expected the photo unchanged"

    def test_a_guide_is_given_features_and_leads_to_regions_in_the_photo(
        self, proposer: Proposer
    ) -> None:
        """Whether all of the photo resembles what is remembered, or nothing of it."""
        if not isinstance(proposer, GuidedProposer):
            return
        for likeness in (-20.0, 20.0):

            def guide(pooled: FloatArray, likeness: float = likeness) -> FloatArray:
                assert pooled.ndim == 2, f"expected (M, D) features, found {pooled.shape}"
                return np.full(len(pooled), likeness, np.float32)

            photo = odd_photos()["two things"]
            for mode in get_args(SearchMode):
                found = proposer.propose_guided(photo, _WORDS, mode, guide)
                _check_regions(found, photo, f"mode {mode!r}, likeness {likeness}")


class ExtractorTests:
    """What every view extractor must pass (F_ext).

    See :class:`~pekit_agents.protocols.ViewExtractor`.

    A class that inherits it has a fixture ``extractor``::

        class TestMyExtractor(ExtractorTests):
            @pytest.fixture
            def extractor(self):
                return MyExtractor()
    """

    def test_it_is_an_extractor(self, extractor: ViewExtractor) -> None:
        """It has the method of the protocol."""
        assert isinstance(extractor, ViewExtractor), (
            f"expected the method extract, found {type(extractor).__name__} without it"
        )

    def test_regions_lie_in_the_photo(self, extractor: ViewExtractor) -> None:
        """Whatever the photo; where there is no object, the list is empty."""
        _check_all_photos(lambda photo: extractor.extract(photo, "dog"))

    def test_a_category_may_be_any_words(self, extractor: ViewExtractor) -> None:
        """Owners choose them."""
        photo = odd_photos()["one thing"]
        for category in ("coffee mug", "my grandmother's blue vase", "Frühstücks-Tasse"):
            _check_regions(extractor.extract(photo, category), photo, category)

    def test_a_photo_gives_the_same_whenever_it_is_seen(self, extractor: ViewExtractor) -> None:
        """A call that is repeated stores the same view."""
        first, again = (extractor.extract(odd_photos()["one thing"], "dog") for _ in range(2))
        _check_equal(first, again, "one photo seen twice")

    def test_what_was_found_is_left_as_it_was_by_the_next_call(
        self, extractor: ViewExtractor
    ) -> None:
        """Whoever asked for it still works with it."""
        _check_left(lambda photo: extractor.extract(photo, "dog"))

    def test_a_photo_is_known_by_what_it_shows(self, extractor: ViewExtractor) -> None:
        """Results are kept by content, if at all: one object of Python may show two photos."""
        _check_known(lambda photo: extractor.extract(photo, "dog"))

    def test_threads_may_share_it(self, extractor: ViewExtractor) -> None:
        """Users are served at the same time, by one extractor, each with photos of their own."""
        _check_shared(lambda photo: extractor.extract(photo, "dog"))

    def test_photos_are_left_as_they_were(self, extractor: ViewExtractor) -> None:
        """Others look at them, too."""
        photo = odd_photos()["one thing"]
        before = fingerprint(photo)
        extractor.extract(photo, "dog")
        assert fingerprint(photo) == before, "expected the photo unchanged"


def _check_all_photos(find: _Find) -> None:
    boxes = []
    for what, photo in odd_photos().items():
        found = find(photo)
        _check_regions(found, photo, what)
        boxes += [region.box for region in found]
    assert not boxes or any(max(box.x1, box.y1) > 1 for box in boxes), (
        f"expected boxes in pixels, found shares of width and height, {boxes[0].xyxy}"
    )


def _check_regions(found: list[Proposal], photo: RGBImage, what: str) -> None:
    assert isinstance(found, list), f"expected a list, [] for none, found {found!r}: {what}"
    for region in found:
        assert isinstance(region, Proposal), f"expected proposals, found {region!r}: {what}"
        _check_score(region.score, what)
        _check_box(region.box, photo, "a box", what)
        if region.window is not None:
            _check_box(region.window, photo, "a window", what)
            assert _overlap(region.box, region.window), (
                f"expected a window that shows the box {region.box.xyxy}, found "
                f"{region.window.xyxy}: {what}"
            )
        if region.mask is not None:
            _check_mask(region.mask, region.box, what)


def _check_score(score: float, what: str) -> None:
    assert isinstance(score, float | int), (
        f"expected a score that is a float, found a {type(score).__name__}: {what}"
    )
    assert 0 <= score <= 1, f"expected a score in [0, 1], found {score}: {what}"


def _check_box(box: Box, photo: RGBImage, name: str, what: str) -> None:
    for side in box.xyxy:
        assert isinstance(side, float | int), (
            f"expected {name} of floats, found a {type(side).__name__}, which JSON does not hold: "
            f"{what}"
        )
    lies_in = 0 <= box.x0 < box.x1 <= photo.width and 0 <= box.y0 < box.y1 <= photo.height
    assert lies_in, f"expected {name} in the photo of {photo.size}, found {box.xyxy}: {what}"


def _check_mask(mask: Mask, box: Box, what: str) -> None:
    values = mask.values
    assert values.ndim == 2, f"expected a mask of (h, w), found {values.shape}: {what}"
    assert values.dtype == np.float32, f"expected a float32 mask, found {values.dtype}: {what}"
    assert ((values >= 0) & (values <= 1)).all(), f"expected a mask in [0, 1], found more: {what}"
    covered = coverage(Proposal(box, 1.0, mask), box, _CELLS)
    assert covered.any(), (
        f"expected a mask that marks something in the box {box.xyxy}, found nothing: {what}"
    )


def _check_equal(one: Sequence[Proposal], other: Sequence[Proposal], what: str) -> None:
    boxes, again = ([region.box for region in each] for each in (one, other))
    assert boxes == again, f"expected the same boxes of {what}, found {boxes} and {again}"


def _check_left(find: _Find) -> None:
    found = find(odd_photos()["two things"])
    kept = list(found)
    find(odd_photos()["one thing"])
    assert found == kept, "expected a list that the next call leaves alone"


def _check_known(find: _Find) -> None:
    photo, other = odd_photos()["one thing"], odd_photos()["two things"]
    find(photo)
    photo.paste(other)
    _check_equal(find(photo), find(other), "equal photos")


def _check_shared(find: _Find) -> None:
    photos = several_photos()
    expected = [find(photo) for photo in photos]
    seen = at_once([partial(find, photo.copy()) for photo in photos])
    for found, alone in zip(seen, expected, strict=True):
        _check_equal(found, alone, "a photo alone and while other threads see others")


def _overlap(one: Box, other: Box) -> bool:
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    return across > 0 and min(one.y1, other.y1) > max(one.y0, other.y0)
