"""Views go into the memory in one way: ``store_new`` and ``store_more``, with advice on photos."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.introduction.quality import advise
from pekit_agents.introduction.views import MAX_VIEWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pekit_agents.memory import Memory
    from pekit_agents.scoring import Discriminant
    from pekit_agents.types import FloatArray, PersonalObject, View

__all__ = ["store_more", "store_new"]


def store_new(
    memory: Memory,
    obj: PersonalObject,
    views: Sequence[View],
    discriminant: Discriminant | None,
    *,
    view_ids: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    replace_same: bool = True,
) -> PersonalObject:
    """Store an object with everything that its photos gave.

    Args:
        memory: Where.
        obj: Its texts.
        views: One for each photo, at least one.
        discriminant: Says whether views are of one thing; None cannot tell outliers.
        view_ids: The ids of the views; None for fresh ones.
        names: What to call the photos in advice; None for "photo 1" and so on.
        replace_same: Whether an object with the same id is replaced.

    Returns:
        The object as stored, with ``advice``.

    Raises:
        ObjectExists: The name is taken, or the id where nothing is to be replaced.
        MemoryStoreError: The memory cannot be written.
    """
    stored = memory.insert(
        obj,
        _vectors(views),
        crops=[view.crop for view in views],
        details=[view.details for view in views],
        view_ids=view_ids,
        unique_name=True,
        replace=replace_same,
    )
    nothing = np.zeros((0, memory.dim), np.float32)
    return replace(stored, advice=advise(views, nothing, discriminant, names))


def store_more(
    memory: Memory,
    object_id: str,
    views: Sequence[View],
    discriminant: Discriminant | None,
    *,
    held: FloatArray,
    view_ids: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
) -> PersonalObject:
    """Add everything that photos gave to an object that is there.

    Args:
        memory: Where.
        object_id: Which object.
        views: One for each photo, at least one.
        discriminant: Says whether views are of one thing; None cannot tell outliers.
        held: (V, D) float32 unit vectors of the views that the object had before.
        view_ids: The ids of the views; None for fresh ones.
        names: What to call the photos in advice; None for "photo 1" and so on.

    Raises:
        ObjectNotFound: There is no such object (any more).
        InvalidInput: It would hold too many views.
        MemoryStoreError: The memory cannot be written.
    """
    stored = memory.append_views(
        object_id,
        _vectors(views),
        crops=[view.crop for view in views],
        details=[view.details for view in views],
        view_ids=view_ids,
        at_most=MAX_VIEWS,
    )
    return replace(stored, advice=advise(views, held, discriminant, names))


def _vectors(views: Sequence[View]) -> FloatArray:
    """Return (N, D) float32: the views under each other."""
    return np.stack([view.vector for view in views])
