"""Pixels: every mode and dtype arrives as the right 8-bit RGB."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pekit_agents.errors import ImageError
from pekit_agents.images.loading import load_image

SIZE = (20, 16)


def seen(picture):
    """Return the one colour of a picture."""
    [(_, colour)] = picture.getcolors()
    return colour


@pytest.mark.parametrize(
    ("mode", "fill", "rgb"),
    [
        ("1", 1, (255, 255, 255)),
        ("L", 77, (77, 77, 77)),
        ("RGB", (1, 2, 3), (1, 2, 3)),
        ("RGBX", (1, 2, 3, 0), (1, 2, 3)),
        ("CMYK", (0, 255, 255, 0), (255, 0, 0)),
        ("YCbCr", (77, 128, 128), (77, 77, 77)),
        ("HSV", (0, 0, 77), (77, 77, 77)),
        ("LAB", (136, 128, 128), (127, 127, 127)),
        ("I", 257 * 77, (77, 77, 77)),
        ("I;16", 257 * 77, (77, 77, 77)),
        ("I;16", 65535, (255, 255, 255)),
        ("I;16", 256, (1, 1, 1)),  # 0.996: scaled and rounded, not clipped at 255
        ("I;16B", 257 * 77, (77, 77, 77)),
        ("F", 0.5, (128, 128, 128)),
        ("RGBA", (255, 0, 0, 255), (255, 0, 0)),
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("RGBA", (255, 0, 0, 51), (255, 204, 204)),  # a fifth of red on white
        ("RGBa", (51, 0, 0, 51), (255, 204, 204)),  # the same, premultiplied
        ("LA", (0, 51), (204, 204, 204)),
        ("La", (0, 51), (204, 204, 204)),
    ],
)
def test_every_mode_becomes_rgb(mode, fill, rgb):
    picture = load_image(Image.new(mode, SIZE, fill))
    assert (picture.mode, picture.size) == ("RGB", SIZE)
    assert seen(picture) == rgb


def test_a_palette_is_looked_up_and_its_transparency_is_white():
    source = Image.new("P", SIZE, 1)
    source.putpalette([0, 0, 0, 10, 20, 30])
    assert seen(load_image(source)) == (10, 20, 30)
    source.info["transparency"] = 1
    assert seen(load_image(source)) == (255, 255, 255)
    source.info["transparency"] = bytes([255, 51])
    assert seen(load_image(source)) == (206, 208, 210)


def test_reading_a_palette_picture_does_not_change_it():
    source = Image.new("P", SIZE, 1)
    source.info["transparency"] = 1
    load_image(source)
    assert source.im.getpalettemode() == "RGB"
    assert source.info == {"transparency": 1}


@pytest.mark.parametrize(
    ("array", "rgb"),
    [
        (np.full((16, 20, 3), (1, 2, 3), np.uint8), (1, 2, 3)),
        (np.full((16, 20), 77, np.uint8), (77, 77, 77)),
        (np.full((16, 20, 1), 77, np.uint8), (77, 77, 77)),
        (np.full((16, 20, 4), (255, 0, 0, 51), np.uint8), (255, 204, 204)),
        (np.ones((16, 20), bool), (255, 255, 255)),
        (np.full((16, 20, 3), (0, 257 * 77, 65535), np.uint16), (0, 77, 255)),
        (np.full((16, 20), 257 * 77, ">u2"), (77, 77, 77)),
        (np.full((16, 20, 3), (0, 0.5, 1), np.float32), (0, 128, 255)),
        (np.full((16, 20), 0.2, np.float64), (51, 51, 51)),
        (np.full((16, 20), 0.5, np.float16), (128, 128, 128)),
        (np.full((16, 20), 1 + 1e-7), (255, 255, 255)),  # rounding is forgiven
        (np.full((32, 40, 3), 9, np.uint8)[::2, ::-2], (9, 9, 9)),  # any memory layout
    ],
)
def test_every_dtype_becomes_rgb(array, rgb):
    picture = load_image(array)
    assert (picture.mode, picture.size) == ("RGB", SIZE)
    assert seen(picture) == rgb


def test_rows_are_rows_and_columns_are_columns():
    array = np.zeros((16, 20, 3), np.uint8)
    array[2, 5] = 255
    assert load_image(array).getpixel((5, 2)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((16, 20), np.int64), "got int64; .*astype"),
        (np.zeros((16, 20), complex), "got complex128"),
        (np.zeros((16, 20), object), "got object"),
        (np.full((16, 20), 2.0), r"floats in \[0, 1\], got 2..2"),
        (np.full((16, 20), -0.5), r"got -0.5..-0.5"),
        (np.linspace(0, 255, 320).reshape(16, 20), r"got 0..255; divide by 255"),
        (np.full((16, 20), np.nan), r"floats in \[0, 1\], got nan"),
        (np.full((16, 20), np.inf), r"floats in \[0, 1\], got inf"),
        (np.zeros((3, 480, 640), np.uint8), r"got shape \(3, 480, 640\); move the channels last"),
        (np.zeros((2, 480, 640, 3), np.uint8), "pass one picture"),
        (np.zeros((16, 20, 2), np.uint8), r"got shape \(16, 20, 2\)"),
        (np.zeros(20, np.uint8), r"got shape \(20,\)"),
        (np.zeros((), np.uint8), r"got shape \(\)"),
        (np.zeros((0, 0, 3), np.uint8), "at least 16 px"),
    ],
)
def test_other_arrays_are_refused(array, message):
    with pytest.raises(ImageError, match=rf"<array .*expected .*{message}"):
        load_image(array)


@pytest.mark.parametrize(
    ("mode", "fill", "message"),
    [("I", 70000, "got 70000..70000"), ("I", -1, "0..65535"), ("F", 255.0, r"floats in \[0, 1\]")],
)
def test_values_outside_their_mode_are_refused(mode, fill, message):
    with pytest.raises(ImageError, match=message):
        load_image(Image.new(mode, SIZE, fill))
