"""``clause``, ``counted`` and their like: parts of the sentences that messages are made of."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

__all__ = ["NOTHING_STORED", "clause", "counted", "suggestion", "why_left_out"]

#: What ends an error of one photo where it stops all that it was given with.
NOTHING_STORED = "; nothing was stored"
_ERRNO = re.compile(r"\[Errno -?\d+\] ")


def clause(said: object) -> str:
    """Return a message without its full stop, to go on after it in the same sentence.

    The number of an error of the operating system is left out: ``[Errno 111]``.
    """
    return _ERRNO.sub("", str(said)).rstrip().rstrip(".;:,")


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: "1 view", "2 views"; ``many`` where "s" does not do."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def why_left_out(said: object, *names: str) -> str:
    """Return what an error says of one photo of several, where the others were stored.

    Args:
        said: The error.
        names: What the photo is called where this is told, which need not be said again.
    """
    why = str(said).removesuffix(NOTHING_STORED)
    for name in names:
        why = why.removeprefix(f"{name}: ")
    return why


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'embedded'?"`` for a misspelt word; "" where nothing is like it."""
    folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), folded, n=1)
    return f" Did you mean {folded[close[0]]!r}?" if close else ""
