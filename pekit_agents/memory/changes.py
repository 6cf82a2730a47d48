"""What the changes of an object do to its record: pure functions, no storage."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from pekit_agents.errors import InvalidInput, ObjectChanged, ObjectNotFound
from pekit_agents.owner_text import CONTEXT_LIMIT, NAME_LIMIT, quote
from pekit_agents.types import PersonalObject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from pekit_agents.memory.records import MemoryRecord
    from pekit_agents.types import FloatArray, StoredView

_TEXTS = ("name", "category", "context")
#: The most negatives that one object holds; the oldest go first.
MAX_NEGATIVES = 32
#: Two vectors with a larger cosine are one look: the same region of the same photo.
DUPLICATE = 0.98


def with_texts(
    record: MemoryRecord, texts: Mapping[str, Any], expected: PersonalObject | None
) -> MemoryRecord:
    """Return the record with some of its texts replaced.

    Raises:
        ObjectChanged: Its texts are not those of ``expected`` any more.
    """
    if expected is not None:
        if not isinstance(expected, PersonalObject):
            raise InvalidInput(
                "expected the object as it was shown, as get() returns it, found "
                f"{type(expected).__name__}"
            )
        changed = [
            f"{field} is {quote(getattr(record.object, field), CONTEXT_LIMIT)}, expected "
            f"{quote(getattr(expected, field), CONTEXT_LIMIT)}"
            for field in _TEXTS
            if getattr(record.object, field) != getattr(expected, field)
        ]
        if changed:
            raise ObjectChanged(
                f"{quote(expected.name, NAME_LIMIT)} was changed meanwhile: "
                f"{'; '.join(changed)}. Nothing was written; look at the object again and repeat "
                "the change on what it is now."
            )
    return dataclasses.replace(record, object=dataclasses.replace(record.object, **texts))


def with_views(
    record: MemoryRecord,
    vectors: FloatArray,
    views: tuple[StoredView, ...],
    at_most: int | None,
) -> MemoryRecord:
    """Return the record with views added; those that it holds already are left out.

    What is a look of the object now is none of its negatives any more.

    Raises:
        InvalidInput: It would hold more than ``at_most`` views.
    """
    held = {view.view_id for view in record.views}
    new = [index for index, view in enumerate(views) if view.view_id not in held]
    count = len(record.views) + len(new)
    if at_most is not None and count > at_most:
        raise InvalidInput(
            f"{quote(record.object.name, NAME_LIMIT)} would hold {count} views, expected at most "
            f"{at_most}; nothing was changed",
            in_python="; remove some views first",
        )
    kept = _without_negatives(record, duplicates(record.negatives, vectors[new]))
    return _with(
        kept,
        np.concatenate([record.vectors, vectors[new]]),
        (*record.views, *(views[index] for index in new)),
    )


def with_view(
    record: MemoryRecord, vectors: FloatArray, views: tuple[StoredView, ...], at_most: int | None
) -> MemoryRecord:
    """Return the record with one view added, unless it holds one like it.

    Args:
        record: The object.
        vectors: (1, D) float32 of unit length.
        views: What is known of it: one.
        at_most: As for ``with_views``.

    Raises:
        InvalidInput: It would hold more than ``at_most`` views.
    """
    if duplicates(vectors, record.vectors).any():
        return _without_negatives(record, duplicates(record.negatives, vectors))
    return with_views(record, vectors, views, at_most)


def with_named_views(record: MemoryRecord, found: Mapping[str, StoredView]) -> MemoryRecord:
    """Return the record with some views known by other ids, and with what they lacked.

    Args:
        record: The object.
        found: By the id of a view what is known of it now; its time and vector stay.
    """
    taken = {view.view_id for view in record.views}
    named = []
    for view in record.views:
        new = found.get(view.view_id)
        if new is None or new.view_id in taken:
            named.append(view)
            continue
        crop = new.crop if view.crop is None else view.crop
        details = new.details if view.details is None else view.details
        named.append(dataclasses.replace(view, view_id=new.view_id, crop=crop, details=details))
    if all(new is old for new, old in zip(named, record.views, strict=True)):
        return record
    return dataclasses.replace(record, views=tuple(named))


def with_negatives(record: MemoryRecord, vectors: FloatArray) -> MemoryRecord:
    """Return the record with (M, D) negatives added that it does not hold yet.

    What is no look of the object is none of its views any more: a confirmed match that is rejected
    after all does not stay. An object keeps its views where no other would be left. Of more than
    :data:`MAX_NEGATIVES` the oldest negatives are left out.
    """
    kept = _without_looks(record, vectors)
    held = record.negatives.reshape(-1, vectors.shape[1])
    for vector in vectors:
        if not duplicates(vector[None], held).any():
            held = np.concatenate([held, vector[None]])
    if len(held) == len(record.negatives):
        return kept
    return _with_negatives(kept, held[-MAX_NEGATIVES:])


def without_negatives(record: MemoryRecord) -> MemoryRecord:
    """Return the record without negatives."""
    return _without_negatives(record, np.ones(len(record.negatives), np.bool_))


def without_negatives_like(record: MemoryRecord, looks: FloatArray) -> MemoryRecord:
    """Return the record without the negatives that are one of (L, D) looks."""
    return _without_negatives(record, duplicates(record.negatives, looks))


def merged(first: MemoryRecord, second: MemoryRecord, at_most: int | None) -> MemoryRecord:
    """Return the first record with what the second has: they are one object.

    A negative of one that is more alike to the other's views is dropped: what was taken for a
    look of something else was a look of the same thing.

    Raises:
        InvalidInput: It would hold more than ``at_most`` views.
    """
    kept = _without_negatives(first, _looks_like(first.negatives, second, first))
    both = with_views(kept, second.vectors, second.views, at_most)
    strange = ~_looks_like(second.negatives, first, second)
    return with_negatives(both, second.negatives.reshape(-1, both.vectors.shape[1])[strange])


def without_view(record: MemoryRecord, view_id: str) -> MemoryRecord:
    """Return the record without one of its views.

    Raises:
        ObjectNotFound: It has no such view.
        InvalidInput: It is the last one.
    """
    kept = [index for index, view in enumerate(record.views) if view.view_id != view_id]
    name = quote(record.object.name, NAME_LIMIT)
    if len(kept) == len(record.views):
        ids = ", ".join(view.view_id for view in record.views)
        raise ObjectNotFound(f'{name} has no view "{view_id}". Its views: {ids}.')
    if not kept:
        raise InvalidInput(
            f'"{view_id}" is the only view of {name}, expected another one to be left; '
            "add a better photo first, or forget the object."
        )
    return _with_only(record, kept)


def removed_looks(before: MemoryRecord, after: MemoryRecord) -> FloatArray:
    """Return the (L, D) views that a change removes."""
    left = {view.view_id for view in after.views}
    return before.vectors[[view.view_id not in left for view in before.views]]


def duplicates(vectors: FloatArray, others: FloatArray) -> NDArray[np.bool_]:
    """Return for each of (K, D) vectors whether one of (L, D) others is the same look."""
    if not len(vectors) or not len(others):
        return np.zeros(len(vectors), np.bool_)
    same: NDArray[np.bool_] = (vectors @ others.T).max(axis=1) > DUPLICATE
    return same


def _without_looks(record: MemoryRecord, vectors: FloatArray) -> MemoryRecord:
    """Return the record without its views that are one of (M, D) looks, if another is left."""
    kept = np.flatnonzero(~duplicates(record.vectors, vectors)).tolist()
    return _with_only(record, kept) if 0 < len(kept) < len(record.views) else record


def _looks_like(
    negatives: FloatArray, one: MemoryRecord, rather_than: MemoryRecord
) -> NDArray[np.bool_]:
    if not len(negatives):
        return np.zeros(0, np.bool_)
    alike: NDArray[np.bool_] = (negatives @ one.vectors.T).max(axis=1) > (
        negatives @ rather_than.vectors.T
    ).max(axis=1)
    return alike


def _without_negatives(record: MemoryRecord, which: NDArray[np.bool_]) -> MemoryRecord:
    return _with_negatives(record, record.negatives[~which]) if which.any() else record


def _with_negatives(record: MemoryRecord, negatives: FloatArray) -> MemoryRecord:
    obj = dataclasses.replace(record.object, n_negatives=len(negatives))
    return dataclasses.replace(record, object=obj, negatives=negatives)


def _with_only(record: MemoryRecord, kept: list[int]) -> MemoryRecord:
    return _with(record, record.vectors[kept], tuple(record.views[index] for index in kept))


def _with(record: MemoryRecord, vectors: FloatArray, views: tuple[StoredView, ...]) -> MemoryRecord:
    obj = dataclasses.replace(record.object, n_views=len(views))
    return dataclasses.replace(record, object=obj, vectors=vectors, views=views)
