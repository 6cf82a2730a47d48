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
import itertools
import re
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pekit_agents.errors import InvalidInput
from pekit_agents.memory.search.ram import shared_ram_cache
from pekit_agents.owner_text import NAME_LIMIT, quote

__all__ = [
    "HANDLE_PREFIX",
    "ImageStore",
    "ListsAbout",
    "MemoryImageStore",
    "UnknownImage",
    "check_limits",
    "handle_of",
    "handles_in",
    "handles_named",
    "image_label",
    "is_handle",
    "unknown_image",
]

HANDLE_PREFIX = "img_"
_HANDLE = re.compile(r"img_[0-9a-f]{32}")
_NAMED = re.compile(r"(?<![0-9a-z_/])img_[0-9a-f]{32}(?![0-9a-z_])", re.IGNORECASE)
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


@runtime_checkable
class ListsAbout(Protocol):
    """An image store that says what its pictures are about.

    With it, what an interrupted forgetting left is found and deleted later on; so are pictures
    about objects that somebody else forgot, such as ``pekit forget`` at a terminal.
    """

    def about(self, user_id: str) -> set[str]:
        """Return the ids of the objects that pictures of a user are about."""
        ...


def image_label(handle: str) -> str:
    """Return the text that tells a model a picture's handle: ``[image img_...]``."""
    return f"[image {handle}]"


def handles_in(text: str) -> list[str]:
    """Return the handles in the labels of a text, in their order."""
    return _LABEL.findall(text)


def handles_named(text: str) -> list[str]:
    """Return the handles in a text that names pictures, also without labels and in capitals."""
    return [handle.lower() for handle in _NAMED.findall(text)]


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


def each_put(images: Sequence[bytes], put: Callable[[bytes], str]) -> list[str | InvalidInput]:
    """Return for each picture the handle that it was put under, or why it was refused."""
    handles: list[str | InvalidInput] = []
    for image in images:
        try:
            handles.append(put(image))
        except InvalidInput as exc:
            handles.append(exc)
    return handles


@dataclass(frozen=True, slots=True)
class _Kept:
    image: bytes
    about: frozenset[str]


class _Person:
    """The pictures of one user, the least recently used first."""

    def __init__(self) -> None:
        self.pictures: OrderedDict[str, _Kept] = OrderedDict()
        self.albums: dict[bool, frozenset[str]] = {}  # the newest of tools, and of the user
        self.batch: str | None = None
        self.nbytes = self.seen = 0

    def add(self, handle: str, image: bytes, about: frozenset[str]) -> None:
        known = self.remove(handle).about if handle in self.pictures else frozenset()
        self.pictures[handle] = _Kept(image, known | about)
        self.nbytes += len(image)

    def remove(self, handle: str) -> _Kept:
        kept = self.pictures.pop(handle)
        self.nbytes -= len(kept.image)
        return kept

    @property
    def together(self) -> frozenset[str]:
        """The pictures that came together last and stay."""
        return frozenset(self.pictures).intersection(frozenset[str]().union(*self.albums.values()))

    def begin(self, batch: str | None) -> None:
        """Let others come in place of an album, or go on with the same batch."""
        of_tools = batch is not None
        if not of_tools or batch != self.batch:
            self.albums[of_tools] = frozenset()
        self.batch = batch if of_tools else self.batch

    def beside(self, newest: str) -> list[str]:
        """Return what may go for others: neither of an album nor the newest."""
        stay = self.together
        return [each for each in self.pictures if each != newest and each not in stay]


