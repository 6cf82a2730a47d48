"""Clips that tests make: each frame's right half is as grey as its number says."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

GREY = 4  # levels from one frame to the next


@pytest.fixture
def film(tmp_path):
    """Return a function that writes a clip and returns its path."""
    av = pytest.importorskip("av")

    def write(
        name,
        codec="libx264",
        *,
        frames=30,
        rate=10,
        size=(96, 64),
        fmt="yuv420p",
        milliseconds=None,  # the time of a frame, by its number
        picture=None,  # the frame's RGB, by its number
        turn=None,
        pixel=None,
        sound=False,
        options=(),
        **container_options,
    ):
        noise = np.random.default_rng(7)
        path = tmp_path / name
        with av.open(str(path), "w", options=container_options) as container:
            stream = container.add_stream(codec, rate=rate, options={"g": "10", **dict(options)})
            stream.width, stream.height, stream.pix_fmt = *size, fmt
            stream.bit_rate = 1_000_000
            if milliseconds is not None:
                stream.codec_context.time_base = Fraction(1, 1000)
            if pixel is not None:
                stream.codec_context.sample_aspect_ratio = pixel
            if turn is not None:
                if not hasattr(stream, "set_display_rotation"):
                    pytest.skip("this PyAV cannot write which way up a video is")
                stream.set_display_rotation(*turn)
            heard = container.add_stream("aac", rate=8000) if sound else None
            container.start_encoding()
            for number in range(frames):
                rgb = np.full((size[1], size[0], 3), number * GREY % 256, np.uint8)
                rgb[:, : size[0] // 2] = noise.integers(0, 255, (size[1], size[0] // 2, 1))
                if picture is not None:
                    rgb = np.asarray(picture(number))
                frame = av.VideoFrame.from_ndarray(rgb, "rgb24")
                if milliseconds is not None:
                    frame.pts, frame.time_base = milliseconds(number), Fraction(1, 1000)
                container.mux(stream.encode(frame))
                if heard is not None:
                    quiet = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
                    quiet.sample_rate, quiet.pts = 8000, number * 800
                    container.mux(heard.encode(quiet))
            container.mux(stream.encode())
            if heard is not None:
                container.mux(heard.encode())
        return path

    return write
