"""Changing one object while others may do the same: each change is a compare-and-set."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pekit_agents.memory.changes import (
    removed_looks,
    with_named_views,
    with_negatives,
    with_texts,
    with_view,
    with_views,
    without_negatives,
    without_view,
)
from pekit_agents.memory.names import require_free
from pekit_agents.memory.place.retry import CompareAndSetError
from pekit_agents.memory.records import MemoryRecord, new_rev, new_views, to_rows
from pekit_agents.memory.review_files import ReviewFiles
from pekit_agents.memory.table.erasing import drop_looks
from pekit_agents.memory.table.table import find_record, not_found, read_objects, replace_unchanged
from pekit_agents.memory.table.transactions import Transactions
from pekit_agents.memory.validation import (
    check_texts,
    checked_crops,
    checked_details,
    checked_object_id,
    checked_vectors,
    checked_view_ids,
)

if TYPE_CHECKING:
    from lancedb.table import Table
    from numpy.typing import ArrayLike

    from pekit_agents.types import Crop, Details, FloatArray, PersonalObject


class Editing:
    """The part of ``Memory`` that changes an object which is there.

    Attributes:
        dim: D, the width of the vectors.
        review: Sightings that wait for the user's decision.
    """

    dim: int
    review: ReviewFiles
    _transactions: Transactions

    def append_views(
        self,
        object_id: str,
        vectors: ArrayLike,
        *,
        crops: Sequence[Crop | None] | None = None,
        details: Sequence[Details | None] | None = None,
        view_ids: Sequence[str] | None = None,
        at_most: int | None = None,
    ) -> PersonalObject:
        """Add views to an object; none is lost when several writers do so at once.

        Args:
            object_id: Which object.
            vectors: (N >= 1, D) float32, finite and of unit length.
            crops: What is kept of the N photos.
            details: The object patch by patch in each of them.
            view_ids: Their ids, 12 hexadecimal digits each; None for fresh ones. A view
                that the object holds already is not added again.
            at_most: How many views the object may hold afterwards.

        Returns:
            The object as it is afterwards.

        Raises:
            ObjectNotFound: There is no such object (any more).
        """
        array = checked_vectors(vectors, self.dim)
        count = len(array)
        views = new_views(
            count,
            checked_crops(crops, count),
            checked_details(details, count),
            checked_view_ids(view_ids, count),
        )
        return self._change(object_id, lambda _, record: with_views(record, array, views, at_most))

    def add_view(
        self,
        object_id: str,
        vector: FloatArray,
        *,
        crop: Crop | None = None,
        details: Details | None = None,
        at_most: int | None = None,
    ) -> PersonalObject:
        """Add a view, unless the object has one that is all but the same.

        A negative that is all but the same is removed.

        Args:
            object_id: Which object.
            vector: (D,) float32, finite and of unit length.
            crop: What is kept of the photo.
            details: The object patch by patch in it.
            at_most: How many views the object may hold afterwards.

        Returns:
            The object as it is afterwards.

        Raises:
            ObjectNotFound: There is no such object (any more).
        """
        array = checked_vectors(vector[None], self.dim)
        views = new_views(1, checked_crops([crop], 1), checked_details([details], 1))
        return self._change(object_id, lambda _, record: with_view(record, array, views, at_most))

    def name_views(
        self,
        object_id: str,
        view_ids: Mapping[str, str],
        *,
        crops: Sequence[Crop | None] | None = None,
        details: Sequence[Details | None] | None = None,
    ) -> PersonalObject:
        """Give views other ids, and crops and details where they have none.

        Args:
            object_id: Which object.
            view_ids: New ids, 12 hexadecimal digits each, by the old ones; views that are not
                there (any more) are left out.
            crops: What is kept of the photos, in the order of ``view_ids``.
            details: The object patch by patch in each of them.

        Returns:
            The object, whose texts and counts stay.

        Raises:
            ObjectNotFound: There is no such object (any more).
        """
        count, new = len(view_ids), list(view_ids.values())
        kept = checked_crops(crops, count), checked_details(details, count)
        found = new_views(count, *kept, checked_view_ids(new, count))
        by_old_id = dict(zip(view_ids, found, strict=True))
        return self._change(object_id, lambda _, record: with_named_views(record, by_old_id))

    def add_negatives(
        self, object_id: str, vectors: ArrayLike, *, looks_of: str | None = None
    ) -> PersonalObject:
        """Note looks that are not the object's; those that are noted already add nothing.

        A view that is all but the same is removed, unless no other would be left.

        Args:
            object_id: Which object.
            vectors: (M >= 1, D) float32, finite and of unit length.
            looks_of: The id of the object that they are looks of, where it is known: what is
                forgotten meanwhile leaves none behind.

        Returns:
            The object as it is afterwards.

        Raises:
            ObjectNotFound: One of the objects is not there (any more).
        """
        array = checked_vectors(vectors, self.dim)

        def edit(table: Table, record: MemoryRecord) -> MemoryRecord:
            if looks_of is not None:
                find_record(table, looks_of)
            return with_negatives(record, array)

        return self._change(object_id, edit)

    def clear_negatives(self, object_id: str) -> PersonalObject:
        """Remove all negatives of an object; their bytes leave the disk.

        Returns:
            The object as it is afterwards.

        Raises:
            ObjectNotFound: There is no such object (any more).
        """
        return self._change(object_id, lambda _, record: without_negatives(record), erase=True)

    def remove_view(self, object_id: str, view_id: str) -> PersonalObject:
        """Remove one view: afterwards no file of this memory holds a byte of it.

        Looks like it that were noted as negatives of other objects go with it.

        Returns:
            The object as it is afterwards.

        Raises:
            ObjectNotFound: There is no such object or view (any more).
            InvalidInput: It is the last view.
        """
        return self._change(object_id, lambda _, record: without_view(record, view_id), erase=True)

    def update(
        self,
        object_id: str,
        *,
        name: str | None = None,
        category: str | None = None,
        context: str | None = None,
        expected: PersonalObject | None = None,
        unique_name: bool = False,
    ) -> PersonalObject:
        """Change the texts of an object; None leaves one as it is.

        The old texts leave the disk with the next ``purge``, ``delete``, ``remove_view`` or
        ``merge``.

        Args:
            object_id: Which object.
            name: The new name.
            category: The new category.
            context: The new context.
            expected: The object as the caller saw it.
            unique_name: Refuse a name that another object has, as ``insert`` does.

        Returns:
            The object as it is afterwards.

        Raises:
            ObjectNotFound: There is no such object (any more).
            ObjectChanged: Its texts are not those of ``expected`` any more.
            ObjectExists: The name is taken.
        """
        given = {"name": name, "category": category, "context": context}
        texts: dict[str, Any] = {key: text for key, text in given.items() if text is not None}
        check_texts(texts)

        def edit(table: Table, record: MemoryRecord) -> MemoryRecord:
            if name is not None and unique_name:
                require_free(name, read_objects(table), unless=object_id)
            return with_texts(record, texts, expected)

        return self._change(object_id, edit)

    def _change(
        self,
        object_id: str,
        edit: Callable[[Table, MemoryRecord], MemoryRecord],
        *,
        erase: bool = False,
    ) -> PersonalObject:
        self._require_table(object_id)
        rev = new_rev()

        def compare_and_set(table: Table) -> PersonalObject:
            record = find_record(table, object_id)
            if record.rev == rev:  # the attempt before had landed, although it reported an error
                return record.object
            edited = edit(table, record)
            if edited is record:  # nothing to write
                return record.object
            new = dataclasses.replace(edited, rev=rev)
            schema = self._transactions.schema
            if erase:
                looks = removed_looks(record, new)
                self.review.remove_looks(looks)
                drop_looks(table, looks, schema, but=[object_id])
            row = to_rows([new], schema, based_on=record.rev)
            if not replace_unchanged(table, row):
                raise CompareAndSetError(object_id)
            return new.object

        if not erase:
            return self._transactions.commit(compare_and_set)
        return self._transactions.erase(
            lambda table, _: compare_and_set(table),
            check=lambda table: edit(table, find_record(table, object_id)),
        )

    def _require_table(self, object_id: str) -> None:
        checked_object_id(object_id)
        # Asking for an object of a user who has none must leave no trace on disk.
        if not self._transactions.read(lambda table: table is not None):
            raise not_found(object_id)
