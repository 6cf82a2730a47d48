"""Taking a whole memory out of its place, or putting one into it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pekit_agents.memory.archive.file import read_archive, write_archive
from pekit_agents.memory.archive.importing import Importing
from pekit_agents.memory.place.place import require_files
from pekit_agents.memory.records import MemoryRecord, new_rev, to_records, to_rows
from pekit_agents.memory.schema import check_schema, table_schema
from pekit_agents.memory.table.table import current_batches, read_revs, rewrite
from pekit_agents.memory.table.transactions import Transactions
from pekit_agents.memory.validation import checked_encoder, checked_vectors

if TYPE_CHECKING:
    from lancedb.table import Table

    from pekit_agents.types import OnConflict, PersonalObject


class Moving:
    """The part of ``Memory`` that reads or replaces all of it at once.

    Attributes:
        encoder_id: Names the encoder that makes the vectors, with its version.
        dim: D, the width of the vectors.
    """

    encoder_id: str
    dim: int
    _transactions: Transactions

    def export(self, path: str | Path, *, overwrite: bool = False) -> dict[str, Any]:
        """Write the whole memory to one file, as it is at one moment.

        Returns:
            What the file says about itself: format, encoder and counts.

        Raises:
            InvalidInput: The file is there already, or its folder is not.
        """
        # A handle of its own: searches go on meanwhile.
        schema = self._transactions.schema
        reading = Transactions(self._transactions.place, schema)
        return write_archive(
            Path(path).expanduser(),
            lambda write: reading.read(
                lambda table: write(current_batches(self._checked(table), schema))
            ),
            schema,
            overwrite=overwrite,
        )

    def import_file(
        self, path: str | Path, *, on_conflict: OnConflict = "error"
    ) -> tuple[PersonalObject, ...]:
        """Take over the objects of an export: all that should come in, in one commit, or none.

        Args:
            path: What ``export`` wrote, here or elsewhere.
            on_conflict: What to do with an object whose id or name is taken: raise
                (``"error"``), leave it out (``"skip"``), put it in place of the one that is
                there (``"replace"``), or give it a free id and name (``"rename"``).

        Returns:
            The objects that came in, as stored.

        Raises:
            InvalidInput: The file is damaged, truncated, or none.
            EncoderMismatch: It was written with another encoder.
            ObjectExists: There is a conflict, and conflicts are errors.
        """
        records = read_archive(Path(path).expanduser(), encoder_id=self.encoder_id, dim=self.dim)
        importing = Importing(records, on_conflict, self._transactions.schema)
        if not records:
            return ()
        if on_conflict == "replace":
            return self._transactions.erase(lambda table, _: importing.commit(table))
        return self._transactions.commit(importing.commit)

    def records(self) -> list[MemoryRecord]:
        """Return all objects with their vectors, views and crops, in the order of ``objects``."""

        def read(table: Table | None) -> list[MemoryRecord]:
            batches = current_batches(self._checked(table), self._transactions.schema)
            records = [record for batch in batches for record in to_records(batch)]
            return sorted(records, key=lambda r: (r.object.created_at, r.object.object_id))

        return self._transactions.read(read)

    def replace_all(
        self,
        records: Sequence[MemoryRecord],
        *,
        encoder_id: str,
        dim: int,
        seen: Sequence[MemoryRecord],
    ) -> bool:
        """Put objects with the vectors of another encoder in place of all, in one commit.

        This handle cannot be used afterwards. The bytes of the old vectors leave the disk with
        the next write or ``purge``.

        Args:
            records: What to store, with (N, D) float32 unit vectors of the new encoder.
            encoder_id: The new encoder.
            dim: Its D.
            seen: All objects as they were read when ``records`` were made.

        Returns:
            False if the memory does not hold just ``seen`` any more; nothing was changed then.

        Raises:
            InvalidInput: The memory is at a ``db://`` URI.
        """
        require_files(self._transactions.place, "Embedding a memory anew")
        schema = table_schema(*checked_encoder(encoder_id, dim))
        new = [
            dataclasses.replace(record, vectors=checked_vectors(record.vectors, dim), rev=new_rev())
            for record in records
        ]
        rows, revs = to_rows(new, schema), {record.rev for record in seen}

        def write(table: Table) -> bool:
            if read_revs(table) != revs:
                return False
            rewrite(self._transactions.place, schema, rows.to_batches())
            return True

        return self._transactions.erase(lambda table, _: write(table), purge=False)

    def _checked(self, table: Table | None) -> Table | None:
        """Return ``table`` unless it was embedded anew since this handle opened it."""
        if table is not None:
            check_schema(table.schema, self._transactions.schema, self._transactions.place)
        return table
