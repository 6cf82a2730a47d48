"""Synthetic views keep the mask on the object."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pekit_agents.embedding.augmentation import synthetic_views
from pekit_agents.types import Box, Mask


def red_square() -> tuple[Image.Image, Mask]:
    """Return a red square left of the middle on blue, and its mask."""
    photo = Image.new("RGB", (200, 160), "blue")
    ImageDraw.Draw(photo).rectangle((30, 50, 89, 109), fill="red")
    values = np.zeros((160, 200), np.float32)
    values[50:110, 30:90] = 1
    return photo, Mask(values, Box(0, 0, 200, 160))


def test_there_are_two_views_of_one_size():
    views = synthetic_views(*red_square())
    assert [photo.size for photo, _ in views] == [(200, 160)] * 2
    assert [mask.frame for _, mask in views] == [Box(0, 0, 200, 160)] * 2


@pytest.mark.parametrize("index", range(2))
def test_the_mask_lies_on_the_object_in_every_view(index):
    photo, mask = synthetic_views(*red_square())[index]
    pixels = np.asarray(photo, np.float32)
    marked = mask.values > 0.9
    assert marked.any()
    assert (pixels[marked][:, 0] > pixels[marked][:, 2]).mean() > 0.98
    assert (pixels[mask.values < 0.1][:, 0] > pixels[mask.values < 0.1][:, 2]).mean() < 0.03


def test_the_second_view_is_the_mirror_image_of_the_first():
    plain, mirrored = (mask.values for _, mask in synthetic_views(*red_square()))
    np.testing.assert_array_equal(mirrored, plain[:, ::-1])


def test_the_photo_stays_as_it_is_and_its_mirror_image_is_of_a_size_that_is_quick():
    photo = Image.new("RGB", (2048, 1024))
    mask = Mask(np.ones((2, 2), np.float32), Box(0, 0, 2048, 1024))
    (plain, own), (mirrored, _) = synthetic_views(photo, mask)
    assert (plain is photo, own is mask, mirrored.size) == (True, True, (512, 256))
