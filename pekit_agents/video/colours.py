"""From a decoded frame to RGB: ``FrameConverter`` turns it upright, reduces it and sees to colours.

Matrix and range are those that the clip names. Where it names no matrix, HD is read as BT.709 and
smaller pictures as BT.601, as players do. Transparency is laid over white. Of HDR (PQ and HLG) the
brightness is brought into the range of an ordinary picture; its wider colours look paler.
Interlaced frames stay as they are: both fields in one picture.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from pekit_agents.video.frames import Frame
from pekit_agents.video.pyav import av
from pekit_agents.video.upright import display_matrix, square_size, turn_of, upright_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.types import RGBImage

__all__ = ["LONGER_SIDE", "FrameConverter", "reduced_size"]

#: Pixels of the longer side of a frame that is searched: that of full HD, of which every thing that
#: fills a hundredth of the picture has enough.
LONGER_SIDE = 1920
_HD_HEIGHT = 720
_UNSPECIFIED, _RESERVED = 2, 3  # AVCOL_SPC_*
_PQ, _HLG = 16, 18  # AVCOL_TRC_*
_BILINEAR, _AREA = 2, 32  # SWS_*
_FULL_CHROMA = 0x2000  # SWS_FULL_CHR_H_INT; without it deep and reduced frames come out too dark


class FrameConverter:
    """Makes frames of a clip out of decoded ones; those after the first get the first one's size.

    Args:
        ratio: How wide a pixel of the clip is when it is 1 high.
    """

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio
        self._reformatter = av.video.reformatter.VideoReformatter()
        self._size_wh: tuple[int, int] | None = None
        self._turn: Image.Transpose | None = None

    def size_wh(self, decoded: av.VideoFrame) -> tuple[int, int]:
        """Return the upright size of the clip with square pixels."""
        if self._size_wh is None:
            # Asked once: a frame that was asked for side data stays until garbage is collected.
            self._turn = turn_of(display_matrix(decoded))
            square = square_size((decoded.width, decoded.height), self._ratio)
            self._size_wh = upright_size(square, self._turn)
        return self._size_wh

    def frame(self, time: float, decoded: av.VideoFrame) -> Frame:
        """Return a decoded frame as one to search.

        Raises:
            av.FFmpegError: Its pixels are of a kind that cannot be converted.
        """
        size_wh = self.size_wh(decoded)
        image = self._rgb(decoded, upright_size(reduced_size(size_wh), self._turn))
        return Frame(time, image if self._turn is None else image.transpose(self._turn), size_wh)

    def _rgb(self, decoded: av.VideoFrame, size: tuple[int, int]) -> RGBImage:
        kind = decoded.format
        seen_through = kind.has_palette or any(each.is_alpha for each in kind.components)
        made = self._reformatter.reformat(
            decoded,
            *size,
            format="rgba" if seen_through else "rgb24",
            src_colorspace=_matrix(decoded),
            interpolation=_interpolation(decoded, size),
        )
        if seen_through:
            rgba = Image.fromarray(made.to_ndarray())
            image = Image.new("RGB", rgba.size, "white")
            image.paste(rgba, mask=rgba)
        else:
            image = Image.fromarray(made.to_ndarray())
        if decoded.color_trc in (_PQ, _HLG):
            image = image.point(_ordinary(decoded.color_trc) * 3)
        return image


def reduced_size(size_wh: tuple[int, int]) -> tuple[int, int]:
    """Return the size in which a frame is searched: its longer side has at most 1920 pixels."""
    factor = min(1.0, LONGER_SIDE / max(size_wh))
    width, height = size_wh
    return max(1, round(width * factor)), max(1, round(height * factor))


def _matrix(decoded: av.VideoFrame) -> int | None:
    """Return libswscale's number of the matrix where a frame names none; None where it does."""
    if decoded.colorspace not in (_UNSPECIFIED, _RESERVED) or decoded.format.is_rgb:
        return None
    hd = min(decoded.width, decoded.height) >= _HD_HEIGHT
    return int(av.video.reformatter.Colorspace.ITU709 if hd else 5)


def _interpolation(decoded: av.VideoFrame, size: tuple[int, int]) -> int:
    smaller = size[0] * size[1] < decoded.width * decoded.height
    return (_AREA if smaller else _BILINEAR) | _FULL_CHROMA


@functools.cache
def _ordinary(transfer: int) -> list[int]:
    """Return for each value of an HDR picture that of an ordinary one (ITU-R BT.2100 to sRGB)."""
    signal: NDArray[Any] = np.arange(256) / 255
    if transfer == _PQ:  # to multiples of the white of paper, 203 candela a square metre (BT.2408)
        power = signal ** (1 / 78.84375)
        light = (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (
            1 / 0.1593017578125
        )
        light *= 10_000 / 203
    else:  # HLG, whose white of paper is at 75 % of the signal
        low, high = signal**2 / 3, (np.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12
        scene = np.where(signal <= 0.5, low, high)
        light = (scene / 0.2649) ** 1.2
    light = np.clip(light, 0, 1)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return [int(value) for value in np.rint(srgb * 255)]
