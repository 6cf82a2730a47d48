"""Small clips that tests make, of patches of plain colour."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pytest

from pekit_agents.testing import solid_scene

RATE = 10
SIZE = (160, 120)


def film(*colours: str | None, seconds: float = 1.0, rate: int = RATE) -> bytes:
    """Return an MP4 in which each colour is in sight for some seconds; None for nothing."""
    av = pytest.importorskip("av")
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate, options={"g": "5"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for at, colour in enumerate(_frames(colours, round(seconds * rate))):
            box = (20 + at % 5, 20, 80 + at % 5, 80)
            picture = solid_scene({colour: box} if colour else {}, size=SIZE)
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def _frames(colours: Sequence[str | None], each: int) -> list[str | None]:
    return [colour for colour in colours for _ in range(each)]
