"""Clips out: ``ClipWriter`` encodes frames with times as H.264 in an MP4 file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from typing import TYPE_CHECKING

from pekit_agents.errors import InvalidInput, MissingDependency
from pekit_agents.video.pyav import av
from pekit_agents.video.sources import reason

if TYPE_CHECKING:
    from pathlib import Path

    from pekit_agents.types import RGBImage

__all__ = ["MOST_FRAMES", "ClipWriter", "written"]

#: Frames a second, at most: what phones film at, and screens show evenly.
MOST_FRAMES = 30
_ENCODER = "libx264"
_QUALITY = "23"  # the encoder's own default: as good as films are sent
_PRESET = "veryfast"  # full HD in less than half the time of the default, in files no larger
_TICKS = 90_000  # a second: the times of all usual frame rates are whole numbers of them
_BT709, _LIMITED = 1, 1  # AVCOL_*: the colours of HD, which players take where none are named


class ClipWriter:
    """Writes a clip; use it as a context manager, which closes the file.

    Frames keep their times, so that a clip of a changing frame rate stays one. A side of an odd
    number of pixels loses the last one, as H.264 asks for even ones.

    Args:
        path: The file; replaced.
        name: What to call it in messages.

    Raises:
        MissingDependency: PyAV cannot write H.264.
        InvalidInput: The file cannot be written.
    """

    def __init__(self, path: Path, name: str) -> None:
        if _ENCODER not in av.codecs_available:
            raise MissingDependency(
                "PyAV, which writes clips, was built without H.264; type: pip install "
                "--force-reinstall --only-binary av av"
            )
        self._name = name
        self._size: tuple[int, int] | None = None
        self._ticks = self._step = 0
        with written(name):
            self._container = av.open(
                str(path), "w", format="mp4", options={"movflags": "+faststart"}
            )

    def __enter__(self) -> ClipWriter:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        with written(self._name) if failed is None else suppress(av.FFmpegError, OSError):
            try:
                if failed is None and self._size is not None:
                    self._mux(self._stream.encode())
            finally:
                self._container.close()

    def write(self, time: float, picture: RGBImage) -> None:
        """Write a frame.

        Args:
            time: Seconds from the beginning of the clip, later than that of the frame before.
            picture: In RGB, of the size of the first one.

        Raises:
            InvalidInput: The file cannot be written.
        """
        size = self._size or self._begin(picture.size)
        if picture.size != size:
            picture = picture.crop((0, 0, *size))
        frame = av.VideoFrame.from_image(picture).reformat(
            format="yuv420p",
            dst_colorspace=av.video.reformatter.Colorspace.ITU709,
            dst_color_range=av.video.reformatter.ColorRange.MPEG,
        )
        ticks = round(time * _TICKS)
        self._step, self._ticks = ticks - self._ticks, ticks
        frame.pts, frame.time_base = ticks, Fraction(1, _TICKS)
        with written(self._name):
            self._mux(self._stream.encode(frame))

    def _mux(self, packets: list[av.Packet]) -> None:
        for packet in packets:
            # It counts for the last frame alone, which is shown for as long as the one before.
            packet.duration = self._step or _TICKS // MOST_FRAMES
            self._container.mux(packet)

    def _begin(self, size_wh: tuple[int, int]) -> tuple[int, int]:
        self._size = (max(2, size_wh[0] // 2 * 2), max(2, size_wh[1] // 2 * 2))
        self._stream = self._container.add_stream(
            _ENCODER, rate=MOST_FRAMES, options={"crf": _QUALITY, "preset": _PRESET}
        )
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context
        context.time_base = Fraction(1, _TICKS)
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED
        return self._size


@contextmanager
def written(name: str) -> Iterator[None]:
    """Translate an error of the system or of FFmpeg while a file is written.

    Args:
        name: What to call the file in messages.

    Raises:
        InvalidInput: There was one.
    """
    try:
        yield
    except (OSError, av.FFmpegError) as exc:
        raise InvalidInput(
            f"{name} cannot be written ({reason(exc)}); check that its folder is there and may be "
            "written in, and that the disk has room"
        ) from exc
