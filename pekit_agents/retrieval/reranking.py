"""Look-alikes told apart by local features, where their scores leave a match ambiguous.

Two flavours of one juice differ in a few patches, and the average over all patches (paper Eq. 2
and 4) hides these. Where a region may be one of several objects, it is compared with the views of
each patch by patch: each patch with the one whose features are most similar. How well the colours
of such patches agree is added to the log-odds of the scores. (How similar the features are says
nothing more than the scores do.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from pekit_agents.types import Candidate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.memory import StoredFeatures
    from pekit_agents.settings import RerankSettings
    from pekit_agents.types import ByteArray, Details, FloatArray, Match

__all__ = ["FeaturesOf", "colour_agreement", "rerank", "shares"]

# Chosen with the weights of RerankSettings.
_CHROMA = 20.0  # in CIELAB: colours so far apart agree by 1 / e
_GREY = 5.0  # added to the chroma, so that things without colours are compared as well

#: Gives what is stored of some objects, by their ids; those that are gone are left out.
FeaturesOf: TypeAlias = "Callable[[Sequence[str]], Mapping[str, StoredFeatures]]"


def rerank(
    matches: Sequence[Match],
    details: Callable[[int], Details | None],
    stored_features: FeaturesOf,
    settings: RerankSettings | None,
    *,
    sure: float,
) -> list[Match]:
    """Return matches, the ambiguous ones with their objects compared patch by patch.

    The probability that such a match is any of its objects stays, and is shared out anew: they may
    be in another order then, or fewer. All others are as they were.

    Args:
        matches: With probabilities.
        details: Gives what a region looks like, by its number, from 0; None where that cannot be
            told.
        stored_features: Gives what is stored of objects.
        settings: What the comparison weighs; None compares nothing.
        sure: As in :class:`~pekit_agents.settings.MatchSettings`.
    """
    if settings is None:
        return list(matches)
    return [_compared(match, details, stored_features, settings, sure) for match in matches]


def shares(
    scores: Sequence[float], agreements: Sequence[float], settings: RerankSettings
) -> NDArray[np.float64]:
    """Return how likely each of R objects is the right one, if one of them is: (R,), sum 1.

    Args:
        scores: Their log-odds.
        agreements: Of the region with each, as :func:`colour_agreement` returns them.
        settings: What they weigh.
    """
    odds = np.asarray(scores, np.float64) + settings.colour * np.asarray(agreements, np.float64)
    weights = np.exp(odds - odds.max())
    parts: NDArray[np.float64] = weights / weights.sum()
    return parts


def colour_agreement(region: Details, views: Sequence[Details]) -> float:
    """Return how much the colours of a region agree with those of an object, in [0, 1].

    Every patch of one is matched with the patch of the other whose features are most similar, and
    the other way round. The more colourful a patch, the more it counts. The view that agrees most
    decides.

    Args:
        region: Of a photo.
        views: Of one object, at least one.
    """
    return max(_agree(region, view) for view in views)


def _compared(
    match: Match,
    details: Callable[[int], Details | None],
    stored_features: FeaturesOf,
    settings: RerankSettings,
    sure: float,
) -> Match:
    if not match.ambiguous or match.probability is None:
        return match
    everyone = [Candidate(match.object, match.score, match.probability), *match.alternatives]
    known = stored_features([each.object.object_id for each in everyone])
    if any(not _details_of(each, known) for each in everyone):
        return match  # one that cannot be compared would lose for that alone
    region = details(match.region - 1)
    if region is None:
        return match
    views = [_comparable(_details_of(each, known), region) for each in everyone]
    if not all(views):
        return match
    agreements = [colour_agreement(region, each) for each in views]
    parts = shares([each.score for each in everyone], agreements, settings)
    total = sum(each.probability or 0.0 for each in everyone)
    order = np.argsort(-parts, kind="stable")
    count = int(np.searchsorted(np.cumsum(parts[order]), sure - 1e-9)) + 1
    first, *others = [
        replace(everyone[index], probability=total * float(parts[index]))
        for index in order[:count].tolist()
    ]
    return replace(
        match,
        object=first.object,
        score=first.score,
        probability=first.probability,
        alternatives=tuple(others),
        details=region,
    )


def _details_of(each: Candidate, known: Mapping[str, StoredFeatures]) -> Sequence[Details]:
    stored = known.get(each.object.object_id)
    return () if stored is None else stored.details


def _comparable(details: Sequence[Details], region: Details) -> list[Details]:
    """Return the details whose codes are as wide as a region's; others another describer made."""
    return [each for each in details if each.codes.shape[1] == region.codes.shape[1]]


def _agree(one: Details, other: Details) -> float:
    cosines = _unit(one.codes) @ _unit(other.codes).T  # (C, C')
    return (_one_way(one, other, cosines) + _one_way(other, one, cosines.T)) / 2


def _one_way(one: Details, other: Details, cosines: FloatArray) -> float:
    best = cosines.argmax(axis=1)
    alike = np.maximum(cosines[np.arange(len(best)), best], 0)
    weights = one.weights.astype(np.float32)
    mine = one.colours.astype(np.float32)
    theirs = other.colours[best].astype(np.float32)
    same = np.exp(-np.linalg.norm(mine - theirs, axis=1) / _CHROMA)
    chroma = np.maximum(np.linalg.norm(mine, axis=1), np.linalg.norm(theirs, axis=1))
    says = weights * alike * (_GREY + chroma) ** 2
    total = says.sum()
    return float((says * same).sum() / total) if total > 0 else 0.0


def _unit(codes: ByteArray) -> FloatArray:
    values = codes.astype(np.float32)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    unit: FloatArray = values / np.maximum(lengths, 1)
    return unit
