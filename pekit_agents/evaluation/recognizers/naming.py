"""Matches by the names of a data set's things."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pekit_agents.evaluation.records import Named

if TYPE_CHECKING:
    from pekit_agents.types import Match

__all__ = ["as_named"]


def as_named(matches: Iterable[Match], things: Mapping[str, str]) -> tuple[Named, ...]:
    """Return matches by the names of the things.

    Args:
        matches: In any order, which stays.
        things: Object id -> name of the thing.
    """
    return tuple(
        Named(
            things[match.object.object_id],
            match.score,
            match.box,
            tuple(things[each.object.object_id] for each in match.alternatives),
            match.probability,
        )
        for match in matches
    )
