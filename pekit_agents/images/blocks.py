"""Files that are built as no ordinary photo is: they are refused before anything is decoded.

Only markers, lengths and counts are read here, and texts of a PNG: ``without_large_texts`` drops
those that Pillow would refuse the picture for.
"""

from __future__ import annotations

import math
import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from PIL import Image, PngImagePlugin

from pekit_agents.errors import ImageError

__all__ = [
    "MAX_BLOCKS",
    "MAX_COMPRESSED",
    "MAX_PARTS",
    "MAX_SCANS",
    "SLOW_PIXELS",
    "check_blocks",
    "check_decoder",
    "is_reduced",
    "without_large_texts",
]

#: Scans of a JPEG. Ordinary files have one or about ten; libjpeg writes at most 18, for CMYK.
MAX_SCANS = 32
#: Blocks of a file, besides one for each kilobyte: segments, chunks, extensions. A JPEG of 50 MB
#: that is all segments of full length has 800, a PNG has a chunk for every 4 kilobytes or more.
MAX_BLOCKS = 4096
#: Compressed texts and profiles of a PNG, and comments of a plain-text PNM. Ordinary files have
#: fewer than ten.
MAX_COMPRESSED = 64
#: Strips or tiles of a TIFF; one a row is what some scanners write.
MAX_PARTS = 65_536
#: Pixels of the rare kinds that Pillow decodes in Python and not in C.
SLOW_PIXELS = 2**20

_PNM_HEADER = 4096  # bytes; ordinary ones have fewer than a hundred
_BLOCK, _SCAN, _COMPRESSED, _PART = "blocks", "scans", "compressed blocks or comments", "strips"
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")
_PLAIN_PNM = (b"P1", b"P2", b"P3")
_PNG = b"\x89PNG\r\n\x1a\n"
_TEXTS = (b"iCCP", b"zTXt", b"iTXt", b"tEXt")
_NEW_SUBFILE_TYPE, _SUBFILE_TYPE, _SHORT = 254, 255, 3
_STRIPS = (273, 324)  # StripOffsets, TileOffsets


def check_blocks(data: bytes, name: str) -> None:
    """Refuse a file with more blocks, scans, comments, strips or tiles than ordinary files have.

    Args:
        data: The file; what is of an unknown kind passes.
        name: What to call it in messages.

    Raises:
        ImageError: It has more.
    """
    most = {
        _BLOCK: MAX_BLOCKS + len(data) // 1024,
        _SCAN: MAX_SCANS,
        _COMPRESSED: MAX_COMPRESSED,
        _PART: MAX_PARTS,
    }
    seen: Counter[str] = Counter()
    blocks_of = next((of for sign, of in _KINDS.items() if data.startswith(sign)), None)
    for kind, count in () if blocks_of is None else blocks_of(data):
        seen[kind] += count
        if seen[kind] > most[kind]:
            raise ImageError(
                f"{name}: expected at most {most[kind]} {kind} in the file, got more; save the "
                "picture again as an ordinary JPEG or PNG."
            )


def check_decoder(picture: Image.Image, name: str) -> None:
    """Refuse a large picture of a rare kind that is decoded in Python: plain-text PNM, RLE BMP.

    Args:
        picture: Opened and not decoded yet; others pass.
        name: What to call it in messages.

    Raises:
        ImageError: It is one.
    """
    codecs = {tile[0] for tile in getattr(picture, "tile", ())}
    if codecs & set(Image.DECODERS) and picture.width * picture.height > SLOW_PIXELS:
        raise ImageError(
            f"{name}: expected at most {SLOW_PIXELS / 1e6:.1f} megapixels of a picture that is "
            f"stored in this way ({picture.format}), got {picture.width}x{picture.height}; save "
            "it again as JPEG or PNG."
        )


def without_large_texts(data: bytes) -> bytes:
    """Return a PNG without the texts and profiles that Pillow refuses; other files as they are.

    Such a text (a workflow, a history of editing) is no part of the picture. Of each at most as
    much is unpacked as Pillow reads.

    Args:
        data: A file that ``check_blocks`` has let pass.
    """
    if not data.startswith(_PNG):
        return data
    kept, start = list[bytes](), 0
    room: float = PngImagePlugin.MAX_TEXT_MEMORY
    for kind, at, end in _png_chunks(data):
        if kind not in _TEXTS:
            continue
        size = _unpacked(kind, data[at + 8 : end - 4])
        if size > room:
            kept.append(data[start:at])
            start = end
        elif kind != b"iCCP":
            room -= size
    return b"".join((*kept, data[start:])) if kept else data


