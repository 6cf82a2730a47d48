"""From scores to matches (paper 3.3): pure array code, no model and no storage.

Each region is decided on by itself: it is nobody's, possibly somebody's, or an object's. The rest
is suppression: one box for each match, chosen across identities, so that one place in the photo is
never two objects and two look-alikes side by side keep a box each.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.boxes import containment, iou_matrix, nms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.scoring import Nearest
    from pekit_agents.settings import MatchSettings
    from pekit_agents.types import Box

__all__ = [
    "CROWD",
    "RANKS",
    "Decision",
    "by_cosine",
    "by_probability",
    "distinct_places",
    "log_odds_of",
    "select",
]

#: Objects that a region may be.
RANKS = 5
#: So many places of a photo count as ``places ** CROWD``: what shows in one shows in others too.
CROWD = 0.3


@dataclass(frozen=True, slots=True)
class Decision:
    """What one region is or may be: indices into the regions and the objects.

    Attributes:
        region: Which region.
        frame: The region whose box shows where it is: this one, or a larger one around it.
        objects: What it may be, the likeliest first: one where that is sure, several where the
            region does not tell them apart.
        scores: The score of each.
        probabilities: That of each; empty where the rule knows none.
        strength: What regions are ranked by: log-odds of being any remembered object, or a cosine.
        possible: Whether it is too improbable to be named.
    """

    region: int
    frame: int
    objects: tuple[int, ...]
    scores: tuple[float, ...]
    probabilities: tuple[float, ...]
    strength: float
    possible: bool


def distinct_places(boxes: Sequence[Box], settings: MatchSettings) -> int:
    """Return at how many distinct places of a photo its regions lie.

    Args:
        boxes: K boxes, xyxy in pixels, the most salient first.
        settings: How much two boxes of one place overlap.
    """
    xyxy = np.array([box.xyxy for box in boxes], np.float64).reshape(-1, 4)
    return len(nms(xyxy, -np.arange(len(boxes), dtype=np.float64), settings.overlap))


def by_cosine(nearest: Nearest, settings: MatchSettings) -> list[Decision]:
    """Return the regions whose best cosine is above tau, as the paper does (3.3).

    Args:
        nearest: What each of K regions is most similar to.
        settings: Its threshold.
    """
    best = nearest.scores[:, 0]
    return [
        Decision(k, k, (int(nearest.objects[k, 0]),), (float(best[k]),), (), float(best[k]), False)
        for k in _ranked(best)
        if best[k] > settings.threshold
    ]


def by_probability(nearest: Nearest, settings: MatchSettings, *, places: int = 1) -> list[Decision]:
    """Return the regions that are, or may be, a remembered object by its posterior probability.

    With scores s_o, the log-odds of object o against another thing,

        P(o) = exp(s_o - t) / (1 + sum over all objects p of exp(s_p - t)).

    The prior t is that of the settings and the logarithm of the number of places: an object that
    is in the photo may be at any of them.

    Args:
        nearest: What each of K regions speaks for.
        settings: The prior, and how probable a named and a possible object is.
        places: At how many distinct places the regions lie.
    """
    prior = settings.prior + CROWD * math.log(max(places, 1))
    strengths = nearest.total - prior
    least = math.log(settings.possible / (1 - settings.possible))
    found = []
    for k in _ranked(strengths):
        if strengths[k] < least:
            break
        if nearest.objects[k, 0] < 0:  # very many objects, none of which it speaks for
            continue
        some = nearest.objects[k] >= 0
        scores = nearest.scores[k][some].astype(np.float64)
        probabilities = np.exp(scores - np.logaddexp(float(nearest.total[k]), prior))
        count = _as_many_as_it_takes(probabilities / probabilities.sum(), settings.sure)
        found.append(
            Decision(
                region=k,
                frame=k,
                objects=tuple(nearest.objects[k, :count].tolist()),
                scores=tuple(scores[:count].tolist()),
                probabilities=tuple(probabilities[:count].tolist()),
                strength=float(strengths[k]),
                possible=bool(strengths[k] < math.log(settings.named / (1 - settings.named))),
            )
        )
    return found


def log_odds_of(nearest: Nearest, settings: MatchSettings) -> NDArray[np.float32]:
    """Return (K,) float32: the log-odds of being named, 0 where a region would just be."""
    named = math.log(settings.named / (1 - settings.named))
    return nearest.total - np.float32(settings.prior + named)


def select(
    boxes: Sequence[Box], found: Sequence[Decision], settings: MatchSettings
) -> list[Decision]:
    """Return the decisions that are no repetition of a stronger one, each with its frame.

    Args:
        boxes: K boxes, xyxy in pixels.
        found: The strongest first; those that are named before those that are possible.
        settings: Suppression and framing.
    """
    if len(found) < 2:  # most photos of a library; spares them the geometry
        return list(found)
    xyxy = np.array([boxes[each.region].xyxy for each in found], np.float64).reshape(-1, 4)
    places = _Places(found, iou_matrix(xyxy, xyxy), containment(xyxy, xyxy), settings)
    kept = places.without_repeats(range(len(found)))
    if not settings.framing:
        return [found[k] for k in kept]
    areas = [boxes[each.region].area for each in found]
    frames = {k: k for k in kept}
    for k in kept:
        frames[k] = places.frame_of(k, frames, areas)
    return [
        replace(found[k], frame=found[frames[k]].region)
        for k in places.without_repeats(kept, frames)
    ]


def _ranked(strengths: NDArray[np.float32]) -> list[int]:
    order: list[int] = np.argsort(-strengths, kind="stable").tolist()
    return order


def _as_many_as_it_takes(shares: NDArray[np.float64], sure: float) -> int:
    return min(int(np.searchsorted(np.cumsum(shares), sure - 1e-9)) + 1, len(shares))


class _Places:
    """Regions that were decided on, the strongest first, and how their boxes lie to each other.

    Args:
        found: S decisions, one for each region.
        overlap: (S, S) IoU of their boxes.
        inside: (S, S) share of the smaller box that lies in the other.
        settings: Suppression.
    """

    def __init__(
        self,
        found: Sequence[Decision],
        overlap: NDArray[np.float64],
        inside: NDArray[np.float64],
        settings: MatchSettings,
    ) -> None:
        self._found, self._overlap, self._inside = found, overlap, inside
        self._settings, self._same = settings, _same_object(found)

    def without_repeats(
        self, candidates: Iterable[int], frames: Mapping[int, int] | None = None
    ) -> list[int]:
        """Return the candidates that are no repetition of a stronger one.

        Args:
            candidates: The strongest first.
            frames: Whose boxes they have; None where each has its own.
        """
        kept: list[int] = []
        held: list[int] = []  # their frames
        for k in candidates:
            frame = k if frames is None else frames[k]
            # Where an object is named, what overlaps it and is too unsure to be is no other.
            inside = self._settings.inside
            most = 1 - inside if self._found[k].possible else inside
            part = self._same[k, kept] & (self._inside[frame, held] > most)
            if not ((self._overlap[frame, held] > self._settings.overlap) | part).any():
                kept.append(k)
                held.append(frame)
        return kept

    def frame_of(self, k: int, frames: Mapping[int, int], areas: Sequence[float]) -> int:
        """Return the largest region around a match that is nearly as similar, or itself.

        A region that also holds another thing is none: another match, or anything beside this one
        that is more similar to the same object than the region is. What is less similar than the
        region may be another part of the thing.

        Args:
            k: Which match.
            frames: All that are kept, each with the frame that it has by now.
            areas: Of all S boxes.
        """
        found, settings = self._found, self._settings
        best = k
        for j in range(k + 1, len(found)):
            if found[k].strength - found[j].strength > settings.framing:
                break
            if (
                found[j].objects[0] == found[k].objects[0]
                and areas[j] > areas[best]
                and self._inside[j, k] > settings.inside
                and not self._holds_another(j, k, frames)
            ):
                best = j
        return best

    def _holds_another(self, frame: int, k: int, frames: Mapping[int, int]) -> bool:
        found, settings = self._found, self._settings
        own = found[k].objects[0]
        others = [i for i in frames if found[i].objects[0] != own]
        if (self._overlap[frame, [frames[i] for i in others]] > settings.overlap).any():
            return True
        others += [i for i in range(frame) if found[i].objects[0] == own]
        return any(
            self._inside[frame, i] > settings.inside and self._inside[k, i] < 1 - settings.inside
            for i in others
        )


def _same_object(found: Sequence[Decision]) -> NDArray[np.bool_]:
    """Return (S, S): which regions may be of one object.

    A part of a thing is taken for its near twin more easily than the whole.
    """
    meant = [set(each.objects) for each in found]
    return np.array([[not one.isdisjoint(other) for other in meant] for one in meant])
