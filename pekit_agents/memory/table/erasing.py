"""Deleting looks of an object wherever they are: also where others hold them as negatives.

A negative does not say what it is a look of, so it is known by being the same look: a region that
was confirmed as one object became a view of it and a negative of what it was taken for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
from lancedb.expr import col, lit

from pekit_agents.memory.changes import duplicates, without_negatives_like
from pekit_agents.memory.place.retry import CompareAndSetError
from pekit_agents.memory.records import new_rev, to_rows
from pekit_agents.memory.schema import to_vectors
from pekit_agents.memory.table.table import delete_row, find_record, replace_unchanged

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

    from pekit_agents.memory.records import MemoryRecord
    from pekit_agents.types import FloatArray


def delete_object(table: Table, record: MemoryRecord, schema: pa.Schema, *, alone: bool) -> None:
    """Delete an object, and its looks where others hold them.

    Their looks go first: who dies in between leaves an object that is there and can be forgotten
    again.

    Args:
        table: At its newest version.
        record: The object.
        schema: The columns of the table.
        alone: Whether it is certain that nobody else is writing.
    """
    object_id = record.object.object_id
    drop_looks(table, record.vectors, schema, but=[object_id])
    delete_row(table, object_id)
    if not alone:  # somebody may have noted one between the two
        drop_looks(table, record.vectors, schema, but=[object_id])


def drop_looks(table: Table, looks: FloatArray, schema: pa.Schema, *, but: Collection[str]) -> None:
    """Remove looks from the negatives of all objects, those with the ids ``but`` left out.

    Args:
        table: At its newest version, in the current layout.
        looks: (L, D) float32 of unit length.
        schema: The columns of the table.
        but: Whose negatives stay as they are.
    """
    corrected = table.search().where(col("n_negatives") > lit(0))
    rows = corrected.select(["object_id", "negatives"]).to_arrow()
    negatives, starts = to_vectors(rows, "negatives")
    holders = np.searchsorted(starts, np.flatnonzero(duplicates(negatives, looks)), side="right")
    for object_id in {rows["object_id"][int(row) - 1].as_py() for row in holders} - set(but):
        record = find_record(table, object_id)
        new = dataclasses.replace(without_negatives_like(record, looks), rev=new_rev())
        if not replace_unchanged(table, to_rows([new], schema, based_on=record.rev)):
            raise CompareAndSetError(object_id)
