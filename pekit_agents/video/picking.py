"""Views from a clip in which a thing is turned: ``pick_views`` takes the few that are worth it.

Of each stretch of time the sharpest frame is looked at, as a reference photo is. The frames that
show one thing by the kit's own score are the object, whatever hands and backgrounds the others
show, and of these the views are taken that differ most.

What a side is a kit does not know: it sees how far looks differ. So it can say that all looks are
alike, and never that a thing was not shown from behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.errors import ClipError, NoObjectFound
from pekit_agents.images.loading import LoadedPhoto
from pekit_agents.introduction.quality import ENOUGH, Fault, fault_of, sharpness
from pekit_agents.introduction.views import extract_view
from pekit_agents.owner_text import CATEGORY_LIMIT, quote
from pekit_agents.scoring import COSINE, Grouped
from pekit_agents.types import Advice, Box
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.profiles import Profile
    from pekit_agents.types import FloatArray, RGBImage, View
    from pekit_agents.video.frames import Frame

__all__ = [
    "MOST_LOOKS",
    "MOST_PICKED",
    "SAME_LOOK",
    "Picked",
    "PickedFrame",
    "pick_views",
    "sharpest_frames",
]

#: A handful: with more, one clip would fill an object whose views are looked through each time.
MOST_PICKED = 5
#: How many frames are looked at, at most: each takes as long as a reference photo, and is held
#: until then, so that a clip of any length takes the time and the RAM of so many photos.
MOST_LOOKS = 24
#: Seconds of the first stretches, of which one frame each is looked at; they double as needed.
_STRETCH = 0.25
#: The cosine above which two frames are the same look at a thing: most frames of one look, shaken
#: and blurred, are more alike, and few of different looks are.
SAME_LOOK = 0.8
_PICTURE = 480  # pixels of the longer side of what is kept to show a picked frame


@dataclass(frozen=True, slots=True, eq=False)
class PickedFrame:
    """A frame of a clip from which a view is taken.

    Attributes:
        time: Seconds from the beginning of the clip.
        view: What it gave; its region is in pixels of the upright clip.
        size_wh: Width and height of the upright clip.
        picture: The whole frame, reduced to at most 480 pixels a side.
    """

    time: float
    view: View
    size_wh: tuple[int, int]
    picture: RGBImage = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Picked:
    """The views of a thing that a clip gave.

    Attributes:
        name: What the clip is called in messages.
        frames: Those that were picked, in order of time; at least one.
        looks: How many frames were looked at.
        advice: What to know about the clip as a whole; each has ``photo`` 0.
    """

    name: str
    frames: tuple[PickedFrame, ...]
    looks: int
    advice: tuple[Advice, ...]

    @property
    def views(self) -> list[View]:
        """The views, one for each picked frame."""
        return [frame.view for frame in self.frames]


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What one frame gave, and what is wrong with it."""

    frame: PickedFrame
    fault: Fault | None


