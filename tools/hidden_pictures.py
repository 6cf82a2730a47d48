"""Pictures where no block says so: :func:`parts_of` a text.

Frameworks turn what tools return into texts: a block becomes JSON, a tuple its ``repr``, a result
of MCP both, and other languages have ways of their own. A picture is known by what it decodes to,
or by the data URL it is in, so it is found whatever is around it.
"""

from __future__ import annotations

import ast
import base64
import binascii
import dataclasses
import json
import re
from collections.abc import Iterator
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from pekit_agents.images.limits import DEFAULT_LIMITS
from pekit_agents.tools.image_kinds import SIGNS, is_known

__all__ = ["LEAST", "LeftOut", "Piece", "coded_picture", "is_picture", "parts_of", "unescaped"]

#: Bytes; no file of a picture is smaller than its headers.
LEAST = 32

_MAX_BYTES = DEFAULT_LIMITS.max_bytes
# What URLs, JSON and HTML make of the three characters of base64 that are no letters or digits.
_ESCAPED_PLUS = r"%(?:25)*2[Bb]|\\+u002[Bb]|&#(?:43|[xX]2[Bb]);"
_ESCAPED_SLASH = r"%(?:25)*2[Ff]|\\+(?:/|u002[Ff])|&#(?:47|[xX]2[Ff]);"
_END = r"(?:=|%(?:25)*3[Dd]|\\+u003[Dd]|&#(?:61|[xX]3[Dd]);)"
_CHAR = rf"(?:[A-Za-z0-9+/_-]|{_ESCAPED_PLUS}|{_ESCAPED_SLASH})"
_SPELLED = {"+": rf"(?:[+-]|{_ESCAPED_PLUS})", "/": rf"(?:[/_]|{_ESCAPED_SLASH})"}


