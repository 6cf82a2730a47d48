"""How the camera of a composed shot moves and blurs: ``Camera.corner`` and ``Camera.blur``.

Times are seconds since the shot began; places are pixels of the world, of which the frame shows
a window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias

from PIL import Image, ImageFilter

__all__ = ["Blur", "Camera", "Episode", "blurred", "episodes", "shake"]

Blur: TypeAlias = Literal["motion", "defocus"]

_SHAKES = ((0.7, 1.0), (1.7, 0.5), (4.3, 0.2))  # of a hand: cycles a second, share of the reach
_LENGTH = (0.4, 0.9)  # seconds that a blur lasts
_SPACING = 3.0  # seconds from one blur to the next, about
_MOTION_WIDTH = (0.012, 0.03)  # of a motion blur, in frame widths
_DEFOCUS_RADIUS = (0.003, 0.008)  # of a defocus, in frame widths


@dataclass(frozen=True, slots=True)
class Episode:
    """A time of a shot in which it is blurred, most in the middle.

    Attributes:
        kind: Whether the camera jerked sideways or lost its focus.
        start: When it begins.
        seconds: How long it lasts.
        most: Width or radius in pixels in its middle.
    """

    kind: Blur
    start: float
    seconds: float
    most: float

    def strength(self, time: float) -> float:
        """Return its width or radius at a time, in pixels; 0 outside of it."""
        along = (time - self.start) / self.seconds
        return self.most * math.sin(math.pi * along) if 0 < along < 1 else 0.0


@dataclass(frozen=True, slots=True)
class Camera:
    """What part of the world a shot shows.

    Attributes:
        start: Upper left corner of the window at the beginning, in pixels of the world.
        end: The same at the end; it moves from one to the other and slows down at both.
        seconds: How long the shot is.
        shakes: Amplitude in pixels, cycles a second and phase of each wave, across and down.
        episodes: When it is blurred.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    seconds: float
    shakes: tuple[tuple[tuple[float, float, float], ...], ...] = ((), ())
    episodes: tuple[Episode, ...] = ()

    def corner(self, time: float) -> tuple[float, float]:
        """Return the upper left corner of the window at a time, in pixels of the world."""
        along = (1 - math.cos(math.pi * min(1.0, max(0.0, time / self.seconds)))) / 2
        x, y = (
            a + along * (b - a) + _swing(waves, time)
            for a, b, waves in zip(self.start, self.end, self.shakes, strict=True)
        )
        return x, y


def _swing(waves: tuple[tuple[float, float, float], ...], time: float) -> float:
    return sum(size * math.sin(2 * math.pi * rate * time + p) for size, rate, p in waves)


def shake(reach: float, random: Random) -> tuple[tuple[tuple[float, float, float], ...], ...]:
    """Return the waves of a hand that moves by about so many pixels, across and down."""
    across, down = (
        tuple(
            (reach * share, rate * random.uniform(0.8, 1.2), random.uniform(0, 2 * math.pi))
            for rate, share in _SHAKES
        )
        for _ in range(2)
    )
    return across, down


def episodes(seconds: float, width: int, random: Random) -> tuple[Episode, ...]:
    """Return the blurs of a shot, about one in three seconds, of either kind."""
    found = []
    time = random.uniform(0.5, _SPACING)
    while time + _LENGTH[1] < seconds:
        kind: Blur = "motion" if random.random() < 2 / 3 else "defocus"
        most = width * random.uniform(*(_MOTION_WIDTH if kind == "motion" else _DEFOCUS_RADIUS))
        lasts = random.uniform(*_LENGTH)
        found.append(Episode(kind, time, lasts, most))
        time += lasts + random.uniform(0.5, 1.5) * _SPACING
    return tuple(found)


def blurred(frame: Image.Image, kind: Blur, strength: float) -> Image.Image:
    """Return a frame as a jerk sideways or a lost focus shows it.

    Args:
        frame: The sharp frame.
        kind: Which of the two.
        strength: Width or radius in pixels; below half a pixel nothing changes.
    """
    if strength < 0.5:
        return frame
    if kind == "defocus":
        return frame.filter(ImageFilter.GaussianBlur(strength))
    return frame.filter(ImageFilter.BoxBlur((strength / 2, 0)))