def pick_views(
    frames: Iterable[Frame],
    category: str,
    profile: Profile,
    *,
    name: str = "the clip",
    at_most: int = MOST_PICKED,
    keep_crops: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Picked:
    """Return the sharp views of one thing in a clip that differ most.

    At most 24 frames are held at a time, however long the clip is.

    Args:
        frames: The clip.
        category: What the object is (k_p).
        profile: The vision tools.
        name: What to call the clip in messages.
        at_most: How many views to take.
        keep_crops: Whether each view comes with a crop of its frame.
        progress: Called after each frame that was looked at, with (looks done, looks in all).

    Raises:
        ClipError: There is no frame, or what is decoded cannot be read.
        NoObjectFound: No frame shows an object, or no two frames show the same.
    """
    chosen = sharpest_frames(frames)
    if not chosen:
        raise ClipError(f"{name}: expected frames, found none between the given times; give others")
    looks, total = list[_Look](), len(chosen)
    for done in range(1, total + 1):
        frame = chosen.pop(0)  # it is not needed any longer
        if (seen := _seen(frame, category, profile, keep_crops)) is not None:
            looks.append(_Look(seen, None))
        if progress is not None:
            progress(done, total)
    if not looks:
        raise NoObjectFound(
            f"{name}: expected a {quote(category, CATEGORY_LIMIT)} in the clip, found no object "
            f"that stands out in {counted(total, 'frame')} of it; film it from closer by"
        )
    looks = _judged(looks, profile)
    some = [look for look in looks if look.fault is None] or looks
    vectors = np.stack([look.frame.view.vector for look in some])
    same = [some[i] for i in _largest_group(vectors, profile)]
    if len(same) == 1 and total > 1:
        raise NoObjectFound(
            f"{name}: expected frames that show the same thing, found no two that do among "
            f"{counted(total, 'frame')}; film it alone, sharp and large, and turn it slowly"
        )
    picked = sorted(_most_different([look.frame.view for look in same], at_most))
    advice = _advice(looks, same, len(picked), at_most, total, name)
    return Picked(name, tuple(same[i].frame for i in picked), total, tuple(advice))


def sharpest_frames(frames: Iterable[Frame], most: int = MOST_LOOKS) -> list[Frame]:
    """Return the sharpest frame of each stretch of time, in order, and hold no more of them.

    Stretches begin short and become twice as long whenever there are too many, so that the length
    of the clip need not be known: there are ``most`` of them or down to half as many.

    Args:
        frames: The clip.
        most: How many frames to return at most.
    """
    held: dict[int, tuple[float, Frame]] = {}
    first, stretch = None, _STRETCH
    for frame in frames:
        first = frame.time if first is None else first
        _hold(held, int((frame.time - first) / stretch), _middle_sharpness(frame.image), frame)
        while len(held) > most:
            stretch, held = 2 * stretch, _halved(held)
    return [frame for _, (_, frame) in sorted(held.items(), key=lambda item: item[0])]


def _hold(held: dict[int, tuple[float, Frame]], place: int, sharp: float, frame: Frame) -> None:
    if place not in held or sharp > held[place][0]:
        held[place] = (sharp, frame)


def _halved(held: dict[int, tuple[float, Frame]]) -> dict[int, tuple[float, Frame]]:
    """Return the sharper of every two stretches that follow each other."""
    fewer: dict[int, tuple[float, Frame]] = {}
    for place, (sharp, frame) in held.items():
        _hold(fewer, place // 2, sharp, frame)
    return fewer


def _middle_sharpness(picture: RGBImage) -> float:
    """Return how sharp the middle of a frame is, where people hold what they show.

    Where the object is is not known yet. A plain middle is the least sharp.
    """
    width, height = picture.size
    sharp = sharpness(picture, Box(width / 4, height / 4, 3 * width / 4, 3 * height / 4))
    return -1.0 if sharp is None else sharp


def _seen(frame: Frame, category: str, profile: Profile, keep_crops: bool) -> PickedFrame | None:
    photo = LoadedPhoto(frame.image, frame.size_wh)
    try:
        view = extract_view(photo, category, profile, keep_crop=keep_crops)
    except NoObjectFound:
        return None
    small = frame.image.copy()
    small.thumbnail((_PICTURE, _PICTURE))
    return PickedFrame(frame.time, view, frame.size_wh, small)


def _judged(looks: Sequence[_Look], profile: Profile) -> list[_Look]:
    vectors = np.stack([look.frame.view.vector for look in looks])
    known = profile.discriminant
    poor = np.zeros(len(looks), bool) if known is None else known.seen_badly(vectors)
    return [
        replace(look, fault=fault_of(look.frame.view, poor=bool(bad)))
        for look, bad in zip(looks, poor, strict=True)
    ]


def _largest_group(vectors: FloatArray, profile: Profile) -> list[int]:
    """Return which views are of one thing: the most that are, in order.

    A group begins with each view and takes in, one after the other, the view that speaks most for
    what the group shows, as long as that is likelier than another thing. So one side leads to the
    next, and what was taken in before is a witness of it.

    Args:
        vectors: (N, D) float32 unit vectors.
        profile: Says by its score, and where that is named.
    """
    scorer = profile.discriminant or COSINE
    floor = 0.0 if profile.discriminant else profile.matching.threshold
    dim = vectors.shape[1]
    nothing = Grouped.of([vectors[:0]], dim)
    best: list[int] = []
    for begun in range(len(vectors)):
        if begun in best:  # what leads from here, leads there
            continue
        group, rest = [begun], [i for i in range(len(vectors)) if i != begun]
        while rest:
            identities = scorer.identities(Grouped.of([vectors[group]], dim), nothing)
            scores = identities.scores(vectors[rest])[:, 0]
            if scores.max() <= floor:
                break
            group.append(rest.pop(int(scores.argmax())))
        if len(group) > len(best):
            best = group
    return sorted(best)


def _most_different(views: Sequence[View], at_most: int) -> list[int]:
    """Return which views to take: the looks that differ most, and of each the sharpest view.

    The first look is the most typical one, each further one the least like those that are taken
    (farthest-point selection: Gonzalez 1985), until what is left is the same look as one of them.

    Args:
        views: Of one thing.
        at_most: How many to take.
    """
    vectors = np.stack([view.vector for view in views])
    cosines = vectors @ vectors.T  # (N, N)
    taken = [int(cosines.mean(axis=1).argmax())]
    while len(taken) < min(at_most, len(views)):
        alike = cosines[:, taken].max(axis=1)
        farthest = int(alike.argmin())
        if alike[farthest] > SAME_LOOK:
            break
        taken.append(farthest)
    nearest = cosines[:, taken].argmax(axis=1)
    sharp = np.array([view.sharpness or 0.0 for view in views])
    # Another of a look is as good, as long as it is no look between this one and the next.
    same = (nearest[:, None] == np.arange(len(taken))) & (cosines[:, taken] > SAME_LOOK)
    return [int(np.where(same[:, k], sharp, -1).argmax()) for k in range(len(taken))]


def _advice(
    looks: Sequence[_Look], same: Sequence[_Look], picked: int, at_most: int, total: int, name: str
) -> list[Advice]:
    """Return what to know about the clip: what is half as frequent in it as what was good, or more.

    Args:
        looks: The frames in which something stands out.
        same: Those that show the object.
        picked: How many views were taken of them.
        at_most: How many could have been.
        total: How many frames were looked at.
        name: What the clip is called.
    """
    told = list[Advice]()
    good = sum(look.fault is None for look in same)
    for fault, words in _FAULTS.items():
        count = sum(look.fault == fault for look in looks)
        if count and 2 * count >= good:
            told.append(Advice(0, fault, words.format(name, count, counted(total, "frame"))))
    ours = {look.frame.time for look in same}
    strange = sum(look.fault is None and look.frame.time not in ours for look in looks)
    others = strange + total - len(looks)
    if others and 2 * others >= good:
        told.append(Advice(0, "outlier", _OTHERS.format(name, others, counted(total, "frame"))))
    if picked < min(ENOUGH, at_most):
        told.append(Advice(0, "more", (_ONE_LOOK if picked == 1 else _FEW_LOOKS).format(name)))
    return told


_FAULTS: dict[Fault, str] = {
    "small": "{}: the object is small in {} of {}: film it from closer by",
    "blurred": "{}: the object is blurred in {} of {}: move it slower, and in more light",
    "poor": (
        "{}: the object is seen badly (blurred, dark, overexposed or noisy) in {} of {}: move it "
        "slower, and in more light"
    ),
}
_OTHERS = (
    "{}: {} of {} show nothing, something else, or it in a way that resembles none of the others, "
    "and were left out: hold it alone in the middle"
)
_ONE_LOOK = "{}: it looks the same wherever it is seen well: turn it around slowly"
_FEW_LOOKS = (
    "{}: it looks nearly the same wherever it is seen well: turn it further, so that its other "
    "sides are seen, too"
)
