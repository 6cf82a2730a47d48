"""The colours of a clip: ``palette_of`` gives each thing one for all of its frames."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from pekit_agents.prompting.drawing import Colour, assign_colours

if TYPE_CHECKING:
    from pekit_agents.video.timeline import Timeline

__all__ = ["palette_of"]


def palette_of(timeline: Timeline) -> dict[str, Colour]:
    """Return a colour for everything that a timeline says, the same in each frame.

    What is named comes first, and what is possible after it, in the order of time. After 36 the
    colours begin anew: a clip may be long, and things that share one have their names beside them.

    Returns:
        :attr:`Match.identity` -> colour.
    """
    matches = [each.match() for each in (*timeline.named, *timeline.possible)]
    own = assign_colours(matches)
    again = cycle(own.values())
    identities = dict.fromkeys(match.identity for match in matches)
    return {identity: own.get(identity) or next(again) for identity in identities}
