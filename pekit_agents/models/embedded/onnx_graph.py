"""Opening up an ONNX graph without the ``onnx`` package.

An ONNX file is a protobuf message. Two edits are all the embedded model needs, and both touch
only a few hundred bytes of its 97 MB: free the declared height and width of the input, and
declare an inner tensor as an output. Everything else is copied through byte for byte.

Field numbers are those of ``onnx.proto3``: ``ModelProto.graph`` 7; ``GraphProto.input`` 11 and
``output`` 12; ``ValueInfoProto.name`` 1 and ``type`` 2; ``TypeProto.tensor_type`` 1;
``TypeProto.Tensor.elem_type`` 1 and ``shape`` 2; ``TensorShapeProto.dim`` 1;
``Dimension.dim_param`` 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

__all__ = ["expose"]

_FLOAT = 1
_LENGTH_DELIMITED = 2
_Rewrite = Callable[[bytes], bytes]


def expose(model: bytes, *, outputs: Sequence[str], free_axes: Sequence[int]) -> bytes:
    """Return the model with more outputs and with free input axes.

    Args:
        model: A serialised ONNX ``ModelProto`` with one input.
        outputs: Names of inner float32 tensors to declare as outputs, after the existing ones.
        free_axes: Axes of the input whose declared size becomes symbolic.

    Returns:
        The serialised model.

    Raises:
        ValueError: The bytes are not a protobuf message with a graph.
    """

    def graph(body: bytes) -> bytes:
        freed = _rewrite(body, 11, lambda info: _free(info, free_axes))
        return freed + b"".join(_field(12, _value_info(name)) for name in outputs)

    return _rewrite(model, 7, graph)


def _free(value_info: bytes, axes: Sequence[int]) -> bytes:
    """Make axes of a ``ValueInfoProto`` symbolic."""

    def shape(body: bytes) -> bytes:
        dims = [
            payload for number, payload, _ in _fields(body) if number == 1 and payload is not None
        ]
        for axis in axes:
            dims[axis] = _field(2, f"axis_{axis}".encode())
        return b"".join(_field(1, dim) for dim in dims)

    def tensor(body: bytes) -> bytes:
        return _rewrite(body, 2, shape)

    return _rewrite(value_info, 2, lambda kind: _rewrite(kind, 1, tensor))


def _value_info(name: str) -> bytes:
    """Return a ``ValueInfoProto`` of a float tensor whose shape is left open."""
    elem_type = _varint(1 << 3) + _varint(_FLOAT)
    return _field(1, name.encode()) + _field(2, _field(1, elem_type))


def _rewrite(message: bytes, number: int, edit: _Rewrite) -> bytes:
    """Return the message with every sub-message ``number`` replaced by ``edit`` of it."""
    parts: list[bytes] = []
    found = False
    for field, payload, raw in _fields(message):
        if field == number and payload is not None:
            parts.append(_field(number, edit(payload)))
            found = True
        else:
            parts.append(raw)
    if not found:
        raise ValueError(f"expected an ONNX model, but message field {number} is missing")
    return b"".join(parts)


def _fields(message: bytes) -> Iterator[tuple[int, bytes | None, bytes]]:
    """Yield (field number, payload, whole field) of a message's top level.

    The payload is None where the field is not length-delimited.
    """
    view, at = memoryview(message), 0
    while at < len(view):
        start = at
        tag, at = _read_varint(view, at)
        kind = tag & 7
        payload = None
        if kind == _LENGTH_DELIMITED:
            size, at = _read_varint(view, at)
            payload = bytes(view[at : at + size])
            at += size
        elif kind == 0:
            _, at = _read_varint(view, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ValueError(f"expected an ONNX model, found protobuf wire type {kind}")
        if at > len(view):
            raise ValueError("expected an ONNX model, but the message is cut short")
        yield tag >> 3, payload, bytes(view[start:at])


def _read_varint(view: memoryview, at: int) -> tuple[int, int]:
    """Return the varint at an offset and the offset behind it."""
    value = shift = 0
    while True:
        if at >= len(view) or shift > 63:
            raise ValueError("expected an ONNX model, but the message is cut short")
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, payload: bytes) -> bytes:
    """Return a length-delimited field."""
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(payload)) + payload
