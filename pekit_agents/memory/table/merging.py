"""Making one object of two that turned out to be the same thing."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from pekit_agents.errors import ObjectNotFound
from pekit_agents.memory.changes import merged
from pekit_agents.memory.place.retry import CompareAndSetError
from pekit_agents.memory.records import new_rev, to_rows
from pekit_agents.memory.table.table import (
    delete_unchanged,
    find_record,
    replace_and_delete,
    replace_unchanged,
)

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

    from pekit_agents.types import PersonalObject


class Merging:
    """One merge, which may have to be tried several times.

    Whoever holds the lock commits both halves at once. Where there are no locks the views are
    added first, so that nothing is lost between the two commits; doing it again goes on from
    there, because a view that is there already is not added twice.
    """

    def __init__(
        self, into_id: str, from_id: str, schema: pa.Schema, *, at_most: int | None
    ) -> None:
        self.into_id = into_id
        self.from_id = from_id
        self._schema = schema
        self._at_most = at_most
        self._rev = new_rev()

    def check(self, table: Table) -> None:
        """Raise what speaks against it: an object that is not there, or too many views."""
        second = find_record(table, self.from_id)
        first = find_record(table, self.into_id)
        merged(first, second, self._at_most)

    def commit(self, table: Table, alone: bool) -> PersonalObject:
        """Move the views and forget the second object."""
        first = find_record(table, self.into_id)
        try:
            second = find_record(table, self.from_id)
        except ObjectNotFound:
            if first.rev == self._rev:  # the attempt before had landed
                return first.object
            raise
        both = merged(first, second, self._at_most)
        row = to_rows([dataclasses.replace(both, rev=self._rev)], self._schema, based_on=first.rev)
        if alone:
            landed = replace_and_delete(table, row, second)
        else:
            landed = replace_unchanged(table, row) and delete_unchanged(table, second)
        if not landed:
            raise CompareAndSetError(self.into_id)
        return both.object