def _unpacked(kind: bytes, chunk: bytes) -> float:
    """Return the length of a PNG's text or profile; infinity for what Pillow does not unpack."""
    _, _, rest = chunk.partition(b"\0")
    if kind == b"tEXt":
        return len(rest)
    method, packed = rest[:1], rest[1:]
    if kind == b"iTXt":
        flag, method = rest[:1], rest[1:2]
        packed = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
        if flag == b"\0":
            return len(packed)
    if method != b"\0":
        return math.inf
    most = PngImagePlugin.MAX_TEXT_CHUNK
    unpacking = zlib.decompressobj()
    try:
        size = len(unpacking.decompress(packed, most))
    except zlib.error:
        return 0  # Pillow passes it over
    return math.inf if unpacking.unconsumed_tail else size


def _of_jpeg(data: bytes) -> Iterator[tuple[str, int]]:
    at = 2
    while found := _MARKER.search(data, at):
        code = found[1][0]
        if code == 0xD9:  # the end; what follows is no part of the picture
            return
        yield (_SCAN if code == 0xDA else _BLOCK), 1
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")


def _of_png(data: bytes) -> Iterator[tuple[str, int]]:
    for kind, _, _ in _png_chunks(data):
        yield _BLOCK, 1
        if kind in _TEXTS and kind != b"tEXt":
            yield _COMPRESSED, 1


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each chunk, where it begins and where it ends."""
    at, kind = 8, b""
    while at < len(data) and kind != b"IEND":
        kind = data[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield kind, at, end
        at = end


def _of_gif(data: bytes) -> Iterator[tuple[str, int]]:
    """Yield what stands before the first frame; no other is read."""
    at = 13
    if data[10:11] and data[10] & 0x80:
        at += 3 << (data[10] & 7) + 1
    while at < len(data) and data[at] not in b",;":
        yield _BLOCK, 1
        if data[at] != 0x21:
            at += 1
            continue
        at += 2
        while at < len(data) and data[at]:
            yield _BLOCK, 1
            at += 1 + data[at]
        at += 1


def _of_webp(data: bytes) -> Iterator[tuple[str, int]]:
    at = 12
    while at < len(data):
        yield _BLOCK, 1
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2


def _of_tiff(data: bytes) -> Iterator[tuple[str, int]]:
    """Yield what the directories say, up to that of the first full picture; no other is read."""
    byte_order: Literal["little", "big"] = "little" if data[:1] == b"I" else "big"
    order = "<" if data[:1] == b"I" else ">"
    big = 43 in data[2:4]
    place, number, entry = ("Q", "Q", "HHQ8s") if big else ("I", "H", "HHI4s")
    try:
        (at,) = struct.unpack_from(order + place, data, 8 if big else 4)
        while at:
            (entries,) = struct.unpack_from(order + number, data, at)
            at += struct.calcsize(order + number)
            said: dict[int, int] = {}
            for _ in range(entries):
                yield _BLOCK, 1
                tag, code, count, value = struct.unpack_from(order + entry, data, at)
                at += struct.calcsize(order + entry)
                if tag in _STRIPS:
                    yield _PART, count
                said[tag] = int.from_bytes(value[: 2 if code == _SHORT else 4], byte_order)
            if not is_reduced(said):
                return
            yield _BLOCK, 1  # pages may go round in a circle
            (at,) = struct.unpack_from(order + place, data, at)
    except struct.error:
        return  # cut off: for the decoder to say


def is_reduced(tags: Mapping[int, Any]) -> bool:
    """Return whether a page of a TIFF is a thumbnail or a mask of another page, by its tags."""
    return bool(tags.get(_NEW_SUBFILE_TYPE, 0) & 0b101) or tags.get(_SUBFILE_TYPE) == 2


def _of_pnm(data: bytes) -> Iterator[tuple[str, int]]:
    head = re.sub(rb"#[^\r\n]*", b"", data[:_PNM_HEADER])
    if len(data) > _PNM_HEADER and len(head.split(maxsplit=4)) < 4:
        yield _COMPRESSED, MAX_COMPRESSED + 1  # all comment
    if data[:2] in _PLAIN_PNM:
        yield _COMPRESSED, data.count(b"#")


_KINDS = {
    b"\xff\xd8": _of_jpeg,
    _PNG: _of_png,
    b"GIF": _of_gif,
    b"RIFF": _of_webp,
    b"II": _of_tiff,
    b"MM": _of_tiff,
    b"P": _of_pnm,
}
