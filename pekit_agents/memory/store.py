"""The memory of one user: remember, look up, change, forget (paper Eq. 3 and 3.5)."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pekit_agents.memory.names import resolve
from pekit_agents.memory.retry import OutrunError
from pekit_agents.memory.schema import MemoryRecord, new_rev, table_schema, to_row
from pekit_agents.memory.snapshot import Snapshot, build_snapshot
from pekit_agents.memory.table import delete_row, find_record, not_found, replace_unchanged, upsert
from pekit_agents.memory.transactions import Transactions
from pekit_agents.memory.validation import (
    check_texts,
    checked_encoder,
    checked_object,
    checked_object_id,
    checked_user_id,
    checked_vectors,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lancedb.table import Table
    from numpy.typing import ArrayLike

    from pekit_agents.types import FloatArray, PersonalObject


class Memory:
    """What one user remembers, on disk.

    All methods may be called from several threads, and several processes may have the same
    memory open, provided that they were not forked after it was opened (use ``spawn``).
    Reading creates no files.

    Attributes:
        dim: D, the width of the vectors.
    """

    def __init__(self, transactions: Transactions, *, dim: int) -> None:
        """Use ``Memory.open``."""
        self.dim = dim
        self._transactions = transactions
        self._snapshot: Snapshot | None = None

    @classmethod
    def open(cls, root: str | Path, *, user_id: str, encoder_id: str, dim: int) -> Memory:
        """Open the memory of one user; it is created on disk at the first write.

        Args:
            root: The folder of all users' memories, on a local disk.
            user_id: Any text of 1 to 1024 characters; only its hash reaches the disk.
            encoder_id: Names the encoder that makes the vectors, with its version.
            dim: D, the width of the vectors.

        Raises:
            InvalidInput: An argument cannot be used.
            EncoderMismatch: The memory was written with another encoder.
            SchemaMismatch: It was written by another version of PeKit.
            MemoryStoreError: It is damaged or cannot be read.
        """
        user = hashlib.sha256(checked_user_id(user_id).encode("utf-8", "surrogatepass"))
        schema = table_schema(*checked_encoder(encoder_id, dim))
        folder = Path(root).expanduser().absolute() / user.hexdigest()
        transactions = Transactions(folder, schema)
        transactions.read(lambda table: table)  # checks what is there
        return cls(transactions, dim=dim)

    def snapshot(self) -> Snapshot:
        """Return everything remembered, as it is now; kept in RAM until the table changes.

        Raises:
            MemoryStoreError: The memory cannot be read.
        """
        return self._transactions.read(self._refreshed)

    def _refreshed(self, table: Table | None) -> Snapshot:
        version = 0 if table is None else int(table.version)
        if self._snapshot is None or self._snapshot.version != version:
            empty = self._transactions.schema.empty_table()
            self._snapshot = build_snapshot(empty if table is None else table.to_arrow(), version)
        return self._snapshot

    def objects(self) -> tuple[PersonalObject, ...]:
        """Return all objects by ``created_at`` and then ``object_id``.

        Raises:
            MemoryStoreError: The memory cannot be read.
        """
        return self.snapshot().objects

    def resolve(self, ref: str) -> PersonalObject:
        """Return the object whose id is ``ref``, else the one whose name is.

        Names are compared without regard to case, runs of blanks and the composition of accents.

        Raises:
            ObjectNotFound: Nothing is called that; the message lists the closest known names.
            AmbiguousName: Several objects are; the message lists their ids.
            MemoryStoreError: The memory cannot be read.
        """
        return resolve(ref, self.objects())

    def get(self, object_id: str) -> MemoryRecord:
        """Return one object with its vectors.

        Raises:
            InvalidInput: ``object_id`` cannot be an id.
            ObjectNotFound: There is no such object.
            MemoryStoreError: The memory cannot be read.
        """
        checked_object_id(object_id)
        return self._transactions.read(lambda table: find_record(table, object_id))

    def insert(self, obj: PersonalObject, vectors: ArrayLike) -> PersonalObject:
        """Store an object; one with the same id is replaced, so repeating a call is harmless.

        Args:
            obj: What to store; its ``n_views`` is not looked at but counted.
            vectors: (N >= 1, D) float32, finite and of unit length.

        Returns:
            The object as stored.

        Raises:
            InvalidInput: The id, the texts, the time or the vectors cannot be stored.
            WriteConflict: Other writers won every time.
            MemoryStoreError: The disk is full or read-only, or the memory is damaged.
        """
        views = checked_vectors(vectors, self.dim)
        stored = dataclasses.replace(checked_object(obj), n_views=len(views))
        row = to_row(stored, views, rev=new_rev(), prev=0, schema=self._transactions.schema)
        self._transactions.commit(lambda table: upsert(table, row))
        return stored

    def append_views(self, object_id: str, vectors: ArrayLike) -> PersonalObject:
        """Add views to an object; none is lost when several writers do so at once.

        Args:
            object_id: Which object.
            vectors: (N >= 1, D) float32, finite and of unit length.

        Returns:
            The object as it is afterwards.

        Raises:
            InvalidInput: The id or the vectors cannot be used.
            ObjectNotFound: There is no such object (any more).
            WriteConflict: Other writers won every time.
            MemoryStoreError: The disk is full or read-only, or the memory is damaged.
        """
        views = checked_vectors(vectors, self.dim)
        return self._change(
            object_id,
            lambda record: (record.object, np.concatenate([record.vectors, views])),
        )

    def update(
        self,
        object_id: str,
        *,
        name: str | None = None,
        category: str | None = None,
        context: str | None = None,
    ) -> PersonalObject:
        """Change the texts of an object; None leaves one as it is.

        Returns:
            The object as it is afterwards.

        Raises:
            InvalidInput: The id or a text cannot be used.
            ObjectNotFound: There is no such object (any more).
            WriteConflict: Other writers won every time.
            MemoryStoreError: The disk is full or read-only, or the memory is damaged.
        """
        given = {"name": name, "category": category, "context": context}
        texts: dict[str, Any] = {key: text for key, text in given.items() if text is not None}
        check_texts(texts)
        return self._change(
            object_id,
            lambda record: (dataclasses.replace(record.object, **texts), record.vectors),
        )

    def _change(
        self,
        object_id: str,
        edit: Callable[[MemoryRecord], tuple[PersonalObject, FloatArray]],
    ) -> PersonalObject:
        self._require_table(object_id)
        rev = new_rev()

        def compare_and_set(table: Table) -> PersonalObject:
            record = find_record(table, object_id)
            if record.rev == rev:  # the attempt before had landed, although it reported an error
                return record.object
            obj, vectors = edit(record)
            obj = dataclasses.replace(obj, n_views=len(vectors))
            row = to_row(obj, vectors, rev=rev, prev=record.rev, schema=self._transactions.schema)
            if not replace_unchanged(table, row):
                raise OutrunError(object_id)
            return obj

        return self._transactions.commit(compare_and_set)

    def delete(self, object_id: str) -> None:
        """Forget an object: afterwards no file of this memory holds a byte of it.

        If this is interrupted, the next write of anyone finishes it.

        Raises:
            InvalidInput: ``object_id`` cannot be an id.
            ObjectNotFound: There is no such object.
            WriteConflict: Other writers won every time.
            MemoryStoreError: The disk is read-only, or the memory is damaged.
        """
        self._require_table(object_id)
        self._transactions.erase(
            check=lambda table: find_record(table, object_id),
            delete=lambda table: delete_row(table, object_id),
        )
        self._snapshot = None

    def _require_table(self, object_id: str) -> None:
        checked_object_id(object_id)
        # Asking for an object of a user who has none must leave no trace on disk.
        if not self._transactions.read(lambda table: table is not None):
            raise not_found(object_id)

    def compact(self) -> None:
        """Merge small files and remove old versions; done by itself every 20 commits.

        Raises:
            WriteConflict: Other writers won every time.
            MemoryStoreError: The disk is read-only, or the memory is damaged.
        """
        self._transactions.compact()
