"""Findings of users' pictures: each is searched once for each state of its user's memory."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from PIL import Image

from pekit_agents.images.loading import load_image
from pekit_agents.memory.search.ram import RamCache, shared_ram_cache
from pekit_agents.tools.annotated_pictures import AnnotatedPicture, annotated_picture, plain_view
from pekit_agents.tools.image_store import ImageStore

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.protocols import AnswerModel, SearchMode
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.types import PersonalObject, RGBImage

__all__ = ["Findings"]

#: The state of a memory. The objects as well, because a memory that was forgotten counts from 1
#: again.
_Version: TypeAlias = "tuple[int, tuple[PersonalObject, ...]]"
#: A user and a handle; the user is "" for what holds whoever asks.
_Key: TypeAlias = tuple[str, str]

#: In place of a view's data where these are the user's own bytes: the image store has them.
_OWN = b""
#: About what an entry and each object of its version take, without arrays.
_RECORD_BYTES = 1000
#: In place of the photo in a finding that is kept: the image store has the photo.
_NO_PHOTO = Image.new("RGB", (1, 1))


class Findings:
    """Searches users' pictures and keeps what is found until the memory changes.

    What an agent's model is shown and what its tools answer come from the same finding, so names,
    numbers and probabilities agree. Users are walled off from each other: a finding is kept for
    one user and one handle. Safe to call from several threads: a picture that is being searched is
    waited for.

    Args:
        open_kit: Gives a user's kit.
        images: Where the pictures are kept.
        mode: How hard to look, as in :meth:`PeKit.find`.
        opinion_model: Who is asked about what is only possible, once for each finding, see
            :meth:`PeKit.second_opinion`; None for nobody.
        ram: What findings are kept in, least recently used go first; None for that of the whole
            process, which ``PEKIT_MEMORY_RAM_MB`` bounds. Masks are what is large: those of a
            segmentation model are as large as the photo. Photos are not kept.
    """

    def __init__(
        self,
        open_kit: Callable[[str], PeKit],
        images: ImageStore,
        *,
        mode: SearchMode = "auto",
        opinion_model: AnswerModel | None = None,
        ram: RamCache | None = None,
    ) -> None:
        self._open_kit, self._images, self._mode = open_kit, images, mode
        self._opinion_model = opinion_model
        self._ram = shared_ram_cache() if ram is None else ram
        # What the cache lets go of is gone here as well, once nobody works with it any more.
        self._kept: weakref.WeakValueDictionary[_Key, _Kept] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()

    def find(self, user_id: str, handle: str, *, second_opinion: bool = True) -> Finding:
        """Return the finding of a picture, as :meth:`PeKit.find` does.

        Args:
            user_id: Whose picture and memory.
            handle: The picture's handle.
            second_opinion: Whether it is that after the second opinion, where one is asked for.

        Raises:
            UnknownImage: This user has no such picture (any more).
            ImageError: It cannot be read.
            MissingDependency: It is a HEIC picture and ``pi-heif`` is not installed.
            MemoryStoreError: The memory cannot be read.
        """
        photo = load_image(self._images.get(user_id, handle))
        kit, kept = self._open(user_id, handle)
        with kept.lock:
            finding = self._searched(kit, kept, photo, second_opinion)
            self._keep(kept)
            return finding

    def view(self, user_id: str, handle: str) -> AnnotatedPicture:
        """Return a picture with the boxes of its finding, as a model is shown it.

        Args:
            user_id: Whose picture and memory.
            handle: The picture's handle.

        Raises:
            UnknownImage: This user has no such picture (any more).
            ImageError: It cannot be read.
            MissingDependency: It is a HEIC picture and ``pi-heif`` is not installed.
            MemoryStoreError: The memory cannot be read.
        """
        image = self._images.get(user_id, handle)
        kit, kept = self._open(user_id, handle)

        def annotated() -> AnnotatedPicture:
            finding = self._searched(kit, kept, load_image(image), True)
            return annotated_picture(finding, image)

        return self._viewed(kept, image, annotated)

    def plain(self, user_id: str, handle: str) -> AnnotatedPicture:
        """Return a picture without boxes, as a model is shown it where nothing is looked for.

        Args:
            user_id: Whose picture.
            handle: The picture's handle.

        Raises:
            UnknownImage: This user has no such picture (any more).
            ImageError: It cannot be read.
            MissingDependency: It is a HEIC picture and ``pi-heif`` is not installed.
        """
        image = self._images.get(user_id, handle)
        kept = self._entry(("", handle), None)  # a handle says what the content is
        return self._viewed(kept, image, lambda: plain_view(image))

    def clear(self, user_id: str) -> None:
        """Let go of everything of one user."""
        with self._lock:
            self._drop(user_id)

    def _open(self, user_id: str, handle: str) -> tuple[PeKit, _Kept]:
        """Return a user's kit, and what is kept of a picture for the memory as it is now."""
        kit = self._open_kit(user_id)
        version = kit.version(), tuple(kit.objects())
        with self._lock:
            self._drop(user_id, unless=version)
        return kit, self._entry((user_id, handle), version)

    def _entry(self, key: _Key, version: _Version | None) -> _Kept:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.version != version:
                kept = self._kept[key] = _Kept(key, version, self._ram)
            self._ram.get(kept.ram_key)  # it is in use
            return kept

    def _viewed(
        self, kept: _Kept, image: bytes, make: Callable[[], AnnotatedPicture]
    ) -> AnnotatedPicture:
        with kept.lock:
            if kept.view is None:
                view = make()
                kept.view = replace(view, data=_OWN) if view.data is image else view
                self._keep(kept)
            return replace(kept.view, data=image) if kept.view.data == _OWN else kept.view

    def _searched(self, kit: PeKit, kept: _Kept, photo: RGBImage, second_opinion: bool) -> Finding:
        if kept.found is None:
            kept.found = replace(kit.find(photo, mode=self._mode), image=_NO_PHOTO)
        finding = replace(kept.found, image=photo)
        if not second_opinion or self._opinion_model is None:
            return finding
        if kept.judged is None:
            judged = kit.second_opinion(finding, self._opinion_model)
            kept.judged = replace(judged, image=_NO_PHOTO)
        return replace(kept.judged, image=photo)

    def _keep(self, kept: _Kept) -> None:
        """Keep what was worked out, unless the memory has changed in the meantime."""
        with self._lock:
            if self._kept.get(kept.key) is kept:
                self._ram.drop(kept.ram_key)
                kept.weigh()
                self._ram.put(kept.ram_key, kept)

    def _drop(self, user_id: str, *, unless: _Version | None = None) -> None:
        """Let go of a user's findings of other states of the memory, forgotten names too."""
        for key, kept in list(self._kept.items()):
            if key[0] == user_id and kept.version != unless:
                self._kept.pop(key, None)
                self._ram.drop(kept.ram_key)


class _Kept:
    """What was worked out for one picture by the first who asked; a failure is not kept."""

    def __init__(self, key: _Key, version: _Version | None, ram: RamCache) -> None:
        self.key, self.version, self.ram_key = key, version, ram.key_for(self)
        self.found: Finding | None = None
        self.judged: Finding | None = None
        self.view: AnnotatedPicture | None = None
        self.nbytes = 0
        self.lock = threading.Lock()

    def weigh(self) -> None:
        """Work out anew how much it takes, about; never while the cache counts with it."""
        objects = 0 if self.version is None else len(self.version[1])
        shown = 0 if self.view is None else len(self.view.data)
        found = 0 if self.found is None else _nbytes(self.found)
        self.nbytes = _RECORD_BYTES * (1 + objects) + shown + found


def _nbytes(finding: Finding) -> int:
    masks = [region.mask.values.nbytes for region in finding.proposals if region.mask is not None]
    crops = [match.crop for match in finding.everything if match.crop is not None]
    return finding.vectors.nbytes + sum(masks) + sum(len(c.picture) + len(c.mask) for c in crops)
