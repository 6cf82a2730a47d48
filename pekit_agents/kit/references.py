"""The photos and clips that introduce an object, as the views they give: ``ReferenceViews``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from pekit_agents.errors import InvalidInput
from pekit_agents.images.limits import ImageLimits
from pekit_agents.images.reading import read_image
from pekit_agents.introduction.views import Progress, extract_view, gather_views
from pekit_agents.owner_text import clean_category
from pekit_agents.profiles import Profile
from pekit_agents.types import Advice, View
from pekit_agents.video.clips import Clip, clip_view_ids, looks_like_a_clip
from pekit_agents.video.picking import MOST_PICKED, Picked, pick_views

if TYPE_CHECKING:
    from pekit_agents.images.loading import ImageSource
    from pekit_agents.introduction.view_extraction import Reference
    from pekit_agents.video.frames import Frame

__all__ = ["Gathered", "ReferenceViews", "References", "require_end"]

#: What introduces an object: photos, clips and what was picked from clips; one, or a list of them.
References: TypeAlias = (
    "ImageSource | Reference | Clip | Picked | Sequence[ImageSource | Reference | Clip | Picked]"
)

#: Seconds between the frames that are compared for sharpness: two or three of the shortest stretch
#: of which the sharpest is looked at.
_EVERY = 0.1


class ReferenceViews:
    """The part of :class:`~pekit_agents.kit.kit.PeKit` that looks at what introduces an object."""

    _profile: Profile
    _keep_crops: bool
    limits: ImageLimits

    def pick_views(self, clip: Any, *, category: str, progress: Progress | None = None) -> Picked:
        """Return the views that :meth:`remember` would take from a clip, storing nothing.

        :meth:`remember` and :meth:`add_views` take it in place of the clip, so that one may look
        at it before: :func:`pekit_agents.video.picked_sheet.picked_sheet` draws it.

        Args:
            clip: A :class:`Clip`, or what it takes as its source.
            category: What the object is.
            progress: Called after each frame that was looked at.

        Raises:
            ClipError: The clip cannot be read.
            InvalidInput: The category is empty or too long, or a camera comes without an end.
            MissingDependency: The extra ``video`` is not installed.
            NoObjectFound: It shows no object, or no two frames of it show the same one.
        """
        gathering = _Gathering(self._profile, clean_category(category), self._keep_crops)
        return gathering.picked(clip if isinstance(clip, Clip) else Clip(clip), progress=progress)

    def _gathered(
        self, images: References, category: str, *, already: int, progress: Progress | None
    ) -> Gathered:
        items = list(images) if isinstance(images, list | tuple) else [images]
        items = [_as_clip(each, self.limits) for each in items]
        gathering = _Gathering(
            self._profile, category, self._keep_crops, self.limits, progress, total=len(items)
        )
        of_clips = [isinstance(each, Clip | Picked) for each in items]
        views = gather_views(
            items,
            gathering.look,
            already=already,
            kinds=["clip" if clip else "photo" for clip in of_clips],
        )
        counts = [len(each) for each in views]
        from_clip = [
            clip for clip, count in zip(of_clips, counts, strict=True) for _ in range(count)
        ]
        return Gathered(
            [view for each in views for view in each],
            counts,
            gathering.names if any(of_clips) else None,
            frozenset(number for number, clip in enumerate(from_clip, start=1) if clip),
            tuple(gathering.advice),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """What the references of an object gave.

    Attributes:
        views: All of them, one reference's after the other's.
        counts: How many views each reference gave.
        names: What the picture of each view is called in advice; None where all are photos.
        in_clips: Which views are of clips, by their numbers from 1.
        of_clips: What to know about the clips.
    """

    views: list[View]
    counts: list[int]
    names: list[str] | None
    in_clips: frozenset[int]
    of_clips: tuple[Advice, ...]

    def all_advice(self, of_views: Sequence[Advice]) -> tuple[Advice, ...]:
        """Return what to know about the clips and all views.

        What is said of a clip is not said of each frame of it. That more is needed is said of a
        clip where it is true of all that is known of the object.
        """
        said = {each.kind for each in self.of_clips}
        few = any(each.photo == 0 for each in of_views)
        clips = [each for each in self.of_clips if each.kind != "more" or few]
        views = [
            each
            for each in of_views
            if each.kind not in said or (each.photo and each.photo not in self.in_clips)
        ]
        return (*clips, *views)

    def view_ids(self, given: Sequence[str] | None) -> Sequence[str] | None:
        """Return an id for each view, made of one for each reference.

        Raises:
            InvalidInput: There are more or fewer of them.
        """
        if given is None or self.names is None:
            return given
        if len(given) != len(self.counts):
            raise InvalidInput(
                f"expected view_ids with an id for each of {len(self.counts)} photos and clips, "
                f"found {len(given)}"
            )
        ids = (clip_view_ids(first, count) for first, count in zip(given, self.counts, strict=True))
        return [each for some in ids for each in some]


@dataclass(slots=True, eq=False)
class _Gathering:
    """Looks at photos and clips, one after the other."""

    profile: Profile
    category: str
    keep_crops: bool
    limits: ImageLimits = field(default_factory=ImageLimits)
    progress: Progress | None = None
    total: int = 1
    done: int = 0
    items: int = 0
    names: list[str] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)

    def look(self, item: Any, room: int) -> list[View]:
        """Return the views of a photo or a clip, at most ``room``."""
        self.items += 1
        if not isinstance(item, Clip | Picked):
            view = extract_view(
                item, self.category, self.profile, keep_crop=self.keep_crops, limits=self.limits
            )
            self.names.append(f"photo {self.items}")
            self._advance()
            return [view]
        if isinstance(item, Clip):
            picked = self.picked(item, at_most=room, progress=self._advance_within)
        else:
            picked = item
            self._advance()
        frames = picked.frames[:room]
        self.names += [f"the frame at {each.time:.1f} s of {picked.name}" for each in frames]
        self.advice += picked.advice
        return [each.view for each in frames]

    def picked(
        self, clip: Clip, *, at_most: int = MOST_PICKED, progress: Progress | None
    ) -> Picked:
        """Return what a clip gives."""
        frames, name = _opened(clip)
        return pick_views(
            frames,
            self.category,
            self.profile,
            name=name,
            at_most=min(at_most, MOST_PICKED),
            keep_crops=self.keep_crops,
            progress=progress,
        )

    def _advance(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total)

    def _advance_within(self, looked_at: int, looks: int) -> None:
        """Count each look at a frame: how many there are is known once the clip is read."""
        if looked_at == 1:
            self.total += looks - 1
        self._advance()


def _as_clip(item: Any, limits: ImageLimits) -> Any:
    """Return a clip for a path or the bytes of one; anything else as it is.

    Bytes may be what somebody sent who was asked for a photo: they may weigh no more than one.
    """
    if not looks_like_a_clip(item):
        return item
    if isinstance(item, bytes | bytearray | memoryview):
        item = read_image(item, limits=limits)
    return Clip(item)


def _opened(clip: Clip) -> tuple[Iterator[Frame], str]:
    """Return the frames of a clip and what to call it.

    Raises:
        InvalidInput: A camera comes without an end.
        MissingDependency: PyAV is not installed, without which there are no clips.
    """
    from pekit_agents.video.decoding import frames_of
    from pekit_agents.video.sources import name_of

    require_end(clip.source, clip.end)
    stored = isinstance(clip.source, str | os.PathLike | bytes | bytearray | memoryview)
    name = name_of(clip.source) if stored else "the clip"
    frames = frames_of(clip.source, every=_EVERY, start=clip.start, end=clip.end)
    return frames, name


def require_end(source: Any, end: float | None) -> None:
    """Refuse a camera that would be looked at for ever.

    Raises:
        InvalidInput: It comes without an end.
        MissingDependency: PyAV is not installed, without which there are no clips.
    """
    from pekit_agents.video.sources import is_address, is_device, name_of

    if end is None and (is_address(source) or is_device(source)):
        raise InvalidInput(
            f"{name_of(source)}: expected an end of what is looked at, as a camera has none, found "
            "none; give one in seconds, as end=10, or float('inf') for an address that ends by "
            "itself"
        )
