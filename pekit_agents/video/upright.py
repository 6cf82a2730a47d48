"""Frames as a player shows them: ``upright_frame`` turns one and makes its pixels square."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.types import RGBImage

__all__ = ["display_matrix", "square_size", "turn_of", "upright_frame", "upright_size"]

#: Pixels of discs and of anamorphic lenses are at most twice as wide as high, or the reverse; what
#: is far beyond is a damaged header, and would take RAM without end.
_ODDEST_PIXEL = 4
#: Whether x and y are mirrored -> how a picture is turned: counter-clockwise, as Pillow does.
_KEPT_SIDES = {
    (False, False): None,
    (True, False): Image.Transpose.FLIP_LEFT_RIGHT,
    (False, True): Image.Transpose.FLIP_TOP_BOTTOM,
    (True, True): Image.Transpose.ROTATE_180,
}
#: The same where x becomes y, and y becomes x.
_SWAPPED_SIDES = {
    (False, False): Image.Transpose.TRANSPOSE,
    (True, False): Image.Transpose.ROTATE_90,
    (False, True): Image.Transpose.ROTATE_270,
    (True, True): Image.Transpose.TRANSVERSE,
}


def upright_frame(
    picture: RGBImage, ratio: float = 1.0, matrix: NDArray[np.int32] | None = None
) -> RGBImage:
    """Return a frame as a player shows it: with square pixels, and turned as its file says.

    Args:
        picture: The frame as it was coded.
        ratio: How wide one of its pixels is when it is 1 high (the sample aspect ratio).
        matrix: (3, 3) the display matrix of ISO/IEC 14496-12, which maps points of the coded frame
            to those of the shown one, y downwards: (x, y, 1) @ matrix. None leaves it as it is, and
            so does an angle between two quarter turns as much as it can.
    """
    size = square_size(picture.size, ratio)
    if size != picture.size:
        picture = picture.resize(size)
    turn = turn_of(matrix)
    return picture if turn is None else picture.transpose(turn)


def square_size(size_wh: tuple[int, int], ratio: float) -> tuple[int, int]:
    """Return the size of a frame with square pixels: one of its sides is longer then."""
    width, height = size_wh
    if not 1 / _ODDEST_PIXEL <= ratio <= _ODDEST_PIXEL:
        return size_wh
    return round(width * max(ratio, 1.0)), round(height * max(1 / ratio, 1.0))


def upright_size(size_wh: tuple[int, int], turn: Image.Transpose | None) -> tuple[int, int]:
    """Return the size of a picture after it was turned."""
    width, height = size_wh
    return (height, width) if turn in _SWAPPED_SIDES.values() else (width, height)


def turn_of(matrix: NDArray[np.int32] | None) -> Image.Transpose | None:
    """Return how a frame is turned and mirrored: see :func:`upright_frame`."""
    if matrix is None:
        return None
    a, b, c, d = (int(edge) for edge in matrix[:2, :2].flat)
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return _KEPT_SIDES[a < 0, d < 0]
    return _SWAPPED_SIDES[b < 0, c < 0]


def display_matrix(frame: Any) -> NDArray[np.int32] | None:
    """Return the display matrix that a decoded frame carries: (3, 3), or None."""
    for said in frame.side_data:
        if said.type.name == "DISPLAYMATRIX":
            return np.frombuffer(bytes(said), np.int32, count=9).reshape(3, 3)
    return None
