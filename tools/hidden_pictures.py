"""Pictures where no block says so: :func:`parts_of` a text, and :func:`swept` of any value.

Frameworks turn what tools return into texts: a block becomes JSON, a tuple its ``repr``, a result
of MCP both. A picture is known by what its base64 decodes to, or by the data URL it is in, so it
is found whatever is around it.
"""

from __future__ import annotations

import ast
import base64
import binascii
import dataclasses
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from io import BytesIO
from types import SimpleNamespace
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel

from pekit_agents.images.limits import DEFAULT_LIMITS
from pekit_agents.tools.image_kinds import mime_of

__all__ = ["LeftOut", "Piece", "is_picture", "parts_of", "swept"]

_MAX_BYTES = DEFAULT_LIMITS.max_bytes
_LEAST = 32  # no file of a picture is smaller than its headers
#: How the base64 of JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC and AVIF begins, in both alphabets.
_BEGINS = (
    r"[/_]9j[/_][24-7wx/_]|iVBORw0KGgo|R0lGOD[dl]h|UklGR|Qk[A-Za-z0-9+/_-]{6}AAAA|SUkqA|TU0AK|"
    r"AAAA..Z0eX"
)
_CODED = re.compile(
    rf"(?P<url>data:image/[^;,\s\"'<>]{{0,60}}(?:;[^;,\s\"'<>]{{0,60}}){{0,6}},)"
    rf"|(?<![A-Za-z0-9+/])(?=(?:{_BEGINS})[A-Za-z0-9+/_-]{{{_LEAST}}})"
    r"|(?P<literal>b(?P<quote>['\"])(?:\\x89PNG|\\xff\\xd8|GIF8|RIFF|BM|II\*|MM\\x00|\\x00\\x00\\x00))",
)
_HEAD = re.compile(r"[A-Za-z0-9+/_-]{43,64}")
_RUN = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_ESCAPED = re.compile(r"[^\s\"'<>)\\]*")
_LINE_END = re.compile(r"\r?\n|\\r\\n|\\n")
_LINES = (64, 76)  # of PEM and of MIME: another length must come twice
_KEYS_OF_MIME = ("mimeType", "mime_type", "media_type", "mimetype", "image_mimetype")


@dataclasses.dataclass(frozen=True, slots=True)
class LeftOut:
    """A picture that cannot be taken out of where it is.

    Attributes:
        reason: What was expected and what was found.
    """

    reason: str


#: What a text is made of.
Piece: TypeAlias = str | bytes | LeftOut


def is_picture(data: bytes) -> bool:
    """Return whether bytes begin like the file of a picture and are as long as one at least."""
    if len(data) < _LEAST:
        return False
    if data[:2] == b"BM":  # two letters are little: the reserved bytes are zero, too
        return data[6:10] == b"\0\0\0\0"
    try:
        mime_of(data)
    except ValueError:
        return False
    return True


def parts_of(text: Piece, *, max_bytes: int = _MAX_BYTES) -> list[Piece]:
    """Return the texts and the pictures that a text is made of; alone what is a picture itself.

    Args:
        text: What to take apart.
        max_bytes: Larger pictures are left out.
    """
    if not isinstance(text, str):
        return [text]
    parts: list[Piece] = []
    done = 0
    for start, end, piece in _found(text, max_bytes):
        if start > done:
            parts.append(text[done:start])
        parts.append(piece)
        done = end
    return [*parts, text[done:]] if done < len(text) or not parts else parts


