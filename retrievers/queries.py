"""What a query is: ``handle_in`` reads a picture's handle, ``require_words`` wants words."""

from __future__ import annotations

import re

from pekit_agents.errors import InvalidInput
from pekit_agents.owner_text import NAME_LIMIT, QUESTION_LIMIT, measured, quote
from pekit_agents.tools.image_store import handles_in, image_label, is_handle

__all__ = ["handle_in", "require_words"]

_HANDLE = re.compile(r"\bimg_[0-9a-fA-F]{8,}|^\[?(?:image )?img_\S*$")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+|data:\S+")
_PATH = re.compile(
    r"(?:~|\.{1,2})?[/\\]+[^/\\\n]+[/\\][^\n]*|[A-Za-z]:[/\\][^\n]*|~[/\\][^\n]*"
    r"|(?:[^\s\n]*|[^\n]*[/\\][^\n]*)\.(?:jpe?g|jfif|png|heic|heif|webp|gif|bmp|tiff?|avif)",
    re.IGNORECASE,
)


def handle_in(query: str) -> str | None:
    """Return the handle that a query is, alone or as its label; None for any other text.

    Raises:
        InvalidInput: It is too long.
    """
    told = measured(query, "query", QUESTION_LIMIT).strip()
    handles = handles_in(told)
    if len(handles) == 1 and told == image_label(handles[0]):
        return handles[0]
    return told if is_handle(told) else None


def require_words(query: str, instead: str) -> str:
    """Return a query that is words.

    Args:
        query: Any text.
        instead: What to give for a picture, in words.

    Raises:
        InvalidInput: It is too long, is the path of a picture, a URL or a handle, or has a handle
            in it.
    """
    told = measured(query, "query", QUESTION_LIMIT).strip()
    for kind, pattern in (("a URL", _URL), ("the path of a file", _PATH)):
        if pattern.fullmatch(told):
            raise InvalidInput(_expected(kind, told, instead))
    if _HANDLE.search(told):
        raise InvalidInput(_expected("the handle of a picture", told, instead))
    return query


def _expected(kind: str, told: str, instead: str) -> str:
    return f"query: expected words, found {kind}, {quote(told, NAME_LIMIT)}; {instead}"
