"""Clips of plain scenes, without loss: what is in sight changes from second to second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from pekit_agents.testing import solid_scene

_RATE = 10


def film_scenes(
    film: Callable[..., Path], name: str, *seconds: Mapping[str, tuple[int, int, int, int]]
) -> Path:
    """Write a clip of 160 x 120 pixels with the fixture ``film``.

    Args:
        film: The fixture.
        name: The file's name.
        seconds: The patches of each second, as for :func:`solid_scene`.
    """
    scenes = [np.asarray(solid_scene(patches)) for patches in seconds]
    return film(
        name,
        "libx264rgb",
        fmt="rgb24",
        size=(160, 120),
        frames=_RATE * len(scenes),
        rate=_RATE,
        picture=lambda number: scenes[number // _RATE],
        options=[("crf", "0")],
    )
