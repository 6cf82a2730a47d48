"""``Clip``: a clip that introduces an object; ``looks_like_a_clip`` tells one from a photo."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pekit_agents.errors import InvalidInput
from pekit_agents.memory.records import view_id_of

__all__ = ["Clip", "clip_view_ids", "looks_like_a_clip"]

_HEAD = 512  # bytes, in which every format says what it is
#: Of what has the box "ftyp", too: HEIC and AVIF, whose series of pictures are photos here.
_PHOTO_BRANDS = frozenset(
    b"heic heix hevc hevx heim heis hevm hevs mif1 msf1 heif avif avis".split()
)
_BEGINNINGS = (
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF: WMV
    b"FLV\x01",
    b"OggS",
    b"\0\0\x01\xba",  # MPEG, as it lies on discs
    b"\0\0\x01\xb3",
)
_OLD_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip")
_PACKET = 188  # bytes of an MPEG transport stream, each of which begin with 0x47


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A clip that shows an object while it is turned, or walked around.

    Attributes:
        source: A path; the bytes of a clip; a binary file; the address of a camera or a stream;
            or any iterable of (seconds, picture). An address must never come from a model or a
            stranger: it is opened.
        start: Seconds from the first frame, from where on it is looked at.
        end: Seconds from the first frame, up to where; None for all of it. A camera needs one.

    Raises:
        InvalidInput: ``start`` is below 0, or ``end`` is not after it.
    """

    source: Any
    start: float = 0.0
    end: float | None = None

    def __post_init__(self) -> None:
        last = float("inf") if self.end is None else self.end
        if not 0 <= self.start < last:
            raise InvalidInput(
                "Clip: expected a start of at least 0 and an end after it, in seconds, found "
                f"start={self.start} and end={self.end}"
            )


def looks_like_a_clip(source: object) -> bool:
    """Return whether a path or bytes begin like a clip; what cannot be read does not.

    A GIF is a photo, of which the first frame counts, and so is a series of pictures in a HEIC or
    an AVIF: who means the clip passes a :class:`Clip`.

    Args:
        source: Anything that may be a photo or a clip.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return _begins_like_a_clip(bytes(memoryview(source).cast("B")[:_HEAD]))
    if not isinstance(source, str | os.PathLike):
        return False
    with suppress(OSError, ValueError):
        path = Path(os.fsdecode(source))
        if path.is_file():  # nobody may ever write into a pipe
            with path.open("rb") as file:
                return _begins_like_a_clip(file.read(_HEAD))
    return False


def clip_view_ids(first: str, count: int) -> list[str]:
    """Return an id for each view of a clip, made of the first one's.

    Args:
        first: Of the clip, as a photo has one.
        count: How many views there are.
    """
    return [first, *(view_id_of(first, str(number).encode()) for number in range(2, count + 1))]


def _begins_like_a_clip(head: bytes) -> bool:
    if head[4:8] == b"ftyp":
        end = min(int.from_bytes(head[:4], "big"), len(head))
        brands = {head[8:12], *(head[at : at + 4] for at in range(16, end, 4))}
        return not brands & _PHOTO_BRANDS
    return (
        head.startswith(_BEGINNINGS)
        or head[4:8] in _OLD_QUICKTIME
        or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")
        or (len(head) > _PACKET and head[0] == head[_PACKET] == 0x47)
    )
