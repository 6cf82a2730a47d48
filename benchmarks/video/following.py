"""How well things are followed and changes seen on composed clips, by the limits that decide it.

No model looks: what is true of the clips says where things are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pekit_agents.boxes import iou_matrix
from pekit_agents.video import changes, following

if TYPE_CHECKING:
    from pekit_agents.evaluation.clips.composing import ComposedClip
    from pekit_agents.types import Box
    from pekit_agents.video.following import GreyImage

__all__ = ["ALIKE", "CHANGED", "SCENE", "Followed", "measure_clip"]

#: Limits that are compared; the one in use is among them.
ALIKE = (0.3, 0.5, 0.7, 0.9)
CHANGED = (1.5, 3.0, 6.0, 12.0)
SCENE = (0.2, 0.3, 0.4, 0.5, 0.6)
_ON_IT = 0.4  # IoU from which a box is on its thing, as in MatchSettings.overlap


@dataclass(slots=True)
class Followed:
    """Counts over frames that follow each other.

    Attributes:
        by_alike: For each least correlation: boxes "kept" on their thing, "lost", "astray", and of
            things that went "kept though gone".
        by_changed: For each change of grey values: frames "still" in which nothing came or went,
            all such frames as "quiet", and of those in which something did "missed".
        by_scene: For each least correlation of two frames of one shot: "cuts", "found" of them, and
            of the frames "within" a shot those that are taken for a "false cut".
    """

    by_alike: dict[float, Counter[str]] = field(default_factory=dict)
    by_changed: dict[float, Counter[str]] = field(default_factory=dict)
    by_scene: dict[float, Counter[str]] = field(default_factory=dict)


def measure_clip(clip: ComposedClip, into: Followed, *, every: float) -> None:
    """Add a clip's counts.

    Args:
        clip: The clip.
        into: Where they are added.
        every: Seconds between two frames.
    """
    # Shots before the same picture are one to see.
    starts = {b.start for a, b in pairwise(clip.shots) if a.background != b.background}
    frames = ((time, following.grey(image), image.size) for time, image in clip.frames(every))
    for (before, one, size), (now, other, _) in pairwise(frames):
        cut = any(before < start <= now for start in starts)
        _cut(changes.correlation(one, other), cut, into)
        if cut:
            continue
        there = [each.box_at(before, 0.02) for each in clip.truth.appearances]
        then = [each.box_at(now, 0.02) for each in clip.truth.appearances]
        _follow(one, other, there, then, size, into)
        if clip.truth.group == "static":
            came_or_went = any((a is None) != (b is None) for a, b in zip(there, then, strict=True))
            _change(one, other, came_or_went, into)


def _follow(
    one: GreyImage,
    other: GreyImage,
    there: Sequence[Box | None],
    then: Sequence[Box | None],
    size: tuple[int, int],
    into: Followed,
) -> None:
    pairs = [(was, now) for was, now in zip(there, then, strict=True) if was is not None]
    for limit in ALIKE:
        counts = into.by_alike.setdefault(limit, Counter())
        with _set(following, "_ALIKE", limit):
            boxes = following.follow(one, other, [was for was, _ in pairs], size)
        for box, (_, now) in zip(boxes, pairs, strict=True):
            if now is None:
                counts["gone"] += 1
                counts["kept though gone"] += box is not None
            elif box is None:
                counts["lost"] += 1
            else:
                on_it = iou_matrix([box.xyxy], [now.xyxy])[0, 0] >= _ON_IT
                counts["kept" if on_it else "astray"] += 1


def _cut(alike: float, cut: bool, into: Followed) -> None:
    for limit in SCENE:
        counts = into.by_scene.setdefault(limit, Counter())
        counts["cuts" if cut else "within"] += 1
        counts["found" if cut else "false cut"] += alike < limit


def _change(one: GreyImage, other: GreyImage, came_or_went: bool, into: Followed) -> None:
    for limit in CHANGED:
        counts = into.by_changed.setdefault(limit, Counter())
        with _set(changes, "_CHANGED", limit):
            moved = changes.moved(one, other)
        if came_or_went:
            counts["events"] += 1
            counts["missed"] += not moved
        else:
            counts["quiet"] += 1
            counts["still"] += not moved


@contextmanager
def _set(module: Any, name: str, value: float) -> Iterator[None]:
    used = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, used)
