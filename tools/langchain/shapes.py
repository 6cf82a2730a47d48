"""How providers spell blocks: where the payload of one lies, and how it is decoded."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pekit_agents.tools.hidden_pictures import unescaped

__all__ = ["DATA_URL", "DECLARED_SHAPES", "Shape", "decoded", "value_at", "with_value"]

_Path: TypeAlias = tuple[str, ...]

DATA_URL = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]*={0,2}\s*")


@dataclass(frozen=True, slots=True)
class Shape:
    """One spelling of a block with an image or a clip.

    Attributes:
        type: The block's ``type``; None for blocks known by their keys alone.
        payload: Where the data is: base64 text, a data URL, or bytes.
        mime: Where the MIME type is; None when the payload is a data URL and says it itself.
        declared: Whether the block is one only if its MIME type says so.
    """

    type: str | None
    payload: _Path
    mime: _Path | None = None
    declared: bool = False


#: Blocks that may hold anything: what it is, their MIME type says.
DECLARED_SHAPES = (
    Shape("media", ("data",), ("mime_type",), declared=True),  # Gemini
    Shape(None, ("inline_data", "data"), ("inline_data", "mime_type"), declared=True),
    Shape(None, ("inlineData", "data"), ("inlineData", "mimeType"), declared=True),
    Shape("file", ("base64",), ("mime_type",), declared=True),
    Shape("file", ("data",), ("mime_type",), declared=True),
    Shape("file", ("url",), declared=True),
    Shape("file", ("file", "file_data"), declared=True),  # OpenAI chat completions
    Shape("input_file", ("file_data",), declared=True),  # OpenAI responses
)


def decoded(payload: str | bytes, max_bytes: int) -> bytes:
    """Return the bytes that base64 says; the size is checked before.

    Raises:
        ValueError: It is larger, or damaged.
    """
    size = len(payload) if isinstance(payload, bytes) else len(payload) * 3 // 4
    # Line breaks in the text count, so the margin of a fortieth.
    if size > max_bytes + max_bytes // 40 + 3:
        raise ValueError(f"expected at most {max_bytes} bytes, found about {size}")
    if isinstance(payload, bytes):
        data = payload
    elif not _BASE64.fullmatch(text := unescaped(payload)):
        raise ValueError("expected base64, found other characters")
    else:
        text = "".join(text.split()).rstrip("=")
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=_altchars(text))
        except binascii.Error as exc:
            raise ValueError(f"its base64 is damaged: {exc}") from exc
    if not 0 < len(data) <= max_bytes:
        raise ValueError(f"expected 1 to {max_bytes} bytes, found {len(data)}")
    return data


def _altchars(text: str) -> bytes | None:
    return b"-_" if "-" in text or "_" in text else None


def value_at(block: object, path: _Path) -> Any:
    """Return what lies in a block at a path of keys; None where nothing does."""
    for key in path:
        if not isinstance(block, Mapping):
            return None
        block = block.get(key)
    return block


def with_value(block: Mapping[str, Any], path: _Path, value: object) -> dict[str, Any]:
    """Return a copy with one value changed; what is not on the path is shared."""
    head, *rest = path
    inner = value if not rest else with_value(block.get(head) or {}, tuple(rest), value)
    return {**block, head: inner}