def swept(
    value: Any,
    keep: Callable[[bytes | LeftOut], str],
    special: Any = None,
    *,
    max_bytes: int = _MAX_BYTES,
) -> Any:
    """Return a value with a text in place of each picture in it; itself when it holds none.

    Args:
        value: Whatever a tool returned: JSON-like values, dataclasses, Pydantic models, pictures
            of PIL, and (H, W, 3 or 4) uint8 arrays of colours. It is not changed.
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
        if isinstance(value, bytes | bytearray | memoryview):
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
            return self._items(value)
        if isinstance(value, Mapping):
            changed = self._fields(value)
            return {**value, **changed} if changed else value
        if isinstance(value, Image.Image):
            return self._keep(_png(value))
        if isinstance(value, np.ndarray):
            return self._keep(_png(Image.fromarray(value))) if _shows_colours(value) else value
        if isinstance(value, BytesIO):
            new = self._bytes(value.getvalue(), False)
            return new if isinstance(new, str) else value
        return value if isinstance(value, type) else self._record(value)

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
        if isinstance(value, SimpleNamespace):
            return _with(value, self._fields(vars(value)))
        if isinstance(value, BaseModel):
            changed = self._fields({**vars(value), **(value.model_extra or {})})
            return value.model_copy(update=changed) if changed else value
        return value

    def _fields(self, fields: Mapping[Any, Any]) -> dict[Any, Any]:
        """Return the fields that hold pictures, without them."""
        mimes = (fields.get(key) for key in _KEYS_OF_MIME)
        declared = any(isinstance(mime, str) and mime.startswith("image/") for mime in mimes)
        new = {key: self.of(value, declared=declared) for key, value in fields.items()}
        return {key: value for key, value in new.items() if value is not fields[key]}

    def _text(self, text: str, declared: bool) -> str:
        parts = parts_of(text, max_bytes=self._max_bytes)
        if all(isinstance(part, str) for part in parts):
            data = _decoded(text) if declared and _RUN.fullmatch(text) else None
            return text if data is None or len(text) < _LEAST else self._keep(data)
        return "".join(part if isinstance(part, str) else self._keep(part) for part in parts)

    def _bytes(self, value: Any, declared: bool) -> Any:
        data = bytes(value)
        if len(data) >= _LEAST and (declared or is_picture(data)):
            return self._keep(data)
        text = data[: 4 * _LEAST].decode("ascii", "replace")
        if _CODED.match(text):  # base64, as bytes
            return self._text(data.decode("ascii", "replace"), declared).encode()
        return value


def _found(text: str, max_bytes: int) -> Iterator[tuple[int, int, Piece]]:
    """Yield start, end and content of each picture in a text."""
    if len(text) < _LEAST:
        return
    at = 0
    while (match := _CODED.search(text, at)) is not None:
        start, at = match.start(), max(match.end(), match.start() + 1)
        if match["literal"]:
            end, piece = _literal(text, match.start(), match["quote"], max_bytes)
        elif match["url"]:
            end, piece = _data_url(text, match.end(), match["url"], max_bytes)
        elif (head := _HEAD.match(text, start)) and is_picture(_decoded(head[0]) or b""):
            end, piece = _base64(text, start, max_bytes)
        else:
            continue
        if piece is not None:
            yield start, end, piece
            at = end


def _literal(text: str, start: int, quote: str, max_bytes: int) -> tuple[int, Piece | None]:
    """Read the ``repr`` of bytes."""
    body = re.compile(rf"(?:[^{quote}\\]|\\.)*{quote}").match(text, start + 2)
    if body is None:
        return start, None
    if body.end() - start > 4 * max_bytes:
        return body.end(), _too_large((body.end() - start) // 4, max_bytes)
    try:
        data = ast.literal_eval(text[start : body.end()])
    except (ValueError, SyntaxError):
        return start, None
    return body.end(), data if is_picture(data) else None


def _data_url(text: str, start: int, head: str, max_bytes: int) -> tuple[int, Piece | None]:
    if ";base64" in head:
        return _base64(text, start, max_bytes)
    body = _ESCAPED.match(text, start)
    data = unquote_to_bytes(body[0]) if body else b""
    return (body.end() if body else start), data if len(data) >= _LEAST else None


def _base64(text: str, start: int, max_bytes: int) -> tuple[int, Piece | None]:
    """Read base64 from a place, over the ends of lines that are of one length."""
    run = _RUN.match(text, start)
    if run is None:
        return start, None
    runs, end, length = [run[0]], run.end(), len(run[0])
    lined = length in _LINES
    while (brk := _LINE_END.match(text, end)) and (more := _RUN.match(text, brk.end())):
        if len(more[0]) > length or (len(more[0]) < length and not lined):
            break
        runs.append(more[0])
        end, lined = more.end(), True
        if len(more[0]) < length:
            break
    size = sum(map(len, runs)) * 3 // 4
    if size > max_bytes:
        return end, _too_large(size, max_bytes)
    return end, _decoded("".join(runs))


def _decoded(text: str) -> bytes | None:
    text = text.rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
    try:
        # A character over says nothing: what follows a picture may be glued to it.
        return base64.b64decode(text[: len(text) - (len(text) % 4 == 1)] + "=" * (-len(text) % 4))
    except binascii.Error:
        return None


def _too_large(size: int, max_bytes: int) -> LeftOut:
    return LeftOut(f"expected at most {max_bytes / 1e6:.1f} MB, found {size / 1e6:.1f} MB")


def _with(value: Any, changed: Mapping[str, Any]) -> Any:
    """Return a copy with other attributes, made without its class, which may refuse them."""
    copied = copy(value) if changed else value
    for name, new in changed.items():
        object.__setattr__(copied, name, new)
    return copied


def _shows_colours(values: NDArray[Any]) -> bool:
    """Tell a picture by its form: a table of numbers or a mask has no colours."""
    coloured = values.ndim == 3 and values.shape[2] in (3, 4) and values.dtype == np.uint8
    return coloured and min(values.shape[:2]) >= DEFAULT_LIMITS.min_side


def _png(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()
