"""A long clip of a still camera, written in little time: ``write_long_clip``.

A thing is put down and taken away now and then. Between, every frame is the same, without noise:
the clip measures RAM, not speed.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av

from pekit_agents.evaluation.clips.composing import compose_clips

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pekit_agents.evaluation.clips.composing import ComposedClip
    from pekit_agents.evaluation.records import Dataset
    from pekit_agents.protocols import ViewExtractor
    from pekit_agents.types import RGBImage

__all__ = ["write_long_clip"]

_SIZE = (1920, 1080)
_RATE = 10  # frames a second: twice what is sampled
_ROUNDS = 4  # how often each thing comes


def write_long_clip(
    dataset: Dataset,
    backgrounds: Sequence[Path],
    path: Path,
    *,
    known: Sequence[str],
    minutes: float,
    extractor: ViewExtractor,
    seed: int = 0,
) -> RGBImage:
    """Write a clip of 1920 x 1080 pixels, and return a frame of it that shows a thing.

    Args:
        dataset: Things, as for :func:`compose_clips`.
        backgrounds: Photos that show none of them.
        path: The file, MP4.
        known: The things that are remembered.
        minutes: How long it is.
        extractor: Outlines things.
        seed: Gives the same clip again.
    """
    composed = compose_clips(
        dataset,
        backgrounds,
        seed=seed,
        count=1,
        kinds=["static"],
        known=known,
        extractor=extractor,
        size_wh=_SIZE,
    )
    (clip,) = composed.clips
    states = _states(clip)
    count = round(60 * minutes * _RATE)
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "tune": "zerolatency"}
        stream = container.add_stream("libx264", rate=_RATE, options=options)
        stream.width, stream.height = _SIZE
        stream.pix_fmt = "yuv420p"
        pictures = [av.VideoFrame.from_image(each).reformat(format="yuv420p") for each in states]
        for number in range(count):
            frame = pictures[number * len(pictures) * _ROUNDS // count % len(pictures)]
            frame.pts, frame.time_base = number, Fraction(1, _RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return states[1]


def _states(clip: ComposedClip) -> list[RGBImage]:
    """Return the empty place, and it with each thing, by turns."""
    shot_frames = dict(clip.frames(0.2))
    shown = clip.truth.appearances
    empty = next(
        picture
        for time, picture in shot_frames.items()
        if not any(each.first <= time <= each.last for each in shown)
    )
    states: list[RGBImage] = []
    for each in shown:
        middle = (each.start + each.end) / 2
        nearest = min(shot_frames, key=lambda time: abs(time - middle))
        states += [empty, shot_frames[nearest]]
    return states
