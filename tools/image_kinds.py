"""What kind of picture a file holds, by its first bytes."""

from __future__ import annotations

__all__ = ["mime_of"]

_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_AVIF = frozenset((b"avif", b"avis"))
_HEIC = frozenset(b"heic heix hevc hevx heim heis hevm hevs mif1 msf1 heif".split())


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
    if data[4:8] == b"ftyp" and data[8:12] in _AVIF | _HEIC:  # a movie has other brands
        return "image/avif" if data[8:12] in _AVIF else "image/heic"
    raise ValueError("expected the data of a picture, found something else")
