"""Pictures anywhere in a value that is no message: :func:`swept` puts texts in their place."""

from __future__ import annotations

import dataclasses
from array import array
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel

from pekit_agents.errors import ImageError
from pekit_agents.images.limits import DEFAULT_LIMITS
from pekit_agents.images.loading import load_image
from pekit_agents.tools.hidden_pictures import (
    LEAST,
    LeftOut,
    coded_picture,
    is_picture,
    parts_of,
)

__all__ = ["swept"]

_KEYS_OF_MIME = frozenset(("mimetype", "mediatype", "contenttype", "imagemimetype"))
_COLOURS = (3, 4)  # with transparency
_OF_ANY_SIZE = dataclasses.replace(DEFAULT_LIMITS, min_side=1)  # too small to search, and shown


def swept(
    value: Any,
    keep: Callable[[bytes | LeftOut], str],
    special: Any = None,
    *,
    max_bytes: int = DEFAULT_LIMITS.max_bytes,
) -> Any:
    """Return a value with a text in place of each picture in it; itself when it holds none.

    Args:
        value: Whatever a tool returned: JSON-like values, dataclasses, attrs, Pydantic models,
            pictures of PIL, files in bytes, streams, uint8 arrays and lists of numbers, and
            (..., H, W, 3 or 4) or (3 or 4, H, W) uint8 arrays of colours. It is not changed.
        keep: Takes a picture and returns what stands for it.
        special: Called with each value first; what it returns is used unless it is None.
        max_bytes: Larger pictures in texts are left out.
    """
    return _Sweep(keep, special, max_bytes).of(value)


class _Sweep:
    def __init__(
        self, keep: Callable[[bytes | LeftOut], str], special: Any, max_bytes: int
    ) -> None:
        self._keep, self._special, self._max_bytes = keep, special, max_bytes
        self._open: set[int] = set()  # what is being looked at: values may hold themselves

    def of(self, value: Any, *, declared: bool = False) -> Any:
        if isinstance(value, str):
            return self._text(value, declared)
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, bytes | bytearray | memoryview | array):
            return self._bytes(value, declared)
        if id(value) in self._open:
            return value
        self._open.add(id(value))
        try:
            known = None if self._special is None else self._special(value)
            return self._inside(value) if known is None else known
        finally:
            self._open.discard(id(value))

    def _inside(self, value: Any) -> Any:
        if isinstance(value, list | tuple | set | frozenset | deque):
            data = _of_numbers(value)
            return self._items(value) if data is None else self._keep(data)
        if isinstance(value, Mapping):
            data = _of_numbers(_numbered(value))
            return self._mapping(value) if data is None else self._keep(data)
        if isinstance(value, Image.Image):
            return self._keep(_png(value))
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, BytesIO):
            new = self._bytes(value.getvalue(), False)
            return new if isinstance(new, str) else value
        return value if isinstance(value, type) else self._record(value)

    def _mapping(self, value: Mapping[Any, Any]) -> Any:
        changed = self._fields(value)
        names = {key: self._name(key) for key in value}
        if not changed and all(new is key for key, new in names.items()):
            return value
        return {names[key]: changed.get(key, old) for key, old in value.items()}

    def _name(self, key: Any) -> Any:
        return self.of(key) if isinstance(key, str | bytes) else key

    def _array(self, value: NDArray[Any]) -> Any:
        if value.dtype != np.uint8:
            return value
        if value.size == max(value.shape, default=0):  # a file: (N,), (N, 1) or (1, N)
            data = value[:1].tobytes() if value.ndim == 2 and len(value) == 1 else value.tobytes()
            return self._keep(data) if is_picture(data) else value
        if value.ndim > 3 and _shows_colours(value[(0,) * (value.ndim - 3)]):
            return [self.of(each) for each in value]
        return self._keep(_png(_picture(value))) if _shows_colours(value) else value

    def _items(self, value: Any) -> Any:
        changed = [self.of(item) for item in value]
        if all(new is old for new, old in zip(changed, value, strict=True)):
            return value
        if isinstance(value, deque):
            return deque(changed, value.maxlen)
        return type(value)(*changed) if hasattr(value, "_fields") else type(value)(changed)

    def _record(self, value: Any) -> Any:
        if dataclasses.is_dataclass(value):
            names = [field.name for field in dataclasses.fields(value)]
            held = {name: getattr(value, name) for name in names if hasattr(value, name)}
            return _with(value, self._fields(held))
        if hasattr(type(value), "__attrs_attrs__"):
            names = [field.name for field in type(value).__attrs_attrs__]
            return _with(value, self._fields({name: getattr(value, name) for name in names}))
        if isinstance(value, SimpleNamespace):
            return _with(value, self._fields(vars(value)))
        if isinstance(value, BaseModel):
            changed = self._fields({**vars(value), **(value.model_extra or {})})
            return value.model_copy(update=changed) if changed else value
        return value

    def _fields(self, fields: Mapping[Any, Any]) -> dict[Any, Any]:
        """Return the fields that hold pictures, without them."""
        declared = any(
            isinstance(said, str) and said.startswith("image/") and _plain(key) in _KEYS_OF_MIME
            for key, said in fields.items()
        )
        new = {key: self.of(value, declared=declared) for key, value in fields.items()}
        return {key: value for key, value in new.items() if value is not fields[key]}

    def _text(self, text: str, declared: bool) -> str:
        parts = parts_of(text, max_bytes=self._max_bytes)
        if all(isinstance(part, str) for part in parts):
            data = coded_picture(text, max_bytes=self._max_bytes) if declared else None
            return text if data is None else self._keep(data)
        return "".join(part if isinstance(part, str) else self._keep(part) for part in parts)

    def _bytes(self, value: Any, declared: bool) -> Any:
        data = bytes(value)
        if len(data) < LEAST:
            return value
        if is_picture(data):
            return self._keep(data)
        try:
            text = data.decode()  # JSON, perhaps, or base64
        except UnicodeDecodeError:
            return self._keep(data) if declared else value
        told = self._text(text, declared)
        return value if told is text else told.encode()


