"""Details as bytes, as the table and exports hold them.

First W, the width of a code, as a little-endian uint16; then for each of C patches W bytes of
code, two of colour and one of weight.
"""

from __future__ import annotations

import struct
from typing import NoReturn

import numpy as np

from pekit_agents.types import Details
from pekit_agents.wording.messages import counted

_WIDTH = struct.Struct("<H")
_COLOURS, _WEIGHT = 2, 1


def pack(details: Details) -> bytes:
    """Return ``details``, which were checked, as bytes."""
    parts = (details.codes, details.colours, details.weights[:, None])
    rows = np.concatenate(parts, axis=1)  # (C, W + 3)
    return _WIDTH.pack(details.codes.shape[1]) + rows.tobytes()


def unpack(data: bytes) -> Details:
    """Return what was packed, with read-only arrays.

    Raises:
        ValueError: It is damaged, or something else.
    """
    if len(data) < _WIDTH.size:
        _refuse(counted(len(data), "byte"))
    (width,) = _WIDTH.unpack_from(data)
    if width < 1:
        _refuse("codes of no width")
    row = width + _COLOURS + _WEIGHT
    count, rest = divmod(len(data) - _WIDTH.size, row)
    if count < 1 or rest:
        _refuse(
            f"{counted(count, 'patch', 'patches')} of {row} bytes and {counted(rest, 'byte')} more"
        )
    rows = np.frombuffer(data, np.int8, offset=_WIDTH.size).reshape(count, row)
    parts = (rows[:, :width], rows[:, width:-_WEIGHT], rows[:, -_WEIGHT])
    codes, colours, weights = (np.ascontiguousarray(part) for part in parts)
    if weights.min() < 1:
        _refuse(f"a weight of {weights.min()}")
    for array in (codes, colours, weights):
        array.setflags(write=False)
    return Details(codes, colours, weights)


def _refuse(found: str) -> NoReturn:
    # As pyarrow does, so that who reads says whether a file or the memory is damaged.
    raise ValueError(
        "details must be a width of at least 1, and then whole patches, one or more, with weights "
        f"of at least 1; got {found}."
    )
