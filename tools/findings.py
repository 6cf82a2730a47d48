"""Findings of users' pictures: each is searched once for each state of its user's memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from PIL import Image

from pekit_agents.images.loading import LoadedPhoto, load_photo
from pekit_agents.tools.annotated_pictures import AnnotatedPicture, annotated_picture
from pekit_agents.tools.image_store import ImageStore, check_limits

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.protocols import AnswerModel, SearchMode
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.types import PersonalObject

__all__ = ["Findings"]

#: The state of a memory. The objects as well, because a memory that was forgotten counts from 1
#: again.
_Version: TypeAlias = "tuple[int, tuple[PersonalObject, ...]]"

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
        max_findings: How many findings are kept; the least recently used go first.
        max_bytes: How much they may take. Masks are what is large: those of a segmentation model
            are as large as the photo. The newest finding is kept whatever its size.
    """

    def __init__(
        self,
        open_kit: Callable[[str], PeKit],
        images: ImageStore,
        *,
        mode: SearchMode = "auto",
        opinion_model: AnswerModel | None = None,
        max_findings: int = 128,
        max_bytes: int = 256 * 2**20,
    ) -> None:
        check_limits(max_findings=max_findings, max_bytes=max_bytes)
        self._open_kit, self._images, self._mode = open_kit, images, mode
        self._opinion_model = opinion_model
        self._max_findings, self._max_bytes = max_findings, max_bytes
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
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
            MemoryStoreError: The memory cannot be read.
        """
        image = self._images.get(user_id, handle)
        kit, kept = self._open(user_id, handle)
        photo = load_photo(image, limits=kit.limits)
        with kept.lock:
            return self._searched(kit, kept, photo, second_opinion)

    def view(self, user_id: str, handle: str) -> AnnotatedPicture:
        """Return a picture with the boxes of its finding, as a model is shown it.

        Args:
            user_id: Whose picture and memory.
            handle: The picture's handle.

        Raises:
            UnknownImage: This user has no such picture (any more).
            ImageError: It cannot be read.
            MemoryStoreError: The memory cannot be read.
        """
        image = self._images.get(user_id, handle)
        kit, kept = self._open(user_id, handle)
        with kept.lock:
            if kept.view is None:
                photo = load_photo(image, limits=kit.limits)
                finding = self._searched(kit, kept, photo, True)
                kept.view = annotated_picture(finding, image)
            return kept.view

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
            kept = self._kept.setdefault((user_id, handle), _Kept(version))
            self._kept.move_to_end((user_id, handle))
            size = sum(each.nbytes for each in self._kept.values())
            while len(self._kept) > 1 and (
                len(self._kept) > self._max_findings or size > self._max_bytes
            ):
                size -= self._kept.popitem(last=False)[1].nbytes
        return kit, kept

    def _searched(
        self, kit: PeKit, kept: _Kept, photo: LoadedPhoto, second_opinion: bool
    ) -> Finding:
        if kept.found is None:
            kept.found = replace(kit.find(photo, mode=self._mode), image=_NO_PHOTO)
        finding = replace(kept.found, image=photo.image)
        if not second_opinion or self._opinion_model is None:
            return finding
        if kept.judged is None:
            judged = kit.second_opinion(finding, self._opinion_model)
            kept.judged = replace(judged, image=_NO_PHOTO)
        return replace(kept.judged, image=photo.image)

    def _drop(self, user_id: str, *, unless: _Version | None = None) -> None:
        """Let go of a user's findings of other states of the memory, forgotten names too."""
        stale = [
            key for key, kept in self._kept.items() if key[0] == user_id and kept.version != unless
        ]
        for key in stale:
            del self._kept[key]


class _Kept:
    """What was worked out for one picture by the first who asked; a failure is not kept."""

    def __init__(self, version: _Version) -> None:
        self.version = version
        self.found: Finding | None = None
        self.judged: Finding | None = None
        self.view: AnnotatedPicture | None = None
        self.lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """How much it takes, about."""
        shown = 0 if self.view is None else len(self.view.data)
        return shown + (0 if self.found is None else _nbytes(self.found))


def _nbytes(finding: Finding) -> int:
    masks = [region.mask.values.nbytes for region in finding.proposals if region.mask is not None]
    crops = [match.crop for match in finding.everything if match.crop is not None]
    return finding.vectors.nbytes + sum(masks) + sum(len(c.picture) + len(c.mask) for c in crops)
