"""Which of several near twins a sighting is.

The objects that a sighting may be as well come from their scores. Where some of these are near
twins of the best one, the region is compared with the views of all of them patch by patch. Either
one of them is sure enough then, or the sighting says which it may be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from pekit_agents.twins import agreement, chances, kinship
from pekit_agents.types import Candidate, Match

if TYPE_CHECKING:
    from pekit_agents.matching import MatchSettings
    from pekit_agents.memory import Portrait
    from pekit_agents.twins import TwinSettings
    from pekit_agents.types import Details

__all__ = ["Portraits", "Settle", "plainly", "settler"]

#: Gives what is stored of some objects, by their ids; those that are gone are left out.
Portraits: TypeAlias = "Callable[[Sequence[str]], Mapping[str, Portrait]]"
#: Makes of a sighting and of everything else that it may be, the most alike first, what it is.
Settle: TypeAlias = "Callable[[Match, Sequence[Candidate]], Match]"


def plainly(match: Match, rivals: Sequence[Candidate], ambiguity: float) -> Match:
    """Return a sighting as the scores alone have it: with the runner-up, if that is close.

    Args:
        match: A sighting of the object that scores best.
        rivals: What else it may be, the most alike first.
        ambiguity: What is close.
    """
    close = tuple(r for r in rivals[:1] if ambiguity > 0 and r.score >= match.score - ambiguity)
    return replace(match, alternatives=close)


def settler(
    details: Callable[[int], Details | None], portraits: Portraits, settings: MatchSettings
) -> Settle:
    """Return what settles the sightings in one photo.

    Args:
        details: Gives what a region looks like, by its number among the compared ones, from 0;
            None where that cannot be told.
        portraits: Gives what is stored of objects.
        settings: When objects are near twins.
    """
    twins = settings.twins

    def settle(match: Match, rivals: Sequence[Candidate]) -> Match:
        plain = plainly(match, rivals, settings.ambiguity)
        if twins is None or not rivals:
            return plain
        known = portraits([obj.object_id for obj in (match.object, *(r.object for r in rivals))])
        alike = _near_twins(match, rivals, known, twins)
        if not alike:
            return plain
        region = details(match.region - 1)
        if region is None:
            return plain
        views = {key: _comparable(portrait.details, region) for key, portrait in known.items()}
        alike = [candidate for candidate in alike if views[candidate.object.object_id]]
        if not alike or not views[match.object.object_id]:
            return plain
        everyone = [Candidate(match.object, match.score), *alike]
        agreements = [agreement(region, views[each.object.object_id]) for each in everyone]
        shares = chances([each.score for each in everyone], agreements, twins)
        order = np.argsort(-shares, kind="stable")
        # As many as it takes to be sure that the right one is among them.
        count = int(np.searchsorted(np.cumsum(shares[order]), twins.sure - 1e-9)) + 1
        likeliest, *others = [everyone[index] for index in order[:count]]
        unlike = [c for c in plain.alternatives if c not in alike]
        return replace(
            match,
            object=likeliest.object,
            score=likeliest.score,
            alternatives=(*others, *unlike),
            details=region,
        )

    return settle


def _near_twins(
    match: Match,
    rivals: Sequence[Candidate],
    known: Mapping[str, Portrait],
    settings: TwinSettings,
) -> list[Candidate]:
    """Return the rivals that are near twins of the best one, as far as details are stored."""
    best = known.get(match.object.object_id)
    if best is None or not best.details:
        return []
    least = settings.kinship * match.score
    found = []
    for rival in rivals:
        other = known.get(rival.object.object_id)
        if other is not None and other.details and kinship(best.vectors, other.vectors) >= least:
            found.append(rival)
    return found


def _comparable(details: Sequence[Details], region: Details) -> list[Details]:
    """Return the details whose codes are as wide as a region's; others another describer made."""
    return [each for each in details if each.codes.shape[1] == region.codes.shape[1]]
