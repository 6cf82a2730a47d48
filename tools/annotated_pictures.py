"""What a model is shown of a user's pictures, searched once for each state of the memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, TypeAlias

from pekit_agents.errors import ImageError, InvalidInput
from pekit_agents.tools.image_kinds import mime_of

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.protocols import AnswerModel, SearchMode
    from pekit_agents.types import PersonalObject, RGBImage

__all__ = ["AnnotatedPicture", "AnnotatedPictures", "plain_view"]

_QUESTION = "Keep this in mind when you answer what is asked about this picture."
_MAX_SIDE = 1568  # what hosted models look at; more is scaled down by them

#: What is remembered: pictures that were searched before it changed are searched again.
#: The objects as well, because a memory that was forgotten counts from 1 again.
_Version: TypeAlias = "tuple[int, tuple[PersonalObject, ...]]"


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedPicture:
    """A picture as a model is shown it.

    Attributes:
        data: The annotated picture, or the user's own bytes when nothing personal is in it.
        mime: The MIME type of ``data``.
        text: Names, contexts and instruction (paper 3.4); empty when nothing personal is in it.
    """

    data: bytes
    mime: str
    text: str = ""


class AnnotatedPictures:
    """Finds personal objects in pictures and keeps the outcome, walled off per user.

    Safe to use from several threads: a picture that is being searched is waited for.

    Args:
        open_kit: Gives a user's kit.
        mode: How hard to look, as in :meth:`PeKit.find`.
        max_views: How many outcomes are kept; the least recently used go first.
        opinion_model: Who is asked about what is only possible, once for each outcome, see
            :meth:`PeKit.second_opinion`; None for nobody.
    """

    def __init__(
        self,
        open_kit: Callable[[str], PeKit],
        *,
        mode: SearchMode = "auto",
        max_views: int = 128,
        opinion_model: AnswerModel | None = None,
    ) -> None:
        if max_views < 1:
            raise InvalidInput(f"max_views: expected at least 1, found {max_views}")
        self._open_kit, self._mode, self._max_views = open_kit, mode, max_views
        self._opinion_model = opinion_model
        self._outcomes: OrderedDict[tuple[str, str], _Outcome] = OrderedDict()
        self._lock = threading.Lock()

    def view(self, user_id: str, handle: str, image: bytes) -> AnnotatedPicture:
        """Return what a model is shown of a picture.

        Args:
            user_id: Whose memory is searched.
            handle: The handle of the picture.
            image: Its content.

        Raises:
            ImageError: It cannot be read.
            MemoryStoreError: The memory cannot be read.
        """
        kit = self._open_kit(user_id)
        version = kit.version(), tuple(kit.objects())
        with self._lock:
            self._drop_stale(user_id, version)
            outcome = self._outcomes.setdefault((user_id, handle), _Outcome(version))
            self._outcomes.move_to_end((user_id, handle))
            while len(self._outcomes) > self._max_views:
                self._outcomes.popitem(last=False)
        return outcome.get(lambda: self._search(kit, image))

    def _search(self, kit: PeKit, image: bytes) -> AnnotatedPicture:
        finding = kit.find(image, mode=self._mode)
        if self._opinion_model is not None:
            finding = kit.second_opinion(finding, self._opinion_model)
        prompt = kit.prompt(finding, _QUESTION)
        if not prompt.matches:
            return plain_view(image)
        return AnnotatedPicture(_to_jpeg(prompt.image), "image/jpeg", prompt.text)

    def _drop_stale(self, user_id: str, version: _Version) -> None:
        """Let go of a user's outcomes from another state of the memory, forgotten names too."""
        stale = [
            key
            for key, outcome in self._outcomes.items()
            if key[0] == user_id and outcome.version != version
        ]
        for key in stale:
            del self._outcomes[key]


class _Outcome:
    """A view that is searched by the first who asks; a failure is not kept."""

    def __init__(self, version: _Version) -> None:
        self.version = version
        self._view: AnnotatedPicture | None = None
        self._lock = threading.Lock()

    def get(self, search: Callable[[], AnnotatedPicture]) -> AnnotatedPicture:
        with self._lock:
            if self._view is None:
                self._view = search()
            return self._view


def plain_view(image: bytes) -> AnnotatedPicture:
    """Return a picture as it is, or raise ImageError when it is none."""
    try:
        return AnnotatedPicture(image, mime_of(image))
    except ValueError as exc:
        raise ImageError(f"the kind of a picture cannot be told: {exc}") from exc


def _to_jpeg(image: RGBImage) -> bytes:
    picture = image.copy()
    picture.thumbnail((_MAX_SIDE, _MAX_SIDE))
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
