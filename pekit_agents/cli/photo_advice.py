"""``photo_advice``: what to know about reference photos, by their paths, and what to type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pekit_agents.cli.output import shown
from pekit_agents.cli.terminal_words import terminal_words

if TYPE_CHECKING:
    from pathlib import Path

    from pekit_agents.types import Advice, PersonalObject

__all__ = ["photo_advice"]

_PHOTO = re.compile(r"\bphoto (\d+)\b")


def photo_advice(
    obj: PersonalObject,
    advice: Advice,
    photos: Sequence[Path],
    view_ids: Sequence[str],
    *,
    options: Sequence[str] = (),
) -> str:
    """Return advice on one of some photos, which are called by their paths.

    A photo of something else is taken out by the id of its view: that is sure to be the view of
    this photo, and learns nothing of the object itself where the photo shows it after all.

    Args:
        obj: What the photos were given for.
        advice: On one of them, or on all.
        photos: In the order in which they were given.
        view_ids: The ids of their views.
        options: What says which memory it is, as it is typed.
    """
    from pekit_agents.introduction.quality import OUTLIER_REMEDY

    text = _PHOTO.sub(lambda found: shown(photos[int(found[1]) - 1]), advice.text)
    if advice.kind == "outlier":
        words = ("pekit", "remove-view", obj.name, view_ids[advice.photo - 1], *options)
        remedy = (
            f"if it shows something else, `{shlex.join(words)}` takes it out again; if the object "
            "is small in it, do the same and add it with --box"
        )
        text = text.replace(OUTLIER_REMEDY, remedy)
    return terminal_words(text)