def _with(value: Any, changed: Mapping[str, Any]) -> Any:
    """Return a copy with other attributes, made without its class, which may refuse them."""
    copied = copy(value) if changed else value
    for name, new in changed.items():
        object.__setattr__(copied, name, new)
    return copied


def _plain(key: object) -> str:
    return key.lower().replace("-", "").replace("_", "") if isinstance(key, str) else ""


def _numbered(value: Mapping[Any, Any]) -> Sequence[Any]:
    """Return the values of ``{"0": 255, "1": 216, ...}``, JavaScript's ``Uint8Array`` in JSON."""
    kind = next((kind for kind in (str, int) if kind(0) in value and kind(1) in value), None)
    if kind is None or any(kind(at) not in value for at in range(len(value))):
        return ()
    return [value[kind(at)] for at in range(len(value))]


def _of_numbers(values: Any) -> bytes | None:
    """Return the picture that a list of the numbers of its bytes is; some count from -128."""
    if not isinstance(values, list | tuple | deque) or len(values) < LEAST:
        return None
    head = [values[at] for at in range(min(len(values), 4 * LEAST))]
    if not (_are_bytes(head) and is_picture(bytes(number & 255 for number in head))):
        return None
    return bytes(number & 255 for number in values) if _are_bytes(values) else None


def _are_bytes(values: Sequence[Any]) -> bool:
    return all(type(number) is int and -128 <= number < 256 for number in values)


def _shows_colours(values: NDArray[Any]) -> bool:
    """Tell a picture by its form: a table of numbers or a mask has no colours."""
    if values.ndim != 3 or values.dtype != np.uint8:
        return False
    coloured = values.shape[2] in _COLOURS or values.shape[0] in _COLOURS
    return coloured and min(_picture(values).shape[:2]) >= DEFAULT_LIMITS.min_side


def _picture(values: NDArray[Any]) -> NDArray[Any]:
    """Return colours last, where they come first: (3 or 4, H, W)."""
    return values if values.shape[2] in _COLOURS else np.moveaxis(values, 0, 2)


def _png(picture: Image.Image | NDArray[Any]) -> bytes | LeftOut:
    """Return the file of a picture, or why there is none."""
    buffer = BytesIO()
    try:
        load_image(picture, limits=_OF_ANY_SIZE).save(buffer, "PNG")
    except ImageError as exc:
        return LeftOut(str(exc).partition(";")[0])
    return buffer.getvalue()
