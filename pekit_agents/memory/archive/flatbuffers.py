"""One question to the header of an Arrow message, asked before anything of it is unpacked."""

from __future__ import annotations

import struct

# The tables of Arrow's Message.fbs: fields are numbered in the order in which they are declared.
_HEADER = 2
_COMPRESSION = 3


def is_compressed(metadata: bytes) -> bool:
    """Return whether a record batch declares compressed buffers, which may unfold to any size.

    Args:
        metadata: The flatbuffer of a message of type "record batch".

    Raises:
        struct.error: It is damaged.
    """
    (message,) = struct.unpack_from("<I", metadata)
    at = _field(metadata, message, _HEADER)
    (offset,) = struct.unpack_from("<I", metadata, at)
    return _field(metadata, at + offset, _COMPRESSION) != 0


def _field(metadata: bytes, table: int, number: int) -> int:
    """Return where a field of the table at ``table`` lies; 0 if it is not set."""
    (back,) = struct.unpack_from("<i", metadata, table)
    vtable = table - back
    size, _, *_ = struct.unpack_from("<HH", metadata, vtable)
    slot = 4 + 2 * number
    if slot + 2 > size:
        return 0
    (offset,) = struct.unpack_from("<H", metadata, vtable + slot)
    return table + offset if offset else 0
