"""Which pictures of a conversation a model means: ``one_picture`` and ``some_pictures``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pekit_agents.errors import InvalidInput

__all__ = ["LATEST", "NONE", "one_picture", "some_pictures"]

#: Stands for the newest picture of the conversation.
LATEST = "latest"
#: Stands for no picture.
NONE = "none"


def one_picture(image: str, recent: Iterable[str]) -> str:
    """Return the handle that a model means.

    Args:
        image: A handle, or :data:`LATEST`.
        recent: Handles of the conversation, the newest first.

    Raises:
        InvalidInput: The newest picture is meant, and there is none.
    """
    if image != LATEST:
        return image
    for handle in recent:
        return handle  # the newest or nothing: an older one would be the wrong picture
    raise InvalidInput(
        "expected a photo in this conversation, found none; ask for one or give a handle"
    )


def some_pictures(images: Sequence[str], recent: Iterable[str]) -> list[str]:
    """Return the handles that a model means, each once; as for :func:`one_picture`."""
    listed = [images] if isinstance(images, str) else images
    newest = one_picture(LATEST, recent) if LATEST in listed else LATEST
    return list(dict.fromkeys(newest if image == LATEST else image for image in listed))