class MemoryImageStore:
    """Keeps pictures in RAM, for tests and single processes; the least recently used go first.

    The pictures of all such stores in a process take at most half of ``PEKIT_MEMORY_RAM_MB``, and
    those that came together last, which stay, at most all of it: then other users' go first.

    Args:
        max_bytes_per_user: What is kept for one user beside what was sent, and what tools returned,
            last; a larger picture is refused.
        max_images_per_user: How many pictures are kept for one user beside the same.
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
        self._users: dict[str, _Person] = {}
        with _LOCK:
            _STORES.add(self)

    def put(self, user_id: str, image: bytes, *, about: Collection[str] = ()) -> str:
        """Keep a picture; see :meth:`ImageStore.put`."""
        check_user(user_id)
        check_image(image, self._max_bytes)
        handle = handle_of(image)
        with _LOCK:
            person = self._person(user_id)
            _check_room(len(image))
            person.add(handle, image, frozenset(about))
            self._evict(person, handle)
        return handle

    def put_album(
        self, user_id: str, images: Sequence[bytes], *, batch: str | None = None
    ) -> list[str | InvalidInput]:
        """Keep pictures that came together; see :class:`AlbumStore`."""
        check_user(user_id)
        with _LOCK:
            person = self._person(user_id)
            person.begin(batch)

            def put(image: bytes) -> str:
                check_image(image, self._max_bytes)
                handle, together = handle_of(image), person.together
                if handle not in together:
                    size = sum(len(person.pictures[each].image) for each in together)
                    _check_room(size + len(image))
                person.add(handle, image, frozenset())
                person.albums[batch is not None] |= {handle}
                self._evict(person, handle)
                return handle

            return each_put(images, put)

    def get(self, user_id: str, handle: str) -> bytes:
        """Return a picture; see :meth:`ImageStore.get`."""
        check_user(user_id)
        with _LOCK:
            person = self._users.get(user_id)
            if person is None or not is_handle(handle) or handle not in person.pictures:
                raise unknown_image(handle)
            person.pictures.move_to_end(handle)
            person.seen = next(_CLOCK)
            return person.pictures[handle].image

    def delete(self, user_id: str, handle: str) -> None:
        """Let go of a picture."""
        self._delete(user_id, lambda each, _: each == handle)

    def about(self, user_id: str) -> set[str]:
        """Return the ids of the objects that pictures of a user are about."""
        check_user(user_id)
        with _LOCK:
            kept = self._users.get(user_id, _Person()).pictures
            return {object_id for item in kept.values() for object_id in item.about}

    def delete_about(self, user_id: str, object_id: str) -> None:
        """Let go of the pictures about an object."""
        self._delete(user_id, lambda _, kept: object_id in kept.about)

    def clear(self, user_id: str) -> None:
        """Let go of everything of one user."""
        check_user(user_id)
        with _LOCK:
            self._users.pop(user_id, None)

    def _person(self, user_id: str) -> _Person:
        person = self._users.setdefault(user_id, _Person())
        person.seen = next(_CLOCK)
        return person

    def _delete(self, user_id: str, meant: Callable[[str, _Kept], bool]) -> None:
        check_user(user_id)
        with _LOCK:
            person = self._users.get(user_id, _Person())
            for handle in [each for each, kept in person.pictures.items() if meant(each, kept)]:
                person.remove(handle)

    def _evict(self, person: _Person, newest: str) -> None:
        beside = person.beside(newest)
        alone = newest not in person.together
        count = len(beside) + alone
        size = sum(len(person.pictures[each].image) for each in beside)
        size += len(person.pictures[newest].image) if alone else 0
        for handle in beside:
            if size <= self._max_bytes and count <= self._max_images:
                break
            size, count = size - len(person.remove(handle).image), count - 1
        while len(self._users) > self._max_users:
            del self._users[min(self._users, key=lambda user: self._users[user].seen)]
        _shrink(person, newest)


#: All stores of this process, under one lock: their pictures share one bound.
_STORES: weakref.WeakSet[MemoryImageStore] = weakref.WeakSet()
_LOCK = threading.Lock()
_CLOCK = itertools.count(1)


def _check_room(size: int) -> None:
    """Raise InvalidInput for what is too large for this process, whatever else goes."""
    if size > (most := shared_ram_cache().limit_bytes):
        raise InvalidInput(
            f"expected pictures that come together of at most {most // 2**20} MB, found "
            f"{size / 2**20:.1f} MB; use fewer or smaller ones, a DirectoryImageStore, or raise "
            "PEKIT_MEMORY_RAM_MB"
        )


def _shrink(current: _Person, newest: str) -> None:
    """Let go of the pictures of whoever was seen longest ago, and tell the other caches."""
    people = [person for store in _STORES for person in store._users.values()]
    size, ram = sum(person.nbytes for person in people), shared_ram_cache()
    if size > ram.limit_bytes // 2:
        for person in sorted(people, key=lambda each: each.seen):
            for handle in person.beside(newest) if person is current else [*person.pictures]:
                if size <= ram.limit_bytes // 2:
                    break
                size -= len(person.remove(handle).image)
    ram.reserve("pictures", size)
