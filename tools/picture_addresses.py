"""Addresses in place of pictures: ``check_remote`` refuses those that no provider opens."""

from __future__ import annotations

import re

__all__ = ["check_remote"]

#: What providers open: the web, and the buckets of Google's and Amazon's models.
_REMOTE = re.compile(r"\s*(?:https?|gs|s3)://[^\s/]", re.IGNORECASE)


def check_remote(address: str) -> None:
    """Refuse the address of a picture that a provider cannot open.

    A path, a ``file:``, and what only a browser or a phone can open (``blob:``, ``content:``,
    ``ph:``) make a provider refuse the whole conversation, in every turn after it.

    Args:
        address: What stands where a URL is expected, and is no data URL.

    Raises:
        ValueError: It is none of ``http``, ``https``, ``gs`` and ``s3``.
    """
    if not address.strip():
        raise ValueError("expected a picture or its address, found neither")
    if not _REMOTE.match(address):
        raise ValueError("a path or address that only the sender can open")
