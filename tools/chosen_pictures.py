"""What of a conversation a model means: ``one_picture``, ``some_pictures`` and ``one_clip``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pekit_agents.errors import InvalidInput
from pekit_agents.tools.clip_store import clips_named
from pekit_agents.tools.image_store import handles_named

__all__ = [
    "LATEST",
    "NONE",
    "is_none",
    "one_clip",
    "one_picture",
    "some_pictures",
    "some_references",
]

#: Stands for the newest picture of the conversation.
LATEST = "latest"
#: Stands for no picture.
NONE = "none"

#: What models write beside a word for a picture, such as "the latest photo".
_BESIDE = {"the", "image", "photo", "picture", "clip", "video", "one"}


def one_picture(image: str, recent: Iterable[str]) -> str:
    """Return the handle that a model means.

    Args:
        image: A handle, also as its label ``[image img_...]`` or in quotes, or :data:`LATEST`.
        recent: Handles of the conversation, the newest first.

    Raises:
        InvalidInput: The newest picture is meant, and there is none; or several are; or a clip is.
    """
    meant = list(_meant(image))
    if len(meant) > 1:
        raise InvalidInput(f"image: expected one picture, found {len(meant)}; give one handle")
    return _handle(meant[0], recent)


def some_pictures(images: Sequence[str], recent: Iterable[str]) -> list[str]:
    """Return the handles that a model means, each once; as for :func:`one_picture`."""
    listed = [images] if isinstance(images, str) else images
    meant = [each for image in listed for each in _meant(image)]
    newest = _handle(LATEST, recent) if LATEST in meant else LATEST
    return list(dict.fromkeys(newest if each == LATEST else each for each in meant))


def some_references(images: Sequence[str], recent: Iterable[str]) -> list[str]:
    """Return the handles of photos and clips that a model means, each once."""
    listed = [images] if isinstance(images, str) else images
    clips = [handle for each in listed for handle in clips_named(each)]
    photos = [each for each in listed if handles_named(each) or not clips_named(each)]
    return [*some_pictures(photos, recent), *dict.fromkeys(clips)]


def one_clip(clip: str, recent: Iterable[str]) -> str:
    """Return the handle of the clip that a model means.

    Args:
        clip: A handle, also as its label ``[clip clip_...]`` or in quotes, or :data:`LATEST`.
        recent: Handles of the clips of the conversation, the newest first.

    Raises:
        InvalidInput: It is a photo's handle; or the newest clip is meant, and there is none; or
            several are.
    """
    meant = list(dict.fromkeys(clips_named(clip)))
    if len(meant) > 1:
        raise InvalidInput(f"clip: expected one clip, found {len(meant)}; give one handle")
    if meant:
        return meant[0]
    if handles_named(clip):
        raise InvalidInput(
            "clip: expected the handle of a clip, clip_..., found that of a photo; a photo is "
            "searched with find_personal_objects"
        )
    if _word(clip) not in (LATEST, ""):
        return clip
    for handle in recent:
        return handle
    raise InvalidInput(
        "expected a clip in this conversation, found none; ask for one or give a handle"
    )


def is_none(image: str) -> bool:
    """Return whether a model means no picture."""
    return _word(image) in (NONE, "null", "")


def _meant(image: str) -> Iterator[str]:
    """Yield the handles in what a model gave, each once; else :data:`LATEST`, or it as it is."""
    handles = list(dict.fromkeys(handles_named(image)))
    if not handles and clips_named(image):
        raise InvalidInput(
            "image: expected the handle of a photo, img_..., found that of a clip; a clip is "
            "searched with find_in_video, which gives handles of frames of it"
        )
    yield from handles or ([LATEST] if _word(image) in (LATEST, "") else [image])


def _word(image: str) -> str:
    """Return the words that say which picture: "latest" of "[image latest]"."""
    words = re.findall(r"[^\W_]+", image.casefold())
    return " ".join(word for word in words if word not in _BESIDE)


def _handle(meant: str, recent: Iterable[str]) -> str:
    if meant != LATEST:
        return meant
    for handle in recent:
        return handle  # the newest or nothing: an older one would be the wrong picture
    raise InvalidInput(
        "expected a photo in this conversation, found none; ask for one or give a handle"
    )
