"""Pictures by handle, so that no picture ever enters an agent's messages or checkpoints.

An agent speaks of pictures by handles such as ``img_9f86d081884c7d659a2feaa0c55ad015``: the hash
of the content, valid for one user only. A handle is looked up and never opened: nothing that a
model writes becomes a path or a URL.

The middleware shows the model which picture has which handle with a label in the text, see
:func:`image_label`. What "the latest picture" is depends on the conversation, so a store does
not know it; :func:`handles_in` reads the labels of a text.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pekit_agents.errors import InvalidInput
from pekit_agents.owner_text import NAME_LIMIT, quote

__all__ = [
    "HANDLE_PREFIX",
    "ImageStore",
    "MemoryImageStore",
    "UnknownImage",
    "check_limits",
    "handle_of",
    "handles_in",
    "image_label",
    "is_handle",
    "unknown_image",
]

HANDLE_PREFIX = "img_"
_HANDLE = re.compile(r"img_[0-9a-f]{32}")
_LABEL = re.compile(r"\[image (img_[0-9a-f]{32})\]")


class UnknownImage(InvalidInput):
    """No picture of this user has that handle (any more)."""


@runtime_checkable
class ImageStore(Protocol):
    """Where pictures are kept: content-addressed, walled off per user, bounded.

    All methods may be called from several threads.
    """

    def put(self, user_id: str, image: bytes, *, about: Collection[str] = ()) -> str:
        """Keep a picture and return its handle; the same picture always gets the same one.

        Args:
            user_id: Whose picture.
            image: The content of an image file.
            about: Ids of remembered objects whose names are written on the picture, so that
                forgetting one takes the picture along.

        Raises:
            InvalidInput: It is empty or larger than what is kept for one user.
        """
        ...

    def get(self, user_id: str, handle: str) -> bytes:
        """Return the content of a picture.

        Raises:
            UnknownImage: This user has no such picture. Malformed handles, pictures that were
                let go and other users' pictures give the same message.
        """
        ...

    def delete(self, user_id: str, handle: str) -> None:
        """Let go of a picture; nothing happens when there is none."""
        ...

    def delete_about(self, user_id: str, object_id: str) -> None:
        """Let go of every picture that was kept as being about an object."""
        ...

    def clear(self, user_id: str) -> None:
        """Let go of everything of one user."""
        ...


def image_label(handle: str) -> str:
    """Return the text that tells a model a picture's handle: ``[image img_...]``."""
    return f"[image {handle}]"


def handles_in(text: str) -> list[str]:
    """Return the handles in the labels of a text, in their order."""
    return _LABEL.findall(text)


def is_handle(text: object) -> bool:
    """Return whether a text has the form of a handle: ``img_`` and 32 lower-case hex digits."""
    return isinstance(text, str) and _HANDLE.fullmatch(text) is not None


def handle_of(image: bytes) -> str:
    """Return the handle of a picture: the first 32 hex digits of its SHA-256."""
    return HANDLE_PREFIX + hashlib.sha256(image).hexdigest()[:32]


def unknown_image(handle: object) -> UnknownImage:
    """Return the one error for every handle that gives nothing, whatever the reason."""
    return UnknownImage(
        f"expected the handle of a picture of this user (img_ and 32 hex digits, as a label "
        f"[image img_...] shows it), found {quote(str(handle), NAME_LIMIT)}; it is no such handle, "
        "or the picture is no longer kept"
    )


def check_limits(**limits: int) -> None:
    """Raise InvalidInput for a limit below 1."""
    for name, value in limits.items():
        if value < 1:
            raise InvalidInput(f"{name}: expected at least 1, found {value}")


def check_image(image: object, max_bytes: int) -> None:
    """Raise InvalidInput for what cannot be kept."""
    if not isinstance(image, bytes):
        raise InvalidInput(f"expected the bytes of an image, found {type(image).__name__}")
    if not 1 <= len(image) <= max_bytes:
        raise InvalidInput(
            f"expected an image of 1 to {max_bytes} bytes, found {len(image)}; use a "
            "smaller picture",
            in_python=" or raise max_bytes_per_user",
        )


def check_user(user_id: object) -> str:
    """Return the user id, or raise InvalidInput when it is not a text with characters."""
    if not isinstance(user_id, str) or not user_id:
        raise InvalidInput(f"expected a user id, a text of 1 or more characters, found {user_id!r}")
    return user_id


@dataclass(frozen=True, slots=True)
class _Kept:
    image: bytes
    about: frozenset[str]


class MemoryImageStore:
    """Keeps pictures in RAM, for tests and single processes; the least recently used go first.

    Args:
        max_bytes_per_user: What is kept for one user; a larger picture is refused.
        max_images_per_user: How many pictures are kept for one user.
        max_users: For how many users; the least recently seen user's pictures go first.
    """

    def __init__(
        self,
        *,
        max_bytes_per_user: int = 64 * 2**20,
        max_images_per_user: int = 500,
        max_users: int = 1000,
    ) -> None:
        check_limits(
            max_bytes_per_user=max_bytes_per_user,
            max_images_per_user=max_images_per_user,
            max_users=max_users,
        )
        self._max_bytes, self._max_images = max_bytes_per_user, max_images_per_user
        self._max_users = max_users
        self._users: OrderedDict[str, OrderedDict[str, _Kept]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, user_id: str, image: bytes, *, about: Collection[str] = ()) -> str:
        """Keep a picture; see :meth:`ImageStore.put`."""
        check_user(user_id)
        check_image(image, self._max_bytes)
        handle = handle_of(image)
        with self._lock:
            kept = self._users.setdefault(user_id, OrderedDict())
            before = kept.pop(handle, None)
            known = before.about if before else frozenset()
            kept[handle] = _Kept(image, known | frozenset(about))
            self._users.move_to_end(user_id)
            self._evict(kept)
        return handle

    def get(self, user_id: str, handle: str) -> bytes:
        """Return a picture; see :meth:`ImageStore.get`."""
        with self._lock:
            kept = self._users.get(check_user(user_id), OrderedDict())
            if not is_handle(handle) or handle not in kept:
                raise unknown_image(handle)
            kept.move_to_end(handle)
            self._users.move_to_end(user_id)
            return kept[handle].image

    def delete(self, user_id: str, handle: str) -> None:
        """Let go of a picture."""
        with self._lock:
            self._users.get(check_user(user_id), OrderedDict()).pop(handle, None)

    def delete_about(self, user_id: str, object_id: str) -> None:
        """Let go of the pictures about an object."""
        with self._lock:
            kept = self._users.get(check_user(user_id), OrderedDict())
            for handle in [handle for handle, item in kept.items() if object_id in item.about]:
                del kept[handle]

    def clear(self, user_id: str) -> None:
        """Let go of everything of one user."""
        with self._lock:
            self._users.pop(check_user(user_id), None)

    def _evict(self, kept: OrderedDict[str, _Kept]) -> None:
        size = sum(len(item.image) for item in kept.values())
        while size > self._max_bytes or len(kept) > self._max_images:
            _, oldest = kept.popitem(last=False)
            size -= len(oldest.image)
        while len(self._users) > self._max_users:
            self._users.popitem(last=False)
