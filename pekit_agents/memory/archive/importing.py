"""Taking objects over from an export: which come in, and under which name."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args

import numpy as np

from pekit_agents.errors import InvalidInput, ObjectExists
from pekit_agents.memory.names import KnownNames
from pekit_agents.memory.records import new_rev, to_rows
from pekit_agents.memory.table.erasing import drop_looks
from pekit_agents.memory.table.table import find_record, read_objects, read_revs, upsert
from pekit_agents.owner_text import NAME_LIMIT, quote
from pekit_agents.types import OnConflict
from pekit_agents.wording.spelling import spelled

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

    from pekit_agents.memory.records import MemoryRecord
    from pekit_agents.types import PersonalObject

_SHOWN = 5


class Importing:
    """One import, which may have to be tried several times."""

    def __init__(
        self, records: Sequence[MemoryRecord], on_conflict: OnConflict, schema: pa.Schema
    ) -> None:
        if on_conflict not in get_args(OnConflict):
            known = ", ".join(repr(choice) for choice in get_args(OnConflict))
            raise InvalidInput(f"expected on_conflict to be one of {known}, found {on_conflict!r}")
        # Stamps of its own, because the objects may still be here as they were exported.
        self._records = [dataclasses.replace(record, rev=new_rev()) for record in records]
        self._on_conflict: OnConflict = on_conflict
        self._schema = schema
        self._written: list[MemoryRecord] = []

    def commit(self, table: Table) -> tuple[PersonalObject, ...]:
        """Write all that come in; all of them or none.

        Returns:
            The objects as stored.
        """
        revs = {record.rev for record in self._written}
        if not revs or not revs <= read_revs(table):  # else the attempt before had landed
            there = read_objects(table)
            self._written, gone = self._plan(there)
            if self._on_conflict == "replace":
                self._drop_replaced(table, {obj.object_id for obj in there}, gone)
            if self._written:
                upsert(table, to_rows(self._written, self._schema), gone)
        return tuple(record.object for record in self._written)

    def _drop_replaced(self, table: Table, there: set[str], gone: Sequence[str]) -> None:
        """Take the looks of what is replaced out of the negatives of what stays."""
        new = {record.object.object_id for record in self._written}
        old = [find_record(table, each) for each in (new & there) | set(gone)]
        if old:
            looks = np.concatenate([record.vectors for record in old])
            drop_looks(table, looks, self._schema, but=new)

    def _plan(self, there: Sequence[PersonalObject]) -> tuple[list[MemoryRecord], list[str]]:
        """Return what to write, and the ids of what it replaces beyond that."""
        by_id = {obj.object_id: obj for obj in there}
        known = KnownNames(there)
        if self._on_conflict == "rename":
            return _renamed(self._records, by_id, known), []
        if self._on_conflict == "replace":
            return _in_place(self._records, by_id, known)
        new: list[MemoryRecord] = []
        clashing: list[MemoryRecord] = []
        for record in self._records:
            obj = record.object
            taken = obj.object_id in by_id or known.called(obj.name)
            (clashing if taken else new).append(record)
        if clashing and self._on_conflict == "error":
            names = ", ".join(quote(each.object.name, NAME_LIMIT) for each in clashing[:_SHOWN])
            more = f" and {len(clashing) - _SHOWN} more" if len(clashing) > _SHOWN else ""
            raise ObjectExists(
                f"expected objects that are new here, but the names or ids of {names}{more} are "
                "taken; nothing was imported. Skip, replace or rename them."
            )
        return new, []


def _renamed(
    records: Sequence[MemoryRecord], by_id: dict[str, PersonalObject], known: KnownNames
) -> list[MemoryRecord]:
    """Give other ids and names where these are taken here; an export may hold names alike."""
    ids, renamed = set(by_id), []
    used: set[str] = set()
    for record in records:
        obj = record.object
        object_id = uuid.uuid4().hex if obj.object_id in ids else obj.object_id
        name, number = obj.name, 2
        while spelled(name) in used or known.called(name):
            end = f" ({number})"
            # A name that is too long would be refused when it is exported and imported again.
            name, number = obj.name[: NAME_LIMIT - len(end)].rstrip() + end, number + 1
        used.add(spelled(name))
        ids.add(object_id)
        new = dataclasses.replace(obj, object_id=object_id, name=name)
        renamed.append(dataclasses.replace(record, object=new))
    return renamed


def _in_place(
    records: Sequence[MemoryRecord],
    by_id: dict[str, PersonalObject],
    known: KnownNames,
) -> tuple[list[MemoryRecord], list[str]]:
    """Let each record take the id of the object of its name, so that it is found in its place."""
    incoming = {record.object.object_id for record in records}
    placed, gone = [], []
    used: set[str] = set()
    for record in records:
        obj = record.object
        called = known.called(obj.name)
        same = called[0] if len(called) == 1 else None  # of several alike none is meant
        if same is not None and same.object_id != obj.object_id:
            if obj.object_id in by_id:  # two are replaced by one
                gone.append(same.object_id)
            elif same.object_id not in incoming and same.object_id not in used:
                obj = dataclasses.replace(obj, object_id=same.object_id)
        used.add(obj.object_id)
        placed.append(dataclasses.replace(record, object=obj))
    return placed, [object_id for object_id in gone if object_id not in used]