def _coded(sign: bytes) -> str:
    """Return what matches the beginning of a file in base64, in both alphabets."""
    whole = base64.b64encode(sign).decode()[: len(sign) * 8 // 6]
    return "".join(_SPELLED.get(char, char) for char in whole)


def _shown(sign: bytes) -> str:
    """Return what matches the beginning of a file in the ``repr`` of its bytes."""
    return re.escape(repr(sign[:4])[2:-1]).replace(r"\\", r"\\{1,2}")


_JPEG, _BMP, _FTYP = b"\xff\xd8\xff", b"BM", b"\0\0\0"  # two or three bytes say little: more below
_LONG = [sign for sign in SIGNS if sign not in (_JPEG, _BMP)]
_BEGINS = "|".join(
    [
        *map(_coded, _LONG),
        rf"{_coded(_JPEG)}[24-7wx/_]",
        rf"{_coded(_BMP)}{_CHAR}{{6}}AAAA",
        rf"AAAA{_CHAR}{{2}}Z0eX",
    ]
)
_NO_END = r"[^;,\s\"'<>%]|%(?!(?:25)*(?:3B|2C))"
_SPACE = r"(?:\s|\\+[nrt])*+"
_KEY = rf"(?:\\*[\"']?\d+\\*[\"']?{_SPACE}:{_SPACE})?"
_CODED = re.compile(
    rf"(?P<url>(?i:data(?::|%(?:25)*3A)image(?:\\*/|%(?:25)*2F)(?:{_NO_END}){{0,60}}"
    rf"(?:(?:;|%(?:25)*3B)(?:{_NO_END}){{0,60}}){{0,6}}(?:,|%(?:25)*2C)))"
    rf"|(?P<base64>(?:(?<![A-Za-z0-9+/])|(?<=%[0-9A-Fa-f]{{2}}))(?={_BEGINS}))"
    rf"|(?P<hex>(?:(?<![0-9A-Za-z])|(?<=[\\0]x))(?=[0-9A-Fa-f]{{{4 * LEAST + 2}}}))"
    rf"|(?P<numbers>[\[{{(](?=(?:{_SPACE}{_KEY}-?\d{{1,3}}{_SPACE},){{{LEAST - 1}}}))"
    rf"|(?P<literal>b(?P<quote>'|\\?\")(?:{'|'.join(map(_shown, (*SIGNS, _FTYP)))}))"
    r"|(?!0?x[0-9A-Fa-f]{64})[A-Za-z0-9+/]{64,}+"  # another file: none begins inside
)
_HEAD = re.compile(rf"{_CHAR}{{43,64}}")
_RUN = re.compile(rf"(?:[A-Za-z0-9+/_-]++|{_CHAR})++{_END}{{0,2}}")
_PLUS, _SLASH = re.compile(_ESCAPED_PLUS), re.compile(_ESCAPED_SLASH)
_ENDS = re.compile(rf"{_END}+$")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_NUMBERS = re.compile(r"[\s\d,:\"'\\nrt-]*+[\]})]")
_NUMBER = re.compile(rf"-?\d+(?={_SPACE}[,\]}})])")
_BACKSLASHES = re.compile(r"\\+")
_ESCAPED = re.compile(r"[^\s\"'<>)\\]*")
_LINE_END = re.compile(r"(?:\r?\n|\\+r\\+n|\\+n|%0D%0A|%0A)[ \t]*", re.IGNORECASE)
_LINES = (64, 76)  # of PEM and of MIME: another length must come twice


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
    if len(data) < LEAST:
        return False
    if data[:2] == _BMP:  # two letters are little: the reserved bytes are zero, too
        return data[6:10] == b"\0\0\0\0"
    return is_known(data)


def parts_of(text: Piece, *, max_bytes: int = _MAX_BYTES) -> list[Piece]:
    """Return the texts and the pictures that a text is made of; alone what is a picture itself.

    Args:
        text: What to take apart.
        max_bytes: Larger pictures are left out.
    """
    if not isinstance(text, str):
        return [text]
    if (data := _characters(text)) is not None:
        return [data if len(data) <= max_bytes else _too_large(len(data), max_bytes)]
    parts: list[Piece] = []
    done = 0
    for start, end, piece in _found(text, max_bytes):
        if start > done:
            parts.append(text[done:start])
        parts.append(piece)
        done = end
    return [*parts, text[done:]] if done < len(text) or not parts else parts


def coded_picture(text: str, *, max_bytes: int = _MAX_BYTES) -> bytes | LeftOut | None:
    """Return what a text that is all base64 says; None for another text, and for a short one.

    Args:
        text: A text that is said to be a picture, of whatever kind.
        max_bytes: Larger pictures are left out.
    """
    text = unescaped(text)
    if len(text) < LEAST:
        return None
    end, piece = _base64(text, 0, max_bytes)
    return piece if end == len(text) and not isinstance(piece, str) else None


def unescaped(coded: str) -> str:
    """Return base64 as it was before it was put into URLs, forms, JSON, HTML or lines."""
    coded = _LINE_END.sub("", coded).strip()
    if "%" in coded or "\\" in coded or "&" in coded:
        coded = _SLASH.sub("/", _PLUS.sub("+", _ENDS.sub("", coded)))
    return coded.replace(" ", "+")  # a form's plus is a space


def _characters(text: str) -> bytes | None:
    """Return the picture whose bytes are taken for the characters of a text, one for one."""
    if len(text) < LEAST or text[: 2 * LEAST].isascii():
        return None
    try:
        return text.encode("latin-1") if is_picture(text[:999].encode("latin-1")) else None
    except UnicodeEncodeError:
        return None


def _found(text: str, max_bytes: int) -> Iterator[tuple[int, int, Piece]]:
    """Yield start, end and content of each picture in a text."""
    if len(text) < LEAST:
        return
    at = 0
    while (match := _CODED.search(text, at)) is not None:
        start, at = match.start(), max(match.end(), match.start() + 1)
        kind = match.lastgroup
        if match["literal"]:
            end, piece = _literal(text, start, match["quote"], max_bytes)
        elif kind == "url":
            end, piece = _data_url(text, match.end(), match["url"], max_bytes)
        elif kind == "hex":
            end, piece = _hexadecimal(text, start, max_bytes)
            at = max(at, end)
        elif kind == "numbers":
            end, piece = _of_numbers(text, start, max_bytes)
        elif kind == "base64" and _begins_one(text, start):
            end, piece = _base64(text, start, max_bytes)
        else:
            continue
        if piece is not None:
            yield start, end, piece
            at = end


def _begins_one(text: str, start: int) -> bool:
    head = _HEAD.match(text, start)
    return head is not None and is_picture(_decoded(head[0]) or b"")


def _literal(text: str, start: int, quote: str, max_bytes: int) -> tuple[int, Piece | None]:
    """Read the ``repr`` of bytes, also where it stands in JSON, which doubles its backslashes."""
    inside, end = start + 1 + len(quote), re.escape(quote)
    escape = _BACKSLASHES.search(text, inside, inside + 8 * LEAST)
    in_json = escape is not None and len(escape[0]) == 2
    inner = r"\\\\(?:\\\\|.)|\\" if in_json else r"\\."
    body = re.compile(rf"(?:(?!{end})(?:{inner}|[^\\]))*+{end}", re.DOTALL).match(text, inside)
    if body is None:
        return start, None
    if body.end() - start > 4 * max_bytes:
        return body.end(), _too_large((body.end() - start) // 4, max_bytes)
    try:
        said = text[start : body.end()]
        data = ast.literal_eval(json.loads(f'"{said}"') if in_json else said)
    except (ValueError, SyntaxError):
        return start, None
    return body.end(), data if is_picture(data) else None


def _data_url(text: str, start: int, head: str, max_bytes: int) -> tuple[int, Piece | None]:
    if "base64" in head.lower():
        return _base64(text, start, max_bytes)
    body = _ESCAPED.match(text, start)
    data = unquote_to_bytes(body[0]) if body else b""
    return (body.end() if body else start), data if len(data) >= LEAST else None


def _hexadecimal(text: str, start: int, max_bytes: int) -> tuple[int, Piece | None]:
    head = bytes.fromhex(text[start : start + 4 * LEAST])
    end, digits = _lines(text, start, _HEX)
    if not is_picture(head):
        return end, None
    if len(digits) // 2 > max_bytes:
        return end, _too_large(len(digits) // 2, max_bytes)
    return end, bytes.fromhex(digits[: len(digits) // 2 * 2])


def _of_numbers(text: str, start: int, max_bytes: int) -> tuple[int, Piece | None]:
    """Read a list of bytes as numbers: Node's ``Buffer``, ``Uint8Array``, Java's signed ones."""
    body = _NUMBERS.match(text, start + 1)
    if body is None:
        return start, None
    head = _NUMBER.findall(body[0][: 24 * LEAST])
    if not is_picture(bytes(int(each) & 255 for each in head)):
        return start, None
    numbers = _NUMBER.findall(body[0])
    if len(numbers) > max_bytes:
        return body.end(), _too_large(len(numbers), max_bytes)
    if not all(-129 < int(each) < 256 for each in numbers):
        return start, None
    return body.end(), bytes(int(each) & 255 for each in numbers)


def _base64(text: str, start: int, max_bytes: int) -> tuple[int, Piece | None]:
    end, digits = _lines(text, start, _RUN)
    if not digits:
        return start, None
    size = len(digits) * 3 // 4
    if size > max_bytes:
        return end, _too_large(size, max_bytes)
    return end, _decoded(digits)


def _lines(text: str, start: int, run: re.Pattern[str]) -> tuple[int, str]:
    """Return where digits end and what they are, over the ends of lines of one length."""
    first = run.match(text, start)
    if first is None:
        return start, ""
    runs, end = [unescaped(first[0])], first.end()
    length = len(runs[0])
    lined = length in _LINES
    while (brk := _LINE_END.match(text, end)) and (more := run.match(text, brk.end())):
        line = unescaped(more[0])
        if len(line) > length or (len(line) < length and not lined):
            break
        runs.append(line)
        end, lined = more.end(), True
        if len(line) < length:
            break
    return end, "".join(runs)


def _decoded(text: str) -> bytes | None:
    text = unescaped(text).rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
    try:
        # A character over says nothing: what follows a picture may be glued to it.
        return base64.b64decode(text[: len(text) - (len(text) % 4 == 1)] + "=" * (-len(text) % 4))
    except binascii.Error:
        return None


def _too_large(size: int, max_bytes: int) -> LeftOut:
    return LeftOut(f"expected at most {max_bytes / 1e6:.1f} MB, found {size / 1e6:.1f} MB")
