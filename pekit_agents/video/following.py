"""Where things of one frame are in the next, by their grey values: ``follow``.

This is what keeps boxes on things between the frames that are searched. It costs milliseconds,
and it knows nothing: what it follows may be anything, and a box that it loses is found again by
the next search. Trackers that learn or that need OpenCV would weigh more than the rest of the
toolkit, and follow no better over a few frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image

from pekit_agents.boxes import clip
from pekit_agents.types import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pekit_agents.types import FloatArray, RGBImage

    GreyImage: TypeAlias = FloatArray

__all__ = ["SIDE", "camera_shift", "follow", "grey"]

#: Pixels of the longer side at which frames are compared: a thing to be found has tens of them.
SIDE = 320
#: How far a thing is looked for beside where the camera's movement takes it, in pixels of these:
#: 24 are a fifth of the picture's width in half a second.
_REACH = 24
#: The least correlation of a box's grey values with those where it is now; others are compared by
#: ``python -m benchmarks video following``.
_ALIKE = 0.7
#: Pixels that following back may lead beside where it began (Kalal 2010).
_ASTRAY = 2
_LEAST_SIDE = 6  # pixels; with less there is nothing to compare


def grey(image: RGBImage) -> GreyImage:
    """Return a frame as grey values, (h, w) float32 in [0, 255], of at most 320 pixels a side."""
    scale = min(1.0, SIDE / max(image.size))
    width, height = (max(1, round(side * scale)) for side in image.size)
    small = image.resize((width, height), Image.Resampling.BOX).convert("L")
    return np.asarray(small, np.float32)


def camera_shift(before: GreyImage, now: GreyImage) -> tuple[int, int]:
    """Return by how many pixels the picture as a whole moved, across and down.

    By phase correlation (Kuglin and Hines 1975): what moves by itself counts little.

    Args:
        before: (h, w) grey values.
        now: (h, w), a little later.
    """
    window = np.hanning(before.shape[0])[:, None] * np.hanning(before.shape[1])
    spectra = [np.fft.rfft2((each - each.mean()) * window) for each in (before, now)]
    cross = spectra[1] * spectra[0].conj()
    cross /= np.maximum(np.abs(cross), 1e-6)
    peaks = np.fft.irfft2(cross, before.shape)
    down, across = np.unravel_index(int(peaks.argmax()), peaks.shape)
    return _signed(int(across), before.shape[1]), _signed(int(down), before.shape[0])


def follow(
    before: GreyImage, now: GreyImage, boxes: Sequence[Box], size_wh: tuple[int, int]
) -> list[Box | None]:
    """Return where what was in some boxes is now; None for what cannot be seen there any more.

    Each is looked for around where it was, and around where the camera's movement takes it, by the
    normalised correlation of grey values.

    Args:
        before: (h, w) grey values of a frame.
        now: (h, w), of the next one.
        boxes: Where things were, xyxy in pixels of the frame.
        size_wh: Width and height of the frame.
    """
    if not boxes:
        return []
    scale = before.shape[1] / size_wh[0], before.shape[0] / size_wh[1]
    shifts = {(0, 0), camera_shift(before, now)}
    return [_followed(before, now, box, size_wh, scale, shifts) for box in boxes]


def _followed(
    before: GreyImage,
    now: GreyImage,
    box: Box,
    size_wh: tuple[int, int],
    scale: tuple[float, float],
    shifts: set[tuple[int, int]],
) -> Box | None:
    height, width = before.shape
    x0, y0 = max(0, round(box.x0 * scale[0])), max(0, round(box.y0 * scale[1]))
    x1, y1 = min(width, round(box.x1 * scale[0])), min(height, round(box.y1 * scale[1]))
    part = before[y0:y1, x0:x1]
    if min(part.shape) < _LEAST_SIDE or part.std() == 0:
        return None
    move = _best_of(part, now, (x0, y0), shifts)
    if move is None:
        return None
    left, top = x0 + move[0], y0 + move[1]
    there = now[max(0, top) : max(0, top + y1 - y0), max(0, left) : max(0, left + x1 - x0)]
    if min(there.shape) < _LEAST_SIDE:
        return None
    corner = max(0, left), max(0, top)
    back = _best_of(there, before, corner, {(-a, -d) for a, d in shifts})
    if back is None or max(abs(move[0] + back[0]), abs(move[1] + back[1])) > _ASTRAY:
        return None
    dx, dy = move[0] / scale[0], move[1] / scale[1]
    return clip(Box(box.x0 + dx, box.y0 + dy, box.x1 + dx, box.y1 + dy), *size_wh)


def _best_of(
    part: GreyImage, now: GreyImage, corner: tuple[int, int], shifts: set[tuple[int, int]]
) -> tuple[int, int] | None:
    best, move = _ALIKE, None
    for shift in sorted(shifts):
        found = _best_move(part, now, (corner[0] + shift[0], corner[1] + shift[1]))
        if found is not None and found[0] > best:
            best = found[0]
            move = shift[0] + found[1], shift[1] + found[2]
    return move


def _best_move(
    part: GreyImage, now: GreyImage, corner: tuple[int, int]
) -> tuple[float, int, int] | None:
    """Return the best correlation near a corner, and by how much it lies beside it.

    What has left the frame in part is compared by the part that is still inside.
    """
    height, width = part.shape
    padded = np.pad(now, _REACH + max(height, width) // 2, mode="edge")
    edge = _REACH + max(height, width) // 2
    left, top = corner[0] - _REACH + edge, corner[1] - _REACH + edge
    if left < 0 or top < 0:
        return None
    area = padded[top : top + height + 2 * _REACH, left : left + width + 2 * _REACH]
    if area.shape != (height + 2 * _REACH, width + 2 * _REACH):
        return None
    correlations = _correlations(part, area)
    down, across = np.unravel_index(int(correlations.argmax()), correlations.shape)
    return float(correlations[down, across]), int(across) - _REACH, int(down) - _REACH


def _correlations(part: GreyImage, area: GreyImage) -> GreyImage:
    """Return the normalised cross-correlation of a part with each place of an area (Lewis 1995)."""
    height, width = part.shape
    own = part - part.mean()
    shape = area.shape
    spectrum = np.fft.rfft2(area) * np.fft.rfft2(own, shape).conj()
    rows, columns = shape[0] - height + 1, shape[1] - width + 1
    dots = np.fft.irfft2(spectrum, shape)[:rows, :columns]
    sums, squares = (_window_sums(each, height, width) for each in (area, area**2))
    variance = np.maximum(squares - sums**2 / own.size, own.size * 1e-3)
    correlations: GreyImage = dots / np.sqrt(variance * (own**2).sum())
    return correlations


def _window_sums(values: FloatArray, height: int, width: int) -> FloatArray:
    total = np.pad(values.astype(np.float64), ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    sums: FloatArray = (
        total[height:, width:]
        - total[:-height, width:]
        - total[height:, :-width]
        + total[:-height, :-width]
    )
    return sums


def _signed(shift: int, period: int) -> int:
    return shift - period if shift > period // 2 else shift
