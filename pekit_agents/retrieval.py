"""Personalized object retrieval (paper 3.3): from a photo to the sightings in it.

What can be seen of a photo comes through :class:`~pekit_agents.looks.Looks`. Four steps follow:
regions are proposed, where need be by a guide that knows what is remembered; those whose score
leaves a doubt are looked at again, close up; all are matched; near twins are told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.boxes import nms
from pekit_agents.calibration import false_alarm_rate
from pekit_agents.errors import InvalidInput
from pekit_agents.matching import Nearest, match
from pekit_agents.settling import plainly, settler
from pekit_agents.types import Candidate, Match

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.calibration import Strictness
    from pekit_agents.looks import Looks
    from pekit_agents.matching import MatchSettings
    from pekit_agents.memory import Gallery
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import Encoder, Guide
    from pekit_agents.settling import Portraits, Settle
    from pekit_agents.strangers import Strangers
    from pekit_agents.types import Box, FloatArray, PersonalObject

__all__ = [
    "BORDER",
    "Regions",
    "find_in",
    "find_regions",
    "match_settings",
    "region_test",
    "search_regions",
    "settings_for",
    "sightings",
    "sightings_in_each",
]

#: A region that scores less than tau by no more than this was nearly accepted.
BORDER = 0.05

_MOST_OBJECTS = 2000  # a guide compares thousands of boxes with all of them
_USUAL_REGIONS = 20  # of a scene: what its threshold will be, before they are known
_FAR = 0.25  # below tau: nothing like it, and not worth a guide's time
_SAME_PLACE = 0.5  # IoU above which two regions need one second look
_MOST_AGAIN = 6  # second looks at a photo
_RANKS = 5  # objects that a region may be
# A product of other shapes may round differently.
_ROUNDING = 1e-5
# Regions in one product. With few columns BLAS copies a matrix that it could have read; a block
# that stays in the processor's cache costs the reading only. With one column it does not.
_BLOCK = 256


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """The regions of a photo that are to be matched.

    Attributes:
        chosen: Which of the proposals they are, K indices.
        boxes: Their boxes, xyxy in pixels of the photo.
        vectors: (K, D) float32 unit vectors.
    """

    chosen: tuple[int, ...]
    boxes: tuple[Box, ...]
    vectors: FloatArray


def find_in(
    looks: Looks,
    encoder: Encoder,
    gallery: Gallery,
    settings: MatchSettings,
    portraits: Portraits,
) -> tuple[Regions, list[Match], list[Match]]:
    """Return a photo's regions, the sightings among them and those nearly accepted.

    Args:
        looks: What can be seen of the photo.
        encoder: Normalises what was pooled.
        gallery: What is remembered.
        settings: Threshold, doubt and suppression.
        portraits: Gives what is stored of objects, to tell near twins apart.

    Returns:
        The regions, numbered from 1 in the sightings, and what :func:`search_regions` returns.
    """
    found = find_regions(looks, encoder, gallery, settings)
    settle = settler(lambda region: looks.details(found.chosen[region]), portraits, settings)
    matches, near = search_regions(found.boxes, found.vectors, gallery, settings, settle=settle)
    return found, matches, near


def find_regions(
    looks: Looks, encoder: Encoder, gallery: Gallery, settings: MatchSettings
) -> Regions:
    """Return a photo's regions with their vectors (Eq. 4), the doubtful ones looked at twice.

    A region whose score is near tau gets the mean direction of a first and a closer look as its
    vector; of doubtful regions in one place only the most alike is kept.

    Args:
        looks: What can be seen of the photo.
        encoder: Normalises what was pooled.
        gallery: What is remembered.
        settings: Threshold and doubt.
    """
    guide = _guide(encoder, gallery, settings) if gallery.count <= _MOST_OBJECTS else None
    boxes, pooled = looks.regions(list(gallery.categories), guide)
    if not len(boxes):
        return Regions((), (), np.zeros((0, encoder.dim), np.float32))
    vectors = encoder.normalize(pooled)
    everything = tuple(range(len(boxes)))
    if not settings.doubt:
        return Regions(everything, tuple(boxes), vectors)
    again, dropped = _doubtful(boxes, vectors, gallery, settings)
    if again:
        closer = encoder.normalize(looks.closer(again))
        both = vectors[again] + closer
        vectors = vectors.copy()
        vectors[again] = both / np.linalg.norm(both, axis=1, keepdims=True)
    chosen = tuple(index for index in everything if index not in dropped)
    return Regions(chosen, tuple(boxes[index] for index in chosen), vectors[list(chosen)])


def match_settings(
    profile: Profile, threshold: float | None, strictness: Strictness | None = None
) -> MatchSettings:
    """Return the profile's settings, or those with a caller's tau or strictness.

    Raises:
        InvalidInput: The threshold is not in [-1, 1], the strictness is none, both are given,
            or the profile is not calibrated, so that only a threshold says how strict to be.
    """
    if threshold is not None:
        if strictness is not None:
            raise InvalidInput("expected a threshold or a strictness, found both; give one")
        return replace(profile.matching, threshold=threshold, calibration=None)
    if strictness is None:
        return profile.matching
    if profile.matching.calibration is None:
        raise InvalidInput(
            f"expected a profile with a calibration for strictness {strictness!r}, found "
            f"{profile.name!r}, which has none; give a threshold"
        )
    return replace(profile.matching, false_alarms=false_alarm_rate(strictness))


def settings_for(
    gallery: Gallery, settings: MatchSettings, strangers: Strangers | None
) -> MatchSettings:
    """Return the settings with the calibration of a memory, where strangers tell it.

    Args:
        gallery: What is remembered.
        settings: Those of a profile.
        strangers: Its photos of unknown things, if it has any.
    """
    if strangers is None or settings.calibration is None or not gallery.count:
        return settings
    location = strangers.location(gallery, settings.calibration, settings.max_weight)
    return replace(settings, calibration=settings.calibration.of_memory(location))


def region_test(
    views: FloatArray, gallery: Gallery, settings: MatchSettings
) -> Callable[[FloatArray], NDArray[np.bool_]]:
    """Return a quick test for regions that may be sightings of some objects.

    An object scores at most as much as its best view.

    Args:
        views: (V, D) float32 unit vectors: all views of these objects.
        gallery: What is remembered.
        settings: Threshold and suppression.
    """
    # With more regions in a photo tau is the same or higher.
    lowest = settings.accept_above(objects=gallery.count, regions=1) - _ROUNDING
    columns = np.ascontiguousarray(views.T)

    def test(vectors: FloatArray) -> NDArray[np.bool_]:
        passed = np.zeros(len(vectors), bool)
        step = _BLOCK if len(views) > 1 else max(1, len(vectors))
        for begin in range(0, len(vectors), step):
            block = slice(begin, begin + step)
            passed[block] = (vectors[block] @ columns).max(axis=1) > lowest
        return passed

    return test


def sightings(
    boxes: Sequence[Box], vectors: FloatArray, gallery: Gallery, settings: MatchSettings
) -> list[Match]:
    """Return the sightings among the regions of one photo, the surest first.

    Args:
        boxes: K boxes, xyxy in pixels of the photo.
        vectors: (K, D) float32 unit vectors of the regions.
        gallery: What is remembered.
        settings: Threshold and suppression.
    """
    return search_regions(boxes, vectors, gallery, settings, border=0.0)[0]


def sightings_in_each(
    photos: Iterable[tuple[Sequence[Box], FloatArray]], gallery: Gallery, settings: MatchSettings
) -> Iterator[list[Match]]:
    """Yield what ``sightings`` returns for each of many photos.

    The regions of several photos are compared at a time, which costs less than one by one.

    Args:
        photos: The boxes and vectors of each.
        gallery: What is remembered.
        settings: Threshold and suppression.
    """
    count = gallery.count
    for some in _some(photos):
        sizes = [len(boxes) for boxes, _ in some]
        # The fewer regions, the lower tau; what a photo's own leaves out is left out below.
        tau = settings.accept_above(objects=count, regions=max(1, min(sizes)))
        objects, nearest = gallery.nearest(
            np.concatenate([vectors for _, vectors in some]),
            max_weight=settings.max_weight,
            floor=tau - max(settings.ambiguity, settings.framing),
            ranks=_RANKS,
        )
        ends = np.cumsum(sizes)
        for (boxes, vectors), begin, end in zip(some, ends - sizes, ends, strict=True):
            own = Nearest(nearest.objects[begin:end], nearest.scores[begin:end])
            yield _matches(boxes, vectors, objects, own, settings, count=count, border=0.0)[0]


def _some(
    photos: Iterable[tuple[Sequence[Box], FloatArray]],
) -> Iterator[list[tuple[Sequence[Box], FloatArray]]]:
    some, regions = [], 0
    for boxes, vectors in photos:
        some.append((boxes, vectors))
        regions += len(boxes)
        if regions >= _BLOCK:
            yield some
            some, regions = [], 0
    if some:
        yield some


def search_regions(
    boxes: Sequence[Box],
    vectors: FloatArray,
    gallery: Gallery,
    settings: MatchSettings,
    *,
    border: float = BORDER,
    settle: Settle | None = None,
) -> tuple[list[Match], list[Match]]:
    """Return the sightings among the regions of one photo, and those nearly accepted.

    Args:
        boxes: K boxes, xyxy in pixels of the photo.
        vectors: (K, D) float32 unit vectors of the regions.
        gallery: What is remembered.
        settings: Threshold and suppression.
        border: How much less than tau is nearly accepted.
        settle: Says which of several objects an accepted region is; None goes by scores alone.

    Returns:
        The sightings, the surest first, and what would be sightings beside them if tau was lower
        by ``border``.
    """
    count = gallery.count
    tau = settings.accept_above(objects=count, regions=len(boxes))
    # A rival, or a larger region around a sighting, may score a little less than tau.
    floor = tau - max(settings.ambiguity, settings.framing, border)
    objects, nearest = gallery.nearest(
        vectors, max_weight=settings.max_weight, floor=floor, ranks=_RANKS
    )
    return _matches(
        boxes, vectors, objects, nearest, settings, count=count, border=border, settle=settle
    )


def _matches(
    boxes: Sequence[Box],
    vectors: FloatArray,
    objects: Sequence[PersonalObject],
    nearest: Nearest,
    settings: MatchSettings,
    *,
    count: int,
    border: float,
    settle: Settle | None = None,
) -> tuple[list[Match], list[Match]]:
    """Return what ``search_regions`` does, of regions whose nearest objects are known."""
    tau = settings.accept_above(objects=count, regions=len(boxes))
    chances = {"objects": count, "regions": len(boxes)}
    calibration = settings.calibration
    least = tau - max(border, settings.framing)
    lower = replace(settings, threshold=min(max(least, -1.0), 1.0), calibration=None)
    # Sightings are chosen from the highest score down, so those above tau are what they would
    # be without the others.
    found = [s for s in match(boxes, nearest, lower, objects=count) if s.score > tau - border]
    accepted = sum(s.score > tau for s in found)
    by_score = partial(plainly, ambiguity=settings.ambiguity)
    matches = []
    for place, s in enumerate(found):
        probability = None if calibration is None else calibration.probability(s.score, **chances)
        best = Match(
            objects[s.object],
            boxes[s.frame],
            s.score,
            probability,
            vector=vectors[s.proposal],
            region=s.proposal + 1,
        )
        rivals = [Candidate(objects[index], score) for index, score in s.rivals]
        decide = settle if settle is not None and place < accepted else by_score
        matches.append(decide(best, rivals))
    return matches[:accepted], matches[accepted:]


def _guide(encoder: Encoder, gallery: Gallery, settings: MatchSettings) -> Guide:
    tau = settings.accept_above(objects=gallery.count, regions=_USUAL_REGIONS)

    def likeness(pooled: FloatArray) -> FloatArray:
        vectors = encoder.normalize(pooled)
        _, nearest = gallery.nearest(vectors, max_weight=settings.max_weight, floor=tau - _FAR)
        return nearest.scores[:, 0] - np.float32(tau)

    return likeness


def _doubtful(
    boxes: Sequence[Box], vectors: FloatArray, gallery: Gallery, settings: MatchSettings
) -> tuple[list[int], set[int]]:
    """Return which regions to look at again, and which to drop for being at the same places."""
    tau = settings.accept_above(objects=gallery.count, regions=len(boxes))
    # In a crowd a thing is small at a first look, and scores less than it will close up.
    below = settings.doubt * (0.5 if len(boxes) == 1 else 1.5)
    low, high = tau - below, tau + settings.doubt
    _, nearest = gallery.nearest(vectors, max_weight=settings.max_weight, floor=low)
    scores = nearest.scores[:, 0]
    doubtful: list[int] = np.flatnonzero((scores > low) & (scores < high)).tolist()
    xyxy = np.array([boxes[index].xyxy for index in doubtful], np.float64).reshape(-1, 4)
    best = nms(xyxy, scores[doubtful], _SAME_PLACE)[:_MOST_AGAIN]
    kept = [doubtful[place] for place in best]
    return kept, set(doubtful) - set(kept)
