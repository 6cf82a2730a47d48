"""From similarities to sightings (paper 3.3): pure array code, no model and no storage.

A region is given to the object whose views it resembles most, if it resembles them enough. The
rest is suppression: one box for each sighting, chosen across identities, so that one place in
the photo is never two objects and two look-alikes side by side keep a box each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.boxes import containment, iou_matrix
from pekit_agents.calibration import STRICTNESS, Calibration, false_alarm_rate
from pekit_agents.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.twins import TwinSettings
    from pekit_agents.types import Box, FloatArray

__all__ = ["MatchSettings", "Nearest", "Negatives", "Sighting", "match", "nearest_objects"]

_BESIDE = 0.2  # of the smaller of two boxes in the other, at most: they lie side by side


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """How alike is alike enough.

    Attributes:
        threshold: tau: a region up to it is nobody's. In [-1, 1], in units of the object score.
            Not read where there is a calibration.
        max_weight: Share of the best view in an object's score; the rest is the mean over its
            views. 1 is the paper's maximum; less asks the views to agree.
        overlap: Two boxes with a larger IoU are one place; the better one stays. In [0, 1].
        inside: A box that lies by more than this share in a box of what may be the same object
            is a part of it, or holds it with much else; the better one stays. In [0, 1].
        ambiguity: Another object that scores less by no more than this may be it as well. In
            [0, 1]; at 0, as in the paper, the best one is always taken.
        doubt: A region that scores above tau by less than this is looked at again, close up;
            likewise below it, by less than half of this, or 1.5 times this in a photo of several
            regions. In [0, 1]; 0, as in the paper, never does.
        framing: A part may be more alike than the whole that it belongs to. A larger region
            around a sighting that scores less by no more than this gives its box. In [0, 1]; 0,
            as in the paper, never does.
        calibration: What unknown things score with this encoder: tau then follows from
            ``false_alarms`` and the number of regions, and from the memory.
        false_alarms: How many false alarms are borne in a photo; positive.
        twins: When objects are near twins, which are told apart patch by patch; None, as in the
            paper, never does that.
    """

    threshold: float = 0.75
    max_weight: float = 1.0
    overlap: float = 0.4
    inside: float = 0.7
    ambiguity: float = 0.0
    doubt: float = 0.0
    framing: float = 0.0
    calibration: Calibration | None = None
    false_alarms: float = STRICTNESS["balanced"]
    twins: TwinSettings | None = None

    def __post_init__(self) -> None:
        shares = ("max_weight", "overlap", "inside", "ambiguity", "doubt", "framing")
        for name in ("threshold", *shares):
            value, low = getattr(self, name), -1 if name == "threshold" else 0
            if not low <= value <= 1:  # also catches NaN
                raise InvalidInput(f"expected {name} in [{low}, 1], found {value!r}")
        false_alarm_rate(self.false_alarms)

    @property
    def reach(self) -> float:
        """By how much less than the best one an object may score that is meant all the same."""
        return max(self.ambiguity, 0.0 if self.twins is None else self.twins.within)

    def accept_above(self, *, objects: int, regions: int) -> float:
        """Return tau for a photo.

        Args:
            objects: N, how many are remembered.
            regions: K, how many regions of the photo are compared.
        """
        if self.calibration is None:
            return self.threshold
        return self.calibration.threshold(self.false_alarms, objects=objects, regions=regions)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One accepted region: indices into the proposals and the objects, and the scores.

    Attributes:
        proposal: Which region.
        object: Which object it resembles most.
        score: How much.
        frame: The region whose box shows where it is: this one, or a larger one around it.
        rivals: Other objects that it resembles almost as much, each with its score, the most
            alike first.
    """

    proposal: int
    object: int
    score: float
    frame: int
    rivals: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """For each of K regions the R objects that it resembles most.

    Attributes:
        objects: (K, R) int64 indices, the best first; -1 where none scores above the floor.
        scores: (K, R) float32 object scores in [-1, 1]; -inf where there is no object.
    """

    objects: NDArray[np.int64]
    scores: FloatArray

    @classmethod
    def nothing(cls, regions: int, ranks: int = 2) -> Nearest:
        """Return the answer for regions that resemble no object."""
        shape = (regions, ranks)
        return cls(np.full(shape, -1), np.full(shape, -np.inf, np.float32))

    def or_better(self, other: Nearest, *, offset: int) -> Nearest:
        """Return the best of two answers for each region; of this one where they are equal.

        Args:
            other: The answer for the same regions from other objects, with as many ranks.
            offset: What to add to the indices of ``other``.
        """
        moved = np.where(other.objects < 0, -1, other.objects + offset)
        objects = np.concatenate([self.objects, moved], axis=1)
        scores = np.concatenate([self.scores, other.scores], axis=1)
        ranks = self.objects.shape[1]
        order = np.argsort(-scores, axis=1, kind="stable")[:, :ranks]
        return Nearest(
            np.take_along_axis(objects, order, axis=1), np.take_along_axis(scores, order, axis=1)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Negatives:
    """What objects are not, as somebody has said.

    Attributes:
        vectors: (M, D) float32 unit vectors, grouped by object.
        starts: (N + 1,) int64: those of object i are ``vectors[starts[i]:starts[i + 1]]``.
    """

    vectors: FloatArray
    starts: NDArray[np.int64]

    def rule_out(
        self, queries: FloatArray, objects: NDArray[np.int64], scores: FloatArray
    ) -> NDArray[np.bool_]:
        """Return for each region whether a negative of its object is more alike than the object.

        Looks at the negatives of these objects alone, so it costs nothing where they have none.

        Args:
            queries: (R, D) float32 unit vectors of the regions.
            objects: (R,) int64 the object of each.
            scores: (R,) float32 their scores.
        """
        begins, ends = self.starts[objects], self.starts[objects + 1]
        out = np.zeros(len(queries), np.bool_)
        for row in np.flatnonzero(ends > begins):
            alike = self.vectors[begins[row] : ends[row]] @ queries[row]
            out[row] = alike.max() > scores[row]
        return out


def nearest_objects(
    queries: FloatArray,
    views: FloatArray,
    starts: NDArray[np.int64],
    *,
    max_weight: float,
    floor: float,
    ranks: int = 2,
    negatives: Negatives | None = None,
) -> Nearest:
    """Return for each region the objects that it resembles most.

    The score of an object is ``max_weight * max + (1 - max_weight) * mean`` over the cosines to
    its views (paper 3.3). It is at most their maximum, so only regions with a view above the
    floor are looked at: few of a photo's, and next to the matrix product nearly for nothing.
    A region that is more alike to a negative of an object than its score is not that object.

    Args:
        queries: (K, D) float32 unit vectors of the regions.
        views: (V, D) float32 unit vectors of all objects' views, grouped by object.
        starts: (N + 1,) int64: the views of object i are ``views[starts[i]:starts[i + 1]]``,
            at least one each.
        max_weight: Share of the best view.
        floor: Scores up to this one are of no interest.
        ranks: R, how many objects to name for a region.
        negatives: What objects are not; None when nothing is known of that.
    """
    if len(queries) == 0 or len(views) == 0:
        return Nearest.nothing(len(queries), ranks)
    cosines = queries @ views.T  # (K, V)
    rows = np.flatnonzero(cosines.max(axis=1) > floor)
    answer = Nearest.nothing(len(queries), ranks)
    if not len(rows):
        return answer
    scores = np.full((len(rows), len(starts) - 1), -np.inf, np.float32)
    for of_region, row in zip(scores, rows, strict=True):
        _score_objects(cosines[row], starts, max_weight, floor, out=of_region)
    for rank in range(min(ranks, scores.shape[1])):
        best, score = _best(queries[rows], scores, floor, negatives)
        above = score > floor
        if not above.any():
            break
        answer.objects[rows[above], rank] = best[above]
        answer.scores[rows[above], rank] = score[above]
        scores[np.arange(len(rows)), best] = -np.inf
    return answer


def _best(
    queries: FloatArray, scores: FloatArray, floor: float, negatives: Negatives | None
) -> tuple[NDArray[np.intp], FloatArray]:
    """Return the best object of each of R regions and its score, with what it is not left out."""
    every = np.arange(len(scores))
    while True:
        best = scores.argmax(axis=1)
        score = scores[every, best]
        if negatives is None or not len(negatives.vectors):
            return best, score
        (near,) = np.nonzero(score > floor)
        out = near[negatives.rule_out(queries[near], best[near], score[near])]
        if not len(out):
            return best, score
        scores[out, best[out]] = -np.inf


def _score_objects(
    cosines: FloatArray,
    starts: NDArray[np.int64],
    max_weight: float,
    floor: float,
    *,
    out: FloatArray,
) -> None:
    """Fill in the scores of the objects that have a view above the floor.

    Args:
        cosines: (V,) float32 of one region to all views.
        starts: (N + 1,) int64: where each object's views begin.
        max_weight: Share of the best view.
        floor: What a view must be more alike than.
        out: (N,) float32, left as it is for all other objects.
    """
    above = np.flatnonzero(cosines > floor)
    objects = np.unique(np.searchsorted(starts, above, side="right") - 1)
    first, sizes = starts[objects], starts[objects + 1] - starts[objects]
    begins = np.cumsum(sizes) - sizes
    near = cosines[np.arange(sizes.sum()) + np.repeat(first - begins, sizes)]
    best = np.maximum.reduceat(near, begins)
    mean = np.add.reduceat(near, begins) / sizes.astype(np.float32)
    out[objects] = max_weight * best + (1 - max_weight) * mean


def match(
    boxes: Sequence[Box], nearest: Nearest, settings: MatchSettings, *, objects: int
) -> list[Sighting]:
    """Return the sightings among scored regions, the surest first.

    Args:
        boxes: K boxes, xyxy in pixels.
        nearest: The objects that each of the K regions resembles most.
        settings: Threshold and suppression.
        objects: N, how many are remembered.

    Returns:
        At most one sighting for each place in the photo; ``[]`` when nothing is alike enough.
    """
    if len(boxes) == 0:
        return []
    best = nearest.scores[:, 0]
    threshold = settings.accept_above(objects=objects, regions=len(boxes))
    order = [int(k) for k in np.argsort(-best, kind="stable") if best[k] > threshold]
    found = [_sighting(k, nearest, settings.reach) for k in order]
    if len(found) < 2:  # most photos of a library; spares them the geometry
        return found
    xyxy = np.array([boxes[k].xyxy for k in order], np.float64).reshape(-1, 4)
    places = _Places(found, iou_matrix(xyxy, xyxy), containment(xyxy, xyxy), settings)
    kept = places.without_repeats(range(len(found)))
    if not settings.framing:
        return [found[k] for k in kept]
    areas = [boxes[k].area for k in order]
    frames = {k: k for k in kept}
    for k in kept:
        frames[k] = places.frame_of(k, frames, areas)
    return [replace(found[k], frame=order[frames[k]]) for k in places.without_repeats(kept, frames)]


class _Places:
    """Accepted regions, the surest first, and how their boxes lie to each other.

    Args:
        found: S sightings, one for each region.
        overlap: (S, S) IoU of their boxes.
        inside: (S, S) share of the smaller box that lies in the other.
        settings: Suppression.
    """

    def __init__(
        self,
        found: Sequence[Sighting],
        overlap: NDArray[np.float64],
        inside: NDArray[np.float64],
        settings: MatchSettings,
    ) -> None:
        self._found, self._overlap, self._inside = found, overlap, inside
        self._settings, self._same = settings, _same_object(found)

    def without_repeats(
        self, candidates: Iterable[int], frames: Mapping[int, int] | None = None
    ) -> list[int]:
        """Return the candidates that are no repetition of a surer one.

        Args:
            candidates: The surest first.
            frames: Whose boxes they have; None where each has its own.
        """
        kept: list[int] = []
        held: list[int] = []  # their frames
        for k in candidates:
            frame = k if frames is None else frames[k]
            part = self._same[k, kept] & (self._inside[frame, held] > self._settings.inside)
            if not ((self._overlap[frame, held] > self._settings.overlap) | part).any():
                kept.append(k)
                held.append(frame)
        return kept

    def frame_of(self, k: int, frames: Mapping[int, int], areas: Sequence[float]) -> int:
        """Return the largest region around a sighting that is nearly as alike, or itself.

        A region that also holds another thing is none: another sighting, or anything beside this
        one that is more alike to the same object than the region is. What is less alike than the
        region may be another part of the thing.

        Args:
            k: Which sighting.
            frames: All that are kept, each with the frame that it has by now.
            areas: Of all S boxes.
        """
        found, settings = self._found, self._settings
        best = k
        for j in range(k + 1, len(found)):
            if found[k].score - found[j].score > settings.framing:
                break
            if (
                found[j].object == found[k].object
                and areas[j] > areas[best]
                and self._inside[j, k] > settings.inside
                and not self._holds_another(j, k, frames)
            ):
                best = j
        return best

    def _holds_another(self, frame: int, k: int, frames: Mapping[int, int]) -> bool:
        found, settings = self._found, self._settings
        others = [i for i in frames if found[i].object != found[k].object]
        if (self._overlap[frame, [frames[i] for i in others]] > settings.overlap).any():
            return True
        others += [i for i in range(frame) if found[i].object == found[k].object]
        return any(
            self._inside[frame, i] > settings.inside and self._inside[k, i] < _BESIDE
            for i in others
        )


def _same_object(found: Sequence[Sighting]) -> NDArray[np.bool_]:
    """Return (S, S): which sightings may be of one object.

    A part of a thing is taken for its near twin more easily than the whole.
    """
    meant = [{s.object, *(rival for rival, _ in s.rivals)} for s in found]
    return np.array([[not one.isdisjoint(other) for other in meant] for one in meant])


def _sighting(k: int, nearest: Nearest, reach: float) -> Sighting:
    best, *others = nearest.objects[k].tolist()
    score, *scores = nearest.scores[k].tolist()
    rivals = tuple(
        (other, of_other)
        for other, of_other in zip(others, scores, strict=True)
        if other >= 0 and of_other >= score - reach and reach > 0
    )
    return Sighting(k, best, score, k, rivals)
