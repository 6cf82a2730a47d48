"""Cutting a part out of an ONNX graph without the ``onnx`` package; its weights stay in the file.

An ONNX file is a protobuf message of nodes, a few hundred bytes each, and of weights. A part is
what some inner tensors need to be computed from others: its nodes are copied byte for byte, and
its weights become references to their bytes in the file, which ONNX calls external data. So a
part takes kilobytes, and the runtime maps the weights from the file that ships them.

Field numbers are those of ``onnx.proto3``: ``ModelProto.graph`` 7; ``GraphProto.node`` 1,
``name`` 2, ``initializer`` 5, ``input`` 11 and ``output`` 12; ``NodeProto.input`` 1 and ``output``
2; ``ValueInfoProto.name`` 1 and ``type`` 2; ``TypeProto.tensor_type`` 1;
``TypeProto.Tensor.elem_type`` 1 and ``shape`` 2; ``TensorShapeProto.dim`` 1;
``Dimension.dim_param`` 2; ``TensorProto.name`` 8, ``raw_data`` 9, ``external_data`` 13 and
``data_location`` 14; ``StringStringEntryProto.key`` 1 and ``value`` 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["FLOAT", "INT64", "OnnxFile", "Tensor"]

FLOAT, INT64 = 1, 7
_LENGTH_DELIMITED = 2
_SMALL = 1024  # bytes: less is copied


class Tensor(NamedTuple):
    """A tensor at which a part is cut off.

    Attributes:
        name: Of the tensor.
        kind: ``FLOAT`` or ``INT64``.
        rank: How many axes it has; their sizes are left open.
    """

    name: str
    kind: int
    rank: int


class _Field(NamedTuple):
    """One field of a message.

    Attributes:
        number: Of the field.
        payload: Its bytes; None where it is a number.
        raw: The whole field, with its tag.
        at: Where the payload begins in the file.
    """

    number: int
    payload: memoryview | None
    raw: memoryview
    at: int


@dataclass(frozen=True, slots=True)
class _Node:
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    raw: memoryview


class OnnxFile:
    """An ONNX file whose parts are wanted.

    Args:
        content: All of the file: a serialised ``ModelProto``.
        name: The file's own name, which the weights of its parts refer to.

    Raises:
        ValueError: The bytes are not a protobuf message with a graph.
    """

    def __init__(self, content: memoryview, name: str) -> None:
        self._name = name
        self._top = list(_fields(content, 0))
        graphs = [field for field in self._top if field.number == 7]
        if not graphs or graphs[0].payload is None:
            raise ValueError("expected an ONNX model, but message field 7 is missing")
        self._nodes, self._weights = _parts_of(graphs[0].payload, graphs[0].at)

    def part(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> bytes:
        """Return the serialised part that computes some tensors from others.

        Args:
            inputs: Tensors that are given to the part.
            outputs: Tensors that it computes.

        Raises:
            ValueError: An output needs a tensor that is neither given nor computed.
        """
        nodes, used = self._needed({each.name for each in inputs}, outputs)
        graph = [
            *(_field(1, node.raw) for node in nodes),
            _field(2, b"part"),
            *(_field(5, _referring(self._weights[name], self._name)) for name in used),
            *(_field(11, _value_info(each)) for each in inputs),
            *(_field(12, _value_info(each)) for each in outputs),
        ]
        whole = _field(7, b"".join(graph))
        return b"".join(whole if field.number == 7 else field.raw for field in self._top)

    def _needed(self, given: set[str], outputs: Sequence[Tensor]) -> tuple[list[_Node], list[str]]:
        """Return the nodes of a part, in their order, and the names of the weights they use."""
        wanted = {each.name for each in outputs}
        kept = []
        for node in reversed(self._nodes):  # a node comes after what it needs
            if not wanted.isdisjoint(node.outputs):
                kept.append(node)
                wanted -= set(node.outputs)
                wanted |= {name for name in node.inputs if name} - given
        missing = sorted(wanted - self._weights.keys())
        if missing:
            raise ValueError(f"expected a part that computes {missing[0]!r} or is given it")
        return kept[::-1], sorted(wanted)


def _parts_of(graph: memoryview, at: int) -> tuple[list[_Node], dict[str, _Field]]:
    """Return a graph's nodes, each after those that it needs, and its weights by name."""
    nodes: list[_Node] = []
    weights: dict[str, _Field] = {}
    for field in _fields(graph, at):
        if field.payload is None:
            continue
        if field.number == 1:
            named: dict[int, list[str]] = {1: [], 2: []}
            for each in _fields(field.payload, field.at):
                if each.number in named and each.payload is not None:
                    named[each.number].append(bytes(each.payload).decode())
            nodes.append(_Node(tuple(named[1]), tuple(named[2]), field.payload))
        elif field.number == 5:
            names = [e.payload for e in _fields(field.payload, field.at) if e.number == 8]
            weights[b"".join(name for name in names if name is not None).decode()] = field
    return nodes, weights


def _referring(weight: _Field, location: str) -> bytes:
    """Return a weight whose bytes are those of the file, by their place in it."""
    parts: list[bytes | memoryview] = []
    for field in _fields(weight.payload or memoryview(b""), weight.at):
        payload = field.payload
        if field.number != 9 or payload is None or len(payload) < _SMALL:
            parts.append(field.raw)
            continue
        where = {"location": location, "offset": str(field.at), "length": str(len(payload))}
        parts += [
            _field(13, _field(1, key.encode()) + _field(2, value.encode()))
            for key, value in where.items()
        ]
        parts.append(_varint(14 << 3) + _varint(1))  # EXTERNAL
    return b"".join(parts)


def _value_info(tensor: Tensor) -> bytes:
    """Return the ``ValueInfoProto`` of a tensor."""
    axes = (f"{tensor.name}_{axis}".encode() for axis in range(tensor.rank))
    shape = b"".join(_field(1, _field(2, axis)) for axis in axes)
    kind = _varint(1 << 3) + _varint(tensor.kind) + _field(2, shape)
    return _field(1, tensor.name.encode()) + _field(2, _field(1, kind))


def _fields(view: memoryview, start: int) -> Iterator[_Field]:
    """Yield the fields of a message's top level; ``start`` is where in the file it begins."""
    at = 0
    while at < len(view):
        first = at
        tag, at = _read_varint(view, at)
        kind = tag & 7
        payload = None
        if kind == _LENGTH_DELIMITED:
            size, at = _read_varint(view, at)
            payload = view[at : at + size]
            at += size
        elif kind == 0:
            _, at = _read_varint(view, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ValueError(f"expected an ONNX model, found protobuf wire type {kind}")
        if at > len(view):
            raise ValueError("expected an ONNX model, but the message is cut short")
        begins = start + at - (0 if payload is None else len(payload))
        yield _Field(tag >> 3, payload, view[first:at], begins)


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


def _field(number: int, payload: bytes | memoryview) -> bytes:
    """Return a length-delimited field."""
    return b"".join((_varint(number << 3 | _LENGTH_DELIMITED), _varint(len(payload)), payload))
