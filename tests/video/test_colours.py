"""Colours of frames: values worked out by the equations of ITU-R BT.601, BT.709 and BT.2100."""

from __future__ import annotations

import numpy as np
import pytest

av = pytest.importorskip("av")

from pekit_agents.video.colours import FrameConverter  # noqa: E402

BT601, BT709, BT2020 = (0.299, 0.114), (0.2126, 0.0722), (0.2627, 0.0593)
ORANGE = (220, 130, 40)
UNNAMED = 2


def coded(rgb, weights, *, full=False, size=(64, 48), depth=8, tags=(UNNAMED, 0), trc=UNNAMED):
    """Return a frame of one colour, whose Y, Cb and Cr follow from the weights of red and blue."""
    red, green, blue = (value / 255 for value in rgb)
    kr, kb = weights
    y = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - y) / (2 - 2 * kb), (red - y) / (2 - 2 * kr)
    span, rise, foot = (255, 255, 0) if full else (219, 224, 16)
    levels = [foot + span * y, 128 + rise * cb, 128 + rise * cr]
    frame = av.VideoFrame(*size, "yuv420p" if depth == 8 else "yuv420p10le")
    for plane, level in zip(frame.planes, levels, strict=True):
        unit = np.uint8 if depth == 8 else np.uint16
        count = plane.buffer_size // np.dtype(unit).itemsize
        plane.update(np.full(count, round(level * 2 ** (depth - 8)), unit).tobytes())
    frame.colorspace, frame.color_range = tags
    frame.color_trc = trc
    return frame


def shown(frame):
    return FrameConverter(1.0).frame(0.0, frame).image.getpixel((20, 20))


@pytest.mark.parametrize(
    ("weights", "how"),
    [
        (BT601, {"tags": (5, 1)}),
        (BT601, {"tags": (6, 1)}),
        (BT709, {"tags": (1, 1)}),
        (BT2020, {"tags": (9, 1)}),
        (BT709, {"tags": (1, 2), "full": True}),
        (BT601, {"tags": (6, 2), "full": True}),
        (BT601, {}),  # names nothing, and is small
        (BT709, {"size": (1280, 720)}),  # names nothing, and is HD
        (BT709, {"size": (720, 1280)}),
        (BT709, {"tags": (1, 1), "depth": 10}),
        (BT2020, {"tags": (9, 1), "depth": 10}),
        (BT709, {"tags": (1, 1), "size": (2560, 1440)}),  # reduced
    ],
)
def test_colours_are_those_that_were_filmed(weights, how):
    assert shown(coded(ORANGE, weights, **how)) == pytest.approx(ORANGE, abs=3)


@pytest.mark.parametrize(
    ("trc", "signal", "value"),
    [
        (16, 0.0, 0),
        (16, 0.5806, 255),  # 203 candela a square metre, white paper
        (16, 0.4278, 128),  # 0.2159 of it, which is 128 in sRGB: 43.8 candela
        (16, 1.0, 255),
        (18, 0.75, 255),
        (18, 0.0, 0),
    ],
)
def test_hdr_has_the_brightness_of_an_ordinary_picture(trc, signal, value):
    frame = coded((255 * signal,) * 3, BT2020, depth=10, tags=(9, 1), trc=trc)
    assert shown(frame) == pytest.approx((value,) * 3, abs=4)


def test_what_is_seen_through_lies_on_white():
    rgba = np.zeros((48, 64, 4), np.uint8)
    rgba[...] = (200, 0, 0, 255)
    rgba[:24, :, 3] = 0
    frame = av.VideoFrame.from_ndarray(rgba, "rgba")
    image = FrameConverter(1.0).frame(0.0, frame).image
    assert image.getpixel((5, 5)) == (255, 255, 255)
    assert image.getpixel((5, 40)) == (200, 0, 0)


def test_a_clip_keeps_its_first_size():
    converter = FrameConverter(1.0)
    converter.frame(0.0, coded(ORANGE, BT601))
    later = converter.frame(1.0, coded(ORANGE, BT601, size=(128, 96)))
    assert later.image.size == later.size_wh == (64, 48)
