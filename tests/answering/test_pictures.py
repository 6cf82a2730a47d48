"""Pictures on their way to a remote model."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from pekit_agents.answering.pictures import to_jpeg


def decoded(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(
    ("size", "max_side", "sent"),
    [
        ((160, 120), 2048, (160, 120)),
        ((100, 200), 200, (100, 200)),
        ((400, 200), 100, (100, 50)),
        ((200, 401), 100, (50, 100)),
        ((5000, 20), 1000, (1000, 4)),
    ],
)
def test_the_longer_side_is_limited_and_the_shape_stays(size, max_side, sent):
    picture = Image.new("RGB", size)
    assert decoded(to_jpeg(picture, max_side)).size == sent
    assert picture.size == size


def test_a_thin_line_keeps_its_colour():
    picture = Image.new("RGB", (64, 64), (128, 128, 128))
    picture.paste((255, 0, 255), (32, 0, 33, 64))  # one pixel wide
    red, green, blue = decoded(to_jpeg(picture)).getpixel((32, 32))
    assert min(red, blue) > 200
    assert green < 60


def test_the_same_picture_gives_the_same_bytes():
    picture = Image.radial_gradient("L").convert("RGB")
    assert to_jpeg(picture) == to_jpeg(picture.copy())
