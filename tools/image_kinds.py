"""What kind of picture a file holds, by its first bytes: ``mime_of``, ``is_known``."""

from __future__ import annotations

import re

__all__ = ["SIGNS", "is_known", "mime_of"]

_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),  # of more than 4 GB, or by a program that writes no other
    (b"MM\x00+", "image/tiff"),
)
#: Pictures that nobody sends to a model: JPEG 2000, JPEG XL, Photoshop, QOI, Apple's icons, DDS,
#: EXR, Fuji's raw files.
_OTHER = (
    b"\x00\x00\x00\x0cjP  \r\n\x87\n",
    b"\xff\x4f\xff\x51",
    b"\x00\x00\x00\x0cJXL \r\n\x87\n",
    b"8BPS\x00",
    b"qoif\x00",
    b"icns\x00",
    b"DDS |\x00\x00\x00",
    b"v/1\x01",
    b"FUJIFILMCCD-RAW ",
)
_AVIF = frozenset((b"avif", b"avis"))
_HEIC = frozenset(b"heic heix hevc hevx heim heis hevm hevs mif1 msf1 heif".split())
_BRANDS = {**dict.fromkeys(_AVIF, "image/avif"), **dict.fromkeys(_HEIC, "image/heic")}
_GAP = rb"(?:\s|#[^\n]*\n)++"
_PNM = re.compile(
    rb"P4%b\d+%b\d+\s|P[56]%b\d+%b\d+%b\d+\s".replace(b"%b", _GAP)  # width, height, maximum
)
#: An icon or a cursor: how many pictures it holds, and where the first one lies.
_ICON = re.compile(rb"\x00\x00[\x01\x02]\x00([\x01-\xff])\x00...\x00...\x00.{4}(.{4})", re.DOTALL)

#: How the file of every kind begins, as far as that is the same for all of a kind.
SIGNS = (
    *(magic for magic, _ in _MAGIC),
    *_OTHER,
    b"RIFF",
    b"\x00\x00\x01\x00",
    b"\x00\x00\x02\x00",
    *(b"P" + number + space for number in (b"4", b"5", b"6") for space in (b"\n", b" ", b"\r")),
)


def mime_of(data: bytes) -> str:
    """Return the MIME type that the first bytes of an image file tell.

    Raises:
        ValueError: They are not those of a known kind of picture.
    """
    for magic, mime in _MAGIC:
        if data.startswith(magic):
            return mime
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp" and data[8:12] in _BRANDS:  # a movie has other brands
        return _BRANDS[data[8:12]]
    raise ValueError("expected the data of a picture, found something else")


def is_known(data: bytes) -> bool:
    """Return whether the first bytes of a file are those of a picture of any kind, sent or not."""
    try:
        return bool(mime_of(data))
    except ValueError:
        if data.startswith(_OTHER) or data[4:12] == b"ftypcrx " or _PNM.match(data):  # Canon's raw
            return True
    icon = _ICON.match(data)
    return icon is not None and int.from_bytes(icon[2], "little") >= 6 + 16 * icon[1][0]
