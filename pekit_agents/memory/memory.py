"""The memory of one user: remember, look up, change, forget (paper Eq. 3 and 3.5)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pekit_agents.errors import InvalidInput, ObjectExists, ObjectNotFound
from pekit_agents.memory.archive.moving import Moving
from pekit_agents.memory.editing import Editing
from pekit_agents.memory.limits import INDEX_ABOVE, limit
from pekit_agents.memory.names import require_free, resolve
from pekit_agents.memory.place.forgetting import forget_place
from pekit_agents.memory.place.place import user_place
from pekit_agents.memory.place.retry import with_retries
from pekit_agents.memory.records import MemoryRecord, new_rev, new_views, to_rows
from pekit_agents.memory.review_files import ReviewFiles
from pekit_agents.memory.schema import table_schema
from pekit_agents.memory.search.index_refresh import IndexRefresh
from pekit_agents.memory.search.reader import Reader
from pekit_agents.memory.search.stored_features import StoredFeatures, read_stored_features
from pekit_agents.memory.table.erasing import delete_object
from pekit_agents.memory.table.merging import Merging
from pekit_agents.memory.table.table import (
    find_record,
    read_ids,
    read_objects,
    read_view_ids,
    stored_encoder,
    upsert,
)
from pekit_agents.memory.table.transactions import Transactions
from pekit_agents.memory.validation import (
    checked_crops,
    checked_details,
    checked_encoder,
    checked_object,
    checked_object_id,
    checked_vectors,
    checked_view_ids,
)

if TYPE_CHECKING:
    from lancedb.table import Table
    from numpy.typing import ArrayLike

    from pekit_agents.memory.search.gallery import Gallery
    from pekit_agents.memory.search.snapshot import Snapshot
    from pekit_agents.types import Crop, Details, FloatArray, PersonalObject


class Memory(Editing, Moving):
    """What one user remembers, on disk.

    All methods may be called from several threads, and several processes may have the same
    memory open. In a process that was forked from one that had used a memory, whichever, they
    raise ``MemoryStoreError``: use ``spawn``, or fork before. Reading creates no files.

    Every method raises ``MemoryStoreError`` when the memory is damaged, and every one that
    writes also when the disk is full or read-only; ``WriteConflict`` when other writers won
    every time; ``InvalidInput`` for an argument that cannot be used; ``EncoderMismatch`` when
    somebody has embedded the memory anew. Nothing is written then.

    Attributes:
        encoder_id: Names the encoder that makes the vectors, with its version.
        dim: D, the width of the vectors.
        keep_crops: Whether what extracts views for it is to keep crops of the photos; said by
            the kit that uses it.
        review: Sightings that wait for the user's decision.
    """

    def __init__(
        self, transactions: Transactions, *, encoder_id: str, dim: int, index_above: int
    ) -> None:
        """Use ``Memory.open``."""
        self.encoder_id = encoder_id
        self.dim = dim
        self.keep_crops = False
        self._transactions = transactions
        self._reader = Reader(transactions, index_above=index_above)
        self.review = ReviewFiles(transactions.place)

    @classmethod
    def open(
        cls,
        root: str | Path,
        *,
        user_id: str,
        encoder_id: str,
        dim: int,
        index_above: int | None = None,
        storage_options: Mapping[str, str] | None = None,
    ) -> Memory:
        """Open the memory of one user; it is created on disk at the first write.

        Args:
            root: The folder of all users' memories, on a local disk or at an ``s3://`` URI, or
                the ``db://`` URI of a database of LanceDB Cloud.
            user_id: Any text of 1 to 1024 characters; only its hash reaches the disk.
            encoder_id: Names the encoder that makes the vectors, with its version.
            dim: D, the width of the vectors.
            index_above: From how many views on they are searched by an index and not in RAM;
                None for ``PEKIT_INDEX_ABOVE`` of the environment, else 100,000. All that open
                one memory should say the same.
            storage_options: Of an ``s3://`` URI, as LanceDB has them; of a ``db://`` URI
                ``api_key``, ``region`` and ``host_override``.

        Raises:
            EncoderMismatch: The memory was written with another encoder.
            SchemaMismatch: It was written by a later version of PeKit.
        """
        schema = table_schema(*checked_encoder(encoder_id, dim))
        place = user_place(root, user_id, storage_options)
        most = limit(INDEX_ABOVE) if index_above is None else index_above
        index = IndexRefresh.of(place, schema, index_above=most)
        sweep = ReviewFiles(place).remove_orphans
        transactions = Transactions(place, schema, index=index, sweep=sweep)
        transactions.read(lambda table: table)  # checks what is there
        return cls(transactions, encoder_id=encoder_id, dim=dim, index_above=most)

    @classmethod
    def open_as_written(
        cls,
        root: str | Path,
        *,
        user_id: str,
        storage_options: Mapping[str, str] | None = None,
    ) -> Memory | None:
        """Open the memory of one user with the encoder that wrote it; None if there is none.

        Raises:
            SchemaMismatch: It was written by a later version of PeKit.
        """
        place = user_place(root, user_id, storage_options)
        encoder = with_retries(
            lambda: stored_encoder(place), doing="read", place=place, reset=lambda: None
        )
        if encoder is None:
            return None
        return cls.open(
            root,
            user_id=user_id,
            encoder_id=encoder[0],
            dim=encoder[1],
            storage_options=storage_options,
        )

    def snapshot(self) -> Snapshot:
        """Return everything remembered, as it is now; kept in RAM until the table changes."""
        return self._reader.snapshot()

    def gallery(self) -> Gallery:
        """Return what to search in: the snapshot, or the index of a user with very many views."""
        return self._reader.gallery()

    def objects(self) -> tuple[PersonalObject, ...]:
        """Return all objects by ``created_at`` and then ``object_id``."""
        return self._reader.objects()

    def version(self) -> int:
        """Return a number that every change of the memory replaces, and maintenance as well."""
        return self._reader.version()

    def resolve(self, ref: str) -> PersonalObject:
        """Return the object whose id is ``ref``, else the one whose name is.

        A name as it is spelled goes before one that differs in case, accents, punctuation, emoji,
        width or blanks only.

        Raises:
            ObjectNotFound: Nothing is called that; the message lists the closest known names.
            AmbiguousName: Several objects are; the message lists their ids.
        """
        return resolve(ref, self.objects())

    def get(self, object_id: str) -> MemoryRecord:
        """Return one object with its vectors and views.

        Raises:
            ObjectNotFound: There is no such object.
        """
        checked_object_id(object_id)
        return self._transactions.read(lambda table: find_record(self._checked(table), object_id))

    def view_ids(self) -> dict[str, frozenset[str]]:
        """Return the ids of the views of each object, by the object's id."""
        return self._transactions.read(lambda table: read_view_ids(self._checked(table)))

    def vectors_of(self, object_ids: Sequence[str]) -> list[FloatArray]:
        """Return the views of each of some objects, (V, D) float32; from RAM if they are there.

        Raises:
            ObjectNotFound: One of them is not there.
        """
        return self._reader.vectors_of(object_ids)

    def stored_features(self, object_ids: Sequence[str]) -> dict[str, StoredFeatures]:
        """Return how some objects look, in detail, by their ids; read from the disk.

        Objects that are not there (any more) are left out.
        """
        wanted = [checked_object_id(each) for each in object_ids]
        return self._transactions.read(
            lambda table: read_stored_features(self._checked(table), wanted)
        )

    def insert(
        self,
        obj: PersonalObject,
        vectors: ArrayLike,
        *,
        crops: Sequence[Crop | None] | None = None,
        details: Sequence[Details | None] | None = None,
        view_ids: Sequence[str] | None = None,
        unique_name: bool = False,
        replace: bool = True,
    ) -> PersonalObject:
        """Store an object; one with the same id is replaced, so repeating a call is harmless.

        Args:
            obj: What to store; its ``n_views`` is not looked at but counted.
            vectors: (N >= 1, D) float32, finite and of unit length.
            crops: What is kept of the N photos.
            details: The object patch by patch in each of them.
            view_ids: Their ids, 12 hexadecimal digits each; None for fresh ones.
            unique_name: Refuse a name that another object has. Of writers that take one name at
                once a single one succeeds, wherever there are file locks.
            replace: Whether an object with the same id is replaced; otherwise it is refused, of
                two writers at once as well, wherever there are file locks.

        Returns:
            The object as stored.

        Raises:
            ObjectExists: The name is taken, or the id where nothing is to be replaced.
        """
        array = checked_vectors(vectors, self.dim)
        count = len(array)
        views = new_views(
            count,
            checked_crops(crops, count),
            checked_details(details, count),
            checked_view_ids(view_ids, count),
        )
        stored = dataclasses.replace(checked_object(obj), n_views=count, n_negatives=0)
        row = to_rows([MemoryRecord(stored, array, views, new_rev())], self._transactions.schema)

        def write(table: Table) -> PersonalObject:
            if not replace and stored.object_id in read_ids(table):
                raise ObjectExists(
                    f"expected an object that is new, but {stored.object_id} is there already"
                )
            if unique_name:
                require_free(stored.name, read_objects(table), unless=stored.object_id)
            upsert(table, row)
            return stored

        return self._transactions.commit(write)

    def merge(self, into_id: str, from_id: str, *, at_most: int | None = None) -> PersonalObject:
        """Move all views of the second object to the first and forget the second.

        A reader sees both or one, never half of it, wherever there are file locks; elsewhere it
        may see the views twice for a moment.

        Args:
            into_id: Which object stays, with its texts.
            from_id: Which one goes.
            at_most: How many views the first may hold afterwards.

        Returns:
            The first object as it is afterwards.

        Raises:
            ObjectNotFound: One of them is not there (any more).
        """
        self._require_table(into_id)
        if into_id == checked_object_id(from_id):
            raise InvalidInput(f'expected two objects to merge, found "{into_id}" twice')
        merging = Merging(into_id, from_id, self._transactions.schema, at_most=at_most)
        return self._transactions.erase(merging.commit, check=merging.check)

    def delete(self, object_id: str) -> None:
        """Forget an object: afterwards no file of this memory holds a byte of it.

        Looks at it that were noted as negatives of other objects go with it.

        If this is interrupted, the next write of anyone finishes it. At a ``db://`` URI the
        bytes stay for as long as the service keeps old versions.

        Raises:
            ObjectNotFound: There is no such object.
        """
        self._require_table(object_id)
        schema = self._transactions.schema
        try:
            forgotten = self.get(object_id).object
        except ObjectNotFound:
            self._transactions.finish()
            raise

        def change(table: Table, alone: bool) -> None:
            try:
                record = find_record(table, object_id)
            except ObjectNotFound:
                return  # the attempt before had landed
            self.review.remove_looks(record.vectors)
            delete_object(table, record, schema, alone=alone)

        try:
            self._transactions.erase(
                change,
                check=lambda table: find_record(table, object_id),
                forgotten=forgotten,
            )
        finally:
            self._reader.drop()

    def finish_forgetting(self, ref: str) -> PersonalObject:
        """Erase the bytes that an interrupted or failed call left on the disk.

        Args:
            ref: The id or name of an object that was forgotten by it.

        Returns:
            What was forgotten.

        Raises:
            ObjectNotFound: Nothing that was left is called that.
        """
        forgotten = self._transactions.forgotten()
        self._transactions.finish()
        try:
            return resolve(ref, forgotten)
        except ObjectNotFound:
            return self.resolve(ref)  # says what is known

    def keep_for_review(self, entry_id: str, entry: Mapping[str, Any]) -> None:
        """Write an entry of the review queue, unless an object that it names is gone.

        Args:
            entry_id: Letters and digits.
            entry: As for ``ReviewFiles.put``.
        """
        self.review.put(entry_id, entry)
        # Asked afterwards: who forgets an object looks for its entries when it is gone.
        if not set(entry["objects"]) <= self._transactions.read(_ids):
            self.review.remove(entry_id)

    def forget_everything(self) -> bool:
        """Forget all objects: nothing is left of the user's folder.

        Returns:
            Whether there was anything.
        """
        forgotten = forget_place(self._transactions.place)
        self._reader.drop()
        return forgotten

    def purge(self) -> None:
        """Remove from disk every byte that is in no object as it is now: replaced texts."""
        self._transactions.purge()

    def compact(self) -> None:
        """Merge small files and remove old versions; done by itself every 20 commits."""
        self._transactions.compact()


def _ids(table: Table | None) -> set[str]:
    return set() if table is None else read_ids(table)
