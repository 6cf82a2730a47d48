"""The visual prompt (paper 3.4): an annotated picture and an instruction for any LVLM.

The text has the paper's structure: the contexts to read first, then each object as the entity
in the box of its colour, the order to use the given names and to keep quiet about the boxes,
and last the question. Of an entity that is only possible it says so, and that the owner is to be
asked. Without a match both picture and question pass untouched (paper 3.6). Names, categories and
contexts are quoted as data and said to be no instructions.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pekit_agents.boxes import clip
from pekit_agents.prompting.drawing import COLOURS, Colour, annotate, assign_colours
from pekit_agents.prompting.entities import (
    DATA,
    asked,
    by_identity,
    introduction,
    joined,
    named,
    notes,
    open_points,
)
from pekit_agents.types import Match, Prompt

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["COLOURS", "Colour", "annotate", "assign_colours", "build_prompt", "instruction"]

_LOGGER = logging.getLogger(__name__)

_PLAIN_CAPTION = "Describe this picture."
_RULES = (
    "Whenever you speak of one of these entities, use the name it is called by. The boxes and "
    "name plates were drawn on the picture only to show you which is which: never mention a "
    "box, a plate or the colour of a box."
)


def build_prompt(
    image: RGBImage,
    matches: Sequence[Match],
    question: str | None = None,
    *,
    colours: Mapping[str, Colour] | None = None,
) -> Prompt:
    """Build what any LVLM needs to answer about the objects found in a picture.

    Args:
        image: The upright picture; it is not changed.
        matches: The best first, those that are named before those that are possible; boxes in
            pixels of ``image``. One that lies wholly outside the picture, or that has no colour,
            is left out.
        question: What the user asks; None or blank asks for a caption.
        colours: :attr:`Match.identity` -> colour; default :func:`assign_colours`.

    Returns:
        The annotated picture, the text and the matches it speaks of. Without any: the
        picture object itself and the bare question.

    Raises:
        InvalidInput: The question is too long.
    """
    seen = [match for match in matches if clip(match.box, *image.size) is not None]
    palette = assign_colours(seen) if colours is None else colours
    shown = tuple(match for match in seen if match.identity in palette)
    if len(shown) < len(matches):
        _LOGGER.warning("%d of %d matches cannot be shown", len(matches) - len(shown), len(matches))
    if not shown:
        return Prompt(image, instruction((), question))
    picture = annotate(image, shown, colours=palette)
    return Prompt(picture, instruction(shown, question, colours=palette), shown)


def instruction(
    matches: Sequence[Match],
    question: str | None = None,
    *,
    colours: Mapping[str, Colour] | None = None,
) -> str:
    """Write the text that goes with an annotated picture.

    Args:
        matches: Those that are drawn on the picture.
        question: What the user asks; None or blank asks for a caption.
        colours: :attr:`Match.identity` -> colour, as the picture was drawn with; default
            :func:`assign_colours`. Matches without one are not spoken of.

    Returns:
        Contexts, introductions, rules and the question; without a match the bare question.

    Raises:
        InvalidInput: The question is too long.
    """
    palette = assign_colours(matches) if colours is None else colours
    groups = by_identity(matches, palette)
    if not groups:
        return asked(question) or _PLAIN_CAPTION
    objects = dict.fromkeys(obj for group in groups for obj in group[0].candidates)
    parts = [DATA, *notes(objects), introduction(matches, palette), _RULES]
    parts += open_points([group[0] for group in groups])
    return "\n\n".join([*parts, asked(question) or _caption(groups)])


def _caption(groups: Sequence[Sequence[Match]]) -> str:
    names = joined([named(group[0]) for group in groups])
    possible = any(group[0].possible for group in groups)
    return (
        f"Write a caption for this picture: say what {names} can be seen doing, or where and "
        f"how they appear, and call each by its name{' where that is certain' if possible else ''}."
    )
