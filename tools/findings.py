"""Findings of users' pictures: each is searched once for each state of its user's memory."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from PIL import Image

from pekit_agents.images.limits import DEFAULT_LIMITS, ImageLimits
from pekit_agents.images.loading import LoadedPhoto, load_photo
from pekit_agents.memory.search.ram import RamCache, shared_ram_cache, shared_view_cache
from pekit_agents.tools.annotated_pictures import AnnotatedPicture, annotated_picture, plain_view
from pekit_agents.tools.image_store import ImageStore

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.protocols import AnswerModel, SearchMode
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.tools.clip_findings import ClipFindings
    from pekit_agents.types import PersonalObject

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
        limits: What a picture may weigh that is shown without a search.
        mode: How hard to look, as in :meth:`PeKit.find`.
        opinion_model: Who is asked about what is only possible, once for each finding, see
            :meth:`PeKit.second_opinion`; None for nobody.
        ram: What findings are kept in, least recently used go first; None for that of the whole
            process, which ``PEKIT_MEMORY_RAM_MB`` bounds. Masks are what is large: those of a
            segmentation model are as large as the photo. Photos are not kept.
        view_ram: The same for pictures as a model was shown them; those that are shown as they
            are take nothing of it.
        clips: What was found in clips, which is let go of along.
    """

    def __init__(
        self,
        open_kit: Callable[[str], PeKit],
        images: ImageStore,
        limits: ImageLimits = DEFAULT_LIMITS,
        *,
        mode: SearchMode = "auto",
        opinion_model: AnswerModel | None = None,
        ram: RamCache | None = None,
        view_ram: RamCache | None = None,
        clips: ClipFindings | None = None,
    ) -> None:
        self._open_kit, self._images, self._mode = open_kit, images, mode
        self._opinion_model, self._limits, self._clips = opinion_model, limits, clips
        self._ram = shared_ram_cache() if ram is None else ram
        self._view_ram = shared_view_cache() if view_ram is None else view_ram
        # What a cache lets go of is gone here as well, once nobody works with it any more.
        self._kept: weakref.WeakValueDictionary[_Key, _Found] = weakref.WeakValueDictionary()
        self._views: weakref.WeakValueDictionary[_Key, _View] = weakref.WeakValueDictionary()
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
        image = self._images.get(user_id, handle)
        kit, version = self._open(user_id)
        photo = load_photo(image, limits=kit.limits)
        return self._searched(kit, (user_id, handle), version, photo, second_opinion)

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
        kit, version = self._open(user_id)
        key = user_id, handle

        def annotated() -> AnnotatedPicture:
            photo = load_photo(image, limits=kit.limits)
            finding = self._searched(kit, key, version, photo, True)
            return annotated_picture(finding, image)

        return self._viewed(key, version, image, annotated)

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
        # A handle says what the content is, so it is the same for everybody.
        return self._viewed(("", handle), None, image, lambda: plain_view(image, self._limits))

    def clear(self, user_id: str) -> None:
        """Let go of everything of one user."""
        with self._lock:
            self._drop(user_id)
        if self._clips is not None:
            self._clips.clear(user_id)

    def _open(self, user_id: str) -> tuple[PeKit, _Version]:
        """Return a user's kit, and its memory's state; what was found in other states goes."""
        kit = self._open_kit(user_id)
        version = kit.version(), tuple(kit.objects())
        with self._lock:
            self._drop(user_id, unless=version)
        return kit, version

    def _searched(
        self, kit: PeKit, key: _Key, version: _Version, photo: LoadedPhoto, second_opinion: bool
    ) -> Finding:
        with self._lock:
            kept = _entry(self._kept, _Found, key, version, self._ram)
        with kept.lock:
            if kept.found is None:
                kept.found = replace(kit.find(photo, mode=self._mode), image=_NO_PHOTO)
                self._keep(self._kept, kept, self._ram)
            finding = replace(kept.found, image=photo.image)
            if not second_opinion or self._opinion_model is None:
                return finding
            if kept.judged is None:
                judged = kit.second_opinion(finding, self._opinion_model)
                kept.judged = replace(judged, image=_NO_PHOTO)
            return replace(kept.judged, image=photo.image)

    def _viewed(
        self,
        key: _Key,
        version: _Version | None,
        image: bytes,
        make: Callable[[], AnnotatedPicture],
    ) -> AnnotatedPicture:
        with self._lock:
            kept = _entry(self._views, _View, key, version, self._view_ram)
        with kept.lock:
            if kept.view is None:
                view = make()
                kept.view = replace(view, data=_OWN) if view.data is image else view
                self._keep(self._views, kept, self._view_ram)
            return replace(kept.view, data=image) if kept.view.data == _OWN else kept.view

    def _keep(
        self, entries: weakref.WeakValueDictionary[_Key, _E], kept: _E, ram: RamCache
    ) -> None:
        """Keep what was worked out, unless the memory has changed in the meantime."""
        with self._lock:
            if entries.get(kept.key) is kept:
                ram.put(kept.ram_key, kept)

    def _drop(self, user_id: str, *, unless: _Version | None = None) -> None:
        """Let go of a user's findings of other states of the memory, forgotten names too."""
        for entries, ram in ((self._kept, self._ram), (self._views, self._view_ram)):
            for key, kept in list(entries.items()):
                if key[0] == user_id and kept.version != unless:
                    entries.pop(key, None)
                    ram.drop(kept.ram_key)


class _Entry:
    """What is worked out for one picture by the first who asks; a failure is not kept."""

    def __init__(self, key: _Key, version: _Version | None, ram: RamCache) -> None:
        self.key, self.version, self.ram_key = key, version, ram.key_for(self)
        self.lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """How much it takes, about; the same from when it is worked out."""
        return _RECORD_BYTES * (1 + (0 if self.version is None else len(self.version[1])))


class _Found(_Entry):
    found: Finding | None = None
    judged: Finding | None = None

    @property
    def nbytes(self) -> int:
        return super().nbytes + (0 if self.found is None else _nbytes(self.found))


class _View(_Entry):
    view: AnnotatedPicture | None = None

    @property
    def nbytes(self) -> int:
        return super().nbytes + (0 if self.view is None else len(self.view.data))


_E = TypeVar("_E", bound=_Entry)


def _entry(
    entries: weakref.WeakValueDictionary[_Key, _E],
    kind: type[_E],
    key: _Key,
    version: _Version | None,
    ram: RamCache,
) -> _E:
    kept = entries.get(key)
    if kept is None or kept.version != version:
        kept = entries[key] = kind(key, version, ram)
    ram.get(kept.ram_key)  # it is in use
    return kept


def _nbytes(finding: Finding) -> int:
    masks = [region.mask.values.nbytes for region in finding.proposals if region.mask is not None]
    crops = [match.crop for match in finding.everything if match.crop is not None]
    return finding.vectors.nbytes + sum(masks) + sum(len(c.picture) + len(c.mask) for c in crops)
