"""Which part of a reference photo is the object."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pekit_agents.errors import InvalidInput, NoObjectFound
from pekit_agents.introduction.view_extraction import Reference, find_object
from pekit_agents.types import Box, Mask, Proposal

PHOTO = Image.new("RGB", (100, 80))


class Extractor:
    """Finds one region, given in shares of whatever it is shown; None finds nothing."""

    def __init__(self, shares: tuple[float, float, float, float] | None) -> None:
        self.shares = shares
        self.asked: list[tuple[tuple[int, int], str]] = []

    def extract(self, image, category):
        self.asked.append((image.size, category))
        if self.shares is None:
            return []
        x0, y0, x1, y1 = self.shares
        width, height = image.size
        box = Box(x0 * width, y0 * height, x1 * width, y1 * height)
        return [Proposal(box, 0.9, Mask(np.ones((1, 1), np.float32), box))]


def test_the_extractor_s_best_region_is_taken_by_category():
    extractor = Extractor((0.1, 0.1, 0.5, 0.5))
    found = find_object(PHOTO, Reference(PHOTO), "dog", extractor)
    assert found.box == Box(10, 8, 50, 40)
    assert extractor.asked == [((100, 80), "dog")]


def test_a_photo_without_an_object_is_told_so_with_a_remedy():
    with pytest.raises(NoObjectFound, match=r"expected a \"dog\".*point it out with a box"):
        find_object(PHOTO, Reference(PHOTO), "dog", Extractor(None))


def test_a_box_is_taken_whole_when_nothing_stands_out_in_it():
    found = find_object(PHOTO, Reference(PHOTO, box=(10, 10, 30, 30)), "dog", Extractor(None))
    assert (found.box, found.mask) == (Box(10, 10, 30, 30), None)
    assert found.window == Box(6, 6, 34, 34)  # a fifth of the side around it


def test_a_box_is_outlined_by_what_the_extractor_sees_around_it():
    extractor = Extractor((0.0, 0.0, 0.5, 1.0))  # the left half of the window
    found = find_object(PHOTO, Reference(PHOTO, box=(10, 10, 30, 30)), "dog", extractor)
    assert extractor.asked == [((28, 28), "dog")]
    assert found.box == Box(10, 10, 30, 30)
    assert found.mask is not None
    assert found.mask.values[:, :31].min() == 1  # the window's left half is the box's, too
    assert found.mask.values[:, 33:].max() == 0


def test_a_region_that_hardly_fills_the_box_is_not_what_was_meant():
    extractor = Extractor((0.0, 0.0, 0.2, 0.2))
    found = find_object(PHOTO, Reference(PHOTO, box=(10, 10, 30, 30)), "dog", extractor)
    assert found.mask is None


def test_a_mask_is_taken_as_it_is_with_its_own_box():
    mask = np.zeros((80, 100), bool)
    mask[20:40, 50:90] = True
    found = find_object(PHOTO, Reference(PHOTO, mask=mask), "dog", Extractor(None))
    assert found.box == Box(50, 20, 90, 40)
    assert found.mask is not None
    assert found.mask.values.sum() == mask.sum()


@pytest.mark.parametrize(
    ("reference", "error", "says"),
    [
        (Reference(PHOTO, box=(0, 0, 9, 9), mask=np.ones((80, 100), bool)), InvalidInput, "both"),
        (Reference(PHOTO, mask=np.ones((100, 80), bool)), InvalidInput, r"\(80, 100\)"),
        (Reference(PHOTO, mask=np.ones((80, 100))), InvalidInput, "dtype bool"),
        (Reference(PHOTO, mask=np.zeros((80, 100), bool)), NoObjectFound, "empty"),
        (Reference(PHOTO, box=(30, 30, 10, 10)), InvalidInput, "expected"),
        (Reference(PHOTO, box=(200, 200, 210, 210)), InvalidInput, "expected"),
    ],
)
def test_a_box_or_mask_that_does_not_fit_is_refused(reference, error, says):
    with pytest.raises(error, match=says):
        find_object(PHOTO, reference, "dog", Extractor((0, 0, 1, 1)))
