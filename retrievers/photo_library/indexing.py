"""Reading photos and clips into a library: what is new, what is known, what cannot be read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.errors import InvalidInput
from pekit_agents.images.limits import DEFAULT_LIMITS, ImageLimits
from pekit_agents.images.loading import describe_source, load_photo, read_image

if TYPE_CHECKING:
    from pekit_agents.images.loading import ImageSource, LoadedPhoto
    from pekit_agents.video.clips import Clip

__all__ = [
    "IndexReport",
    "PhotoProgress",
    "Tally",
    "check_id",
    "check_unseen",
    "opened",
    "pairs_of",
    "shown_id",
]

#: Called after each photo or clip with (photo id, "indexed", "skipped" or "failed").
PhotoProgress = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What became of the photos and clips of one :meth:`PhotoLibrary.index`.

    Attributes:
        indexed: How many were encoded and stored.
        skipped: How many were there already, unchanged.
        failed: (photo id, reason) of those that cannot be read, have no usable id or that of
            another photo, or were forgotten meanwhile.
    """

    indexed: int = 0
    skipped: int = 0
    failed: tuple[tuple[str, str], ...] = field(default=())


class Tally:
    """Counts what became of photos and tells it on."""

    def __init__(self, progress: PhotoProgress | None) -> None:
        self.indexed = self.skipped = 0
        self.failed: list[tuple[str, str]] = []
        self._progress = progress

    def report(self) -> IndexReport:
        """Return the counts so far."""
        return IndexReport(self.indexed, self.skipped, tuple(self.failed))

    def add(self, photo_id: str, state: str, reason: str = "") -> None:
        """Count one photo: ``"indexed"``, ``"skipped"`` or ``"failed"``."""
        self.indexed += state == "indexed"
        self.skipped += state == "skipped"
        if state == "failed":
            self.failed.append((photo_id, reason))
        if self._progress is not None:
            self._progress(photo_id, state)

    def take_back(self, photo_id: str, reason: str) -> None:
        """Count one that was indexed as failed after all."""
        self.indexed -= 1
        self.failed.append((photo_id, reason))


def check_id(photo_id: object) -> None:
    """Raise InvalidInput for what cannot name a photo."""
    if not isinstance(photo_id, str) or not photo_id:
        raise InvalidInput(f"expected a photo id, a text with characters, found {photo_id!r:.80}")
    try:
        photo_id.encode()
    except UnicodeEncodeError as exc:  # the name of a file on a disk of another time
        raise InvalidInput(
            f"expected a photo id in Unicode, found {photo_id!r:.80}; rename the file"
        ) from exc


def check_unseen(photo_id: str, seen: Collection[str]) -> None:
    """Raise InvalidInput if the same call has had another photo of that id: it would be lost."""
    if photo_id in seen:
        raise InvalidInput(
            f"expected another id for each photo, found two photos called {photo_id!r:.80}; the "
            "second is left out. Give each the path in its folder"
        )


def shown_id(photo_id: object) -> str:
    """Return what a report calls a photo by, whatever was given for its id."""
    return photo_id if isinstance(photo_id, str) else f"{photo_id!r:.80}"


def pairs_of(photos: object) -> Iterator[tuple[str, ImageSource | Clip]]:
    """Yield what is indexed: pairs of a photo's id and the photo or clip.

    Raises:
        InvalidInput: They are no pairs.
    """
    if isinstance(photos, str | bytes | os.PathLike) or not isinstance(photos, Iterable):
        raise _no_pairs(photos)
    for pair in photos:
        if not isinstance(pair, tuple | list) or len(pair) != 2:  # id and photo
            raise _no_pairs(pair)
        yield pair[0], pair[1]


def _no_pairs(found: object) -> InvalidInput:
    told = type(found).__name__ if isinstance(found, bytes | np.ndarray) else f"{found!r:.80}"
    return InvalidInput(
        f"expected pairs of a photo's id and the photo, found {told}",
        in_python="; of a folder these are ((str(path), path) for path in "
        "list_photos(folder).photos), with list_photos of pekit_agents.images",
    )


def opened(
    source: ImageSource, known: str | None, limits: ImageLimits = DEFAULT_LIMITS
) -> tuple[LoadedPhoto | None, str]:
    """Return a photo, read once, and the hash of its content; no photo where that is ``known``.

    Raises:
        ImageError: It cannot be read, is no photo, or breaks a limit.
        MissingDependency: What decodes it is not installed.
    """
    if isinstance(source, str | os.PathLike | bytes | bytearray | memoryview):
        data = read_image(source, limits=limits)
        content = hashlib.sha256(data).hexdigest()
        if content == known:
            return None, content
        return load_photo(data, limits=limits, name=describe_source(source)), content
    photo = load_photo(source, limits=limits)
    told = b"%d %d " % photo.image.size + photo.image.tobytes()
    return photo, hashlib.sha256(told).hexdigest()
