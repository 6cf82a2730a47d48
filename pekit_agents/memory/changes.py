"""What the changes of an object do to its record: pure functions, no storage."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from pekit_agents.errors import InvalidInput, ObjectChanged, ObjectNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pekit_agents.memory.records import MemoryRecord
    from pekit_agents.types import FloatArray, PersonalObject, StoredView

_TEXTS = ("name", "category", "context")


def with_texts(
    record: MemoryRecord, texts: Mapping[str, Any], expected: PersonalObject | None
) -> MemoryRecord:
    """Return the record with some of its texts replaced.

    Raises:
        ObjectChanged: Its texts are not those of ``expected`` any more.
    """
    if expected is not None:
        changed = [
            f"{field} is {getattr(record.object, field)!r}, expected {getattr(expected, field)!r}"
            for field in _TEXTS
            if getattr(record.object, field) != getattr(expected, field)
        ]
        if changed:
            raise ObjectChanged(
                f'"{expected.name}" was changed meanwhile: {"; ".join(changed)}. Nothing was '
                "written; look at the object again and repeat the change on what it is now."
            )
    return dataclasses.replace(record, object=dataclasses.replace(record.object, **texts))


def with_views(
    record: MemoryRecord,
    vectors: FloatArray,
    views: tuple[StoredView, ...],
    at_most: int | None,
) -> MemoryRecord:
    """Return the record with views added; those that it holds already are left out.

    Raises:
        InvalidInput: It would hold more than ``at_most`` views.
    """
    held = {view.view_id for view in record.views}
    new = [index for index, view in enumerate(views) if view.view_id not in held]
    count = len(record.views) + len(new)
    if at_most is not None and count > at_most:
        raise InvalidInput(
            f'"{record.object.name}" would hold {count} views, expected at most {at_most}; '
            "remove some views first. Nothing was changed."
        )
    return _with(
        record,
        np.concatenate([record.vectors, vectors[new]]),
        (*record.views, *(views[index] for index in new)),
    )


def without_view(record: MemoryRecord, view_id: str) -> MemoryRecord:
    """Return the record without one of its views.

    Raises:
        ObjectNotFound: It has no such view.
        InvalidInput: It is the last one.
    """
    kept = [index for index, view in enumerate(record.views) if view.view_id != view_id]
    name = record.object.name
    if len(kept) == len(record.views):
        ids = ", ".join(view.view_id for view in record.views)
        raise ObjectNotFound(f'"{name}" has no view "{view_id}". Its views: {ids}.')
    if not kept:
        raise InvalidInput(
            f'"{view_id}" is the only view of "{name}", expected another one to be left; '
            "add a better photo first, or forget the object."
        )
    return _with(record, record.vectors[kept], tuple(record.views[index] for index in kept))


def _with(record: MemoryRecord, vectors: FloatArray, views: tuple[StoredView, ...]) -> MemoryRecord:
    obj = dataclasses.replace(record.object, n_views=len(views))
    return dataclasses.replace(record, object=obj, vectors=vectors, views=views)
