"""From when to when each thing was in sight: ``spans_of``, which draws many sightings together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pekit_agents.types import Match
    from pekit_agents.video.timeline import Sighting

__all__ = ["Span", "spans_of"]


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a thing was in sight, once or several times.

    Attributes:
        match: What it is.
        start: When it was first seen, in seconds.
        end: When it was last seen.
        times: How often it was seen in between.
        ongoing: Whether it was still in sight when the search had got this far.
    """

    match: Match
    start: float
    end: float
    times: int = 1
    ongoing: bool = False


def spans_of(
    sightings: Sequence[Sighting], most: int, *, first: Collection[str] = ()
) -> tuple[list[Span], int]:
    """Return from when to when each thing was in sight, in the order of time.

    Where there are more sightings than may be told, those of one thing with the least time between
    them are drawn together. Where that is not enough, the things that were in sight most briefly
    are left out.

    Args:
        sightings: Of all things.
        most: How many spans to return, at least one.
        first: The identities that are drawn together and left out last.

    Returns:
        The spans, and of how many things none is among them.
    """
    of_each: dict[str, list[Span]] = {}
    for each in sorted(sightings, key=lambda each: (each.start, each.number)):
        match = each.match()
        of_each.setdefault(match.identity, []).append(
            Span(match, each.start, each.end, ongoing=each.ongoing)
        )
    kept = _longest(of_each, most, first)
    spare = sum(len(of_each[identity]) for identity in kept) - most
    gaps = sorted(
        (identity in first, after.start - before.end, place, identity)
        for identity in kept
        for place, (before, after) in enumerate(pairwise(of_each[identity]))
    )
    joined = {(identity, place) for *_, place, identity in gaps[: max(0, spare)]}
    spans: list[Span] = []
    for identity in kept:
        for place, span in enumerate(of_each[identity]):
            if (identity, place - 1) in joined:
                spans[-1] = _both(spans[-1], span)
            else:
                spans.append(span)
    return sorted(spans, key=lambda span: (span.start, span.end)), len(of_each) - len(kept)


def _longest(of_each: dict[str, list[Span]], most: int, first: Collection[str]) -> list[str]:
    def rank(identity: str) -> tuple[bool, bool, float]:
        spans = of_each[identity]
        seconds = sum(span.end - span.start for span in spans)
        return identity not in first, spans[0].match.possible, -seconds

    return sorted(of_each, key=rank)[:most]


def _both(before: Span, after: Span) -> Span:
    return replace(
        before,
        end=max(before.end, after.end),
        times=before.times + after.times,
        ongoing=before.ongoing or after.ongoing,
    )
