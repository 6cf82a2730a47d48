"""``OfferedPhotos``: photos and clips that a model gives of one thing; one may be of no use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from pekit_agents.errors import ImageError, NoObjectFound
from pekit_agents.images.leaving_out import leaving_out
from pekit_agents.owner_text import NAME_LIMIT, quote
from pekit_agents.tools.action_result import fixable
from pekit_agents.tools.clip_store import UnknownClip, is_clip_handle
from pekit_agents.tools.image_store import UnknownImage, is_handle
from pekit_agents.video.clips import Clip
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.tools.clip_store import ClipStore
    from pekit_agents.tools.image_store import ImageStore
    from pekit_agents.types import PersonalObject

__all__ = ["OfferedPhotos"]

#: Handle -> what a kit takes for its photo.
_Photos: TypeAlias = Mapping[str, Any]
_MOST_TOLD = 10  # more reasons than this say nothing new to a model


class OfferedPhotos:
    """Photos and clips by handle: what cannot be used is left out, unless nothing else is there.

    Args:
        images: Where photos are kept.
        clips: Where clips are kept.
        user_id: Whose they are.
        handles: The handles, in their order.
        seconds: How much of a clip is looked at.

    Attributes:
        by_handle: What a kit takes for the photos that are used.
        left_out: Why the others are not.

    Raises:
        UnknownImage: None of them is kept.
        UnknownClip: None of them is kept, and the first is a clip.
    """

    def __init__(
        self,
        images: ImageStore,
        clips: ClipStore,
        user_id: str,
        handles: Sequence[str],
        *,
        seconds: float,
    ) -> None:
        self.by_handle: dict[str, Any] = {}
        self.left_out: dict[str, str] = {}
        unknown: UnknownImage | UnknownClip | None = None
        for handle in handles:
            try:
                if is_clip_handle(handle):
                    self.by_handle[handle] = Clip(clips.path(user_id, handle), end=seconds)
                else:
                    self.by_handle[handle] = images.get(user_id, handle)
            except (UnknownImage, UnknownClip) as exc:
                unknown = unknown or exc
                kind = "clip" if isinstance(exc, UnknownClip) else "picture"
                self.left_out[handle] = f"there is no such {kind}, or it is no longer kept"
        if unknown is not None and not self.by_handle:
            raise unknown

    def store(
        self, kit: PeKit, category: str, store: Callable[[_Photos], PersonalObject]
    ) -> PersonalObject:
        """Store all photos, or without those that cannot be read or show no object.

        Each photo is looked at by itself only where they cannot be stored together.

        Args:
            kit: Looks at them.
            category: What the object is.
            store: Stores photos together, or raises and stores none.

        Raises:
            ImageError: None can be used.
            NoObjectFound: None can be used.
            PeKitError: Whatever else ``store`` raises.
        """
        try:
            return store(self.by_handle)
        except (ImageError, NoObjectFound):
            bad: dict[str, str] = {}
            for handle, photo in self.by_handle.items():
                with leaving_out(partial(bad.__setitem__, handle)), fixable():
                    look = kit.pick_views if isinstance(photo, Clip) else kit.extract_view
                    look(photo, category=category)
            if len(bad) in (0, len(self.by_handle)):
                raise
        self.left_out |= bad
        self.by_handle = {each: it for each, it in self.by_handle.items() if each not in bad}
        return store(self.by_handle)

    def told(self) -> list[str]:
        """Return which photos were left out and why, as lines for a model."""
        if not self.left_out:
            return []
        head = (
            f"Left out, and not remembered: {counted(len(self.left_out), 'photo')}. Tell the user."
        )
        lines = [
            f"- {handle if _is_known(handle) else quote(handle, NAME_LIMIT)}: {why.rstrip('.')}"
            for handle, why in [*self.left_out.items()][:_MOST_TOLD]
        ]
        more = len(self.left_out) - len(lines)
        return [head, *lines, *([f"- and {more} more"] if more else [])]


def _is_known(handle: str) -> bool:
    """Return whether a text has the form of a handle, so that it need not be quoted."""
    return is_handle(handle) or is_clip_handle(handle)
