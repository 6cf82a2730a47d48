"""Frames of clips that real encoders wrote: which ones, at what times, and how they look."""

from __future__ import annotations

import gc
import io
import itertools
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("av")

from pekit_agents.errors import ClipError, InvalidInput
from pekit_agents.video.decoding import (
    ClipInfo,
    describe_clip,
    frames_of,
    is_clip,
)

GREY = 4
CORNERS = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


def number_of(frame):
    pixels = np.asarray(frame.image)
    return round(float(pixels[:, pixels.shape[1] // 2 + 8 :].mean()) / GREY)


def seen(source, **how):
    return [(frame.time, number_of(frame)) for frame in frames_of(source, **how)]


@pytest.mark.parametrize(
    ("name", "encoder", "codec", "fmt"),
    [
        ("a.mp4", "libx264", "h264", "yuv420p"),  # with B-frames
        ("a.mkv", "libx264", "h264", "yuv420p"),
        ("a.ts", "libx264", "h264", "yuv420p"),
        ("a.mp4", "libx265", "hevc", "yuv420p10le"),
        ("a.webm", "libvpx-vp9", "vp9", "yuv420p"),
        ("a.mp4", "libsvtav1", "av1", "yuv420p"),
        ("a.avi", "mpeg4", "mpeg4", "yuv420p"),
        ("a.mov", "mpeg4", "mpeg4", "yuv420p"),
        ("a.gif", "gif", "gif", "rgb8"),
    ],
)
def test_frames_come_from_every_codec_at_their_times(film, name, encoder, codec, fmt):
    """Ten frames a second, of which the first at or after 0.5, 0.95, 1.4, 1.85, 2.3 and 2.75."""
    exact = {"x265-params": "lossless=1:log-level=none"} if codec == "hevc" else {}
    path = film(name, encoder, fmt=fmt, options=exact)
    assert seen(path, every=0.45, start=0.5) == [
        (0.5, 5), (1.0, 10), (1.4, 14), (1.9, 19), (2.3, 23), (2.8, 28),
    ]  # fmt: skip
    assert seen(path.read_bytes(), every=1, end=2) == [(0.0, 0), (1.0, 10)]
    assert describe_clip(path) == ClipInfo((96, 64), 3.0, 10.0, codec)
    assert is_clip(path)
    assert is_clip(path.read_bytes())


def test_a_clip_is_sampled_by_its_times_and_not_by_counting(film):
    """Frame i comes at 10 i^2 milliseconds, after a beginning at 5 seconds."""
    path = film("v.mkv", frames=20, milliseconds=lambda i: 5000 + 10 * i * i)
    damage = []
    assert seen(path, every=1, on_damage=lambda *it: damage.append(it)) == [
        (0.0, 0), (1.0, 10), (2.25, 15), (3.24, 18),
    ]  # fmt: skip
    assert damage == []  # though Matroska counts its length from 0
    assert seen(path, every=1, start=2) == [(2.25, 15), (3.24, 18)]


def test_times_that_a_container_rounds_are_those_that_were_meant(film):
    """Matroska stores 1/3 as 0.333: it is not before 1/3."""
    path = film("r.mkv", frames=30, rate=30)
    assert seen(path, every=1 / 3) == [(0.0, 0), (0.333, 10), (0.667, 20)]
    assert seen(path, start=1 / 3, every=9) == [(0.333, 10)]


def test_a_clip_whose_times_jump_back_goes_on(film):
    """A recording of 3 seconds twice, as cameras join them: 4.0 s is frame 10 of the second."""
    twice = film("j.ts").read_bytes() * 2
    times = [frame.time for frame in frames_of(twice, every=0.01)]
    assert len(times) > 50
    assert all(late > early for early, late in itertools.pairwise(times))
    assert (4.0, 10) in seen(twice, every=1)


def test_behind_a_jump_frames_are_as_far_apart_as_before(film):
    """Frame i comes at 10 i^2 milliseconds, of a recording that is there twice."""
    path = film("j.ts", frames=16, milliseconds=lambda i: 10 * i * i, options={"bf": "0"})
    times = [frame.time for frame in frames_of(path.read_bytes() * 2, every=0.001)]
    again = [round(time - times[-16], 3) for time in times[-16:]]
    assert again == times[:16] == [round(0.01 * i * i, 2) for i in range(16)]


def test_frames_without_times_have_those_of_the_rate(film):
    """A bare H.264 stream says neither times nor rate: FFmpeg takes 25 a second."""
    path = film("bare.h264", frames=60)
    assert seen(path, every=1) == [(0.0, 0), (1.0, 25), (2.0, 50)]
    assert seen(path, every=1, start=1.5) == [(1.52, 38)]
    assert describe_clip(path).duration is None


class Counted(io.BytesIO):
    def __init__(self, data):
        super().__init__(data)
        self.taken = 0

    def read(self, size=-1):
        data = super().read(size)
        self.taken += len(data)
        return data


def test_a_late_start_is_gone_to_and_the_file_stays_open(film):
    path = film("long.mp4", frames=300)
    file = Counted(path.read_bytes())
    assert seen(file, start=25, every=1) == [(25.0, 250 % 64)] + [
        (25.0 + s, (250 + 10 * s) % 64) for s in range(1, 5)
    ]
    assert file.taken < len(file.getvalue()) / 2
    assert not file.closed
    assert next(frames_of(file)).time == 0.0  # whatever place it was left at


@pytest.mark.parametrize("how", ["close", "forget"])
def test_what_was_opened_is_closed_with_the_iterator(film, how):
    path = film("c.mp4")
    opened = Path("/proc/self/fd")
    files = len(list(opened.iterdir())) if opened.is_dir() else 0
    frames = frames_of(path)
    next(frames)
    if how == "close":
        frames.close()
    del frames
    gc.collect()
    if files:
        assert len(list(opened.iterdir())) == files
    path.unlink()


def in_corners(_):
    picture = Image.new("RGB", (64, 48))
    for index, colour in enumerate(CORNERS.values()):
        x, y = 32 * (index % 2), 24 * (index // 2)
        picture.paste(colour, (x, y, x + 32, y + 24))
    return picture


@pytest.mark.parametrize(
    ("turn", "pixel", "size", "colours"),
    [
        (None, None, (64, 48), "red lime blue white"),
        ((90,), None, (48, 64), "lime white red blue"),  # counter-clockwise
        ((-90,), None, (48, 64), "blue red white lime"),  # a phone held upright
        ((180,), None, (64, 48), "white blue lime red"),
        ((0, True), None, (64, 48), "lime red white blue"),
        ((90, True), None, (48, 64), "white lime blue red"),
        (None, Fraction(4, 3), (85, 48), "red lime blue white"),
        (None, Fraction(1, 2), (64, 96), "red lime blue white"),
        ((-90,), Fraction(4, 3), (48, 85), "blue red white lime"),
    ],
)
def test_frames_are_upright_and_their_pixels_square(film, turn, pixel, size, colours):
    options = {"turn": turn, "pixel": pixel, "picture": in_corners, "size": (64, 48)}
    path = film("t.mp4", "mpeg4", frames=3, **options)
    frame = next(frames_of(path))
    width, height = size
    assert frame.image.size == frame.size_wh == describe_clip(path).size_wh == size
    found = []
    for at in ((8, 8), (width - 8, 8), (8, height - 8), (width - 8, height - 8)):
        pixel = np.asarray(frame.image.getpixel(at), int)
        found.append(min(CORNERS, key=lambda name: abs(pixel - CORNERS[name]).sum()))
    assert " ".join(found) == colours


def test_a_large_frame_is_reduced_and_its_own_size_is_told(film):
    path = film("large.mp4", "mpeg4", frames=1, size=(2560, 1440), turn=(90,))
    frame = next(frames_of(path))
    assert (frame.image.size, frame.size_wh) == ((1080, 1920), (1440, 2560))


def test_numbers_that_are_no_times_are_refused_at_once(film):
    for wrong in ({"every": 0}, {"every": float("nan")}, {"start": -1}, {"start": 2, "end": 2}):
        with pytest.raises(InvalidInput, match="expected every above 0"):
            frames_of("clip.mp4", **wrong)


def picture(grey, size=(64, 48)):
    return np.full((size[1], size[0], 3), grey, np.uint8)


def test_frames_of_a_caller_are_sampled_alike():
    clip = [(1.5 + i / 10, picture(i * GREY)) for i in range(10)]
    assert seen(iter(clip), every=0.25, start=1.6) == [(1.6, 1), (1.9, 4), (2.1, 6), (2.4, 9)]
    large = next(frames_of([(0, Image.new("RGB", (3840, 2160), "red"))]))
    assert (large.image.size, large.size_wh) == ((1920, 1080), (3840, 2160))


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([picture(0)], r"expected \(seconds, picture\) as item 0, got ndarray"),
        ([(0, picture(0)), (0, picture(1))], "expected times that rise, got 0 s after 0 s"),
        ([(-1, picture(0))], "seconds of at least 0 as the time of item 0, got -1"),
        ([("0", picture(0))], "got '0'"),
        ([(0, "frame.png")], r"array \(height, width, 3\) of uint8 .* got str"),
        ([(0, np.zeros((9, 9)))], r"got an array \(9, 9\) of float64"),
        ([(0, picture(0)), (1, picture(0, (48, 64)))], "frames of 64x48 .* got 48x64 at 1 s"),
    ],
)
def test_frames_of_a_caller_are_checked(items, message):
    with pytest.raises(ClipError, match=message):
        list(frames_of(items))


def test_no_thread_of_a_decoder_stays(film):
    before = threading.active_count()
    list(frames_of(film("t.mp4")))
    assert threading.active_count() == before


def test_no_frame_waits_for_the_garbage_collector(film):
    """What is left of 60 frames is what decoder and caller hold; a cycle would keep them all."""
    import av

    path = film("g.mp4", frames=60)
    gc.collect()
    gc.disable()
    try:
        for _ in frames_of(path, every=0.1):
            pass
        left = sum(isinstance(each, av.VideoFrame) for each in gc.get_objects())
    finally:
        gc.enable()
    assert left < 10
