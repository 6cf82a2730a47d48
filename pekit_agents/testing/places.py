"""Tests that every place of a memory must pass: ``PlaceTests``, to be inherited.

A place is where a user's data lie: a folder, a bucket, a database of LanceDB. ``PeKit.open``
knows these three by their paths and URIs and takes no other; whoever adds a kind of place to the
project inherits the tests and says what to run them on::

    class TestMyPlace(PlaceTests):
        @pytest.fixture
        def place(self, tmp_path):
            return LocalPlace(tmp_path / "users")
"""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa

from pekit_agents.memory.table.transactions import Transactions
from pekit_agents.testing.threads import at_once

if TYPE_CHECKING:
    from lancedb.table import Table

    from pekit_agents.memory.place.place import Place

__all__ = ["PlaceTests"]

_ANN, _BOB = "a" * 64, "b" * 64
_METADATA = {b"pekit.schema": b"1", b"pekit.encoder": b"none", b"pekit.dim": b"1"}
_SCHEMA = pa.schema(
    [pa.field(name, pa.int64(), nullable=False) for name in ("number", "rev")], metadata=_METADATA
)
_WRITERS, _ROWS_EACH = 4, 3
_SOON_S, _LATE_S = 0.2, 30.0


class PlaceTests:
    """What every place does, whoever keeps the data.

    A subclass has the fixture ``place``: an empty place for all users, in which a user's is
    ``place.child`` of 64 hexadecimal digits. Where ``place.files`` is None, the tests of files
    pass without a look.

    Attributes:
        locks: Whether a lock keeps others out there.
        clock_s: How long to wait until the place tells a new file from an older one, in seconds.
    """

    locks: ClassVar[bool] = True
    clock_s: ClassVar[float] = 0.0

    def test_a_place_without_a_table_says_so(self, place: Place) -> None:
        """Reading creates nothing."""
        assert place.child(_ANN).open_table() is None, "expected no table where none was made"
        assert not place.child(_ANN).forget(), "expected False where there is nothing to forget"

    def test_users_are_told_apart(self, place: Place) -> None:
        """Messages name the place, and a user's lies within that of all."""
        ann, bob = str(place.child(_ANN)), str(place.child(_BOB))
        for name, user in ((ann, _ANN), (bob, _BOB)):
            assert name.startswith(str(place)), f"expected a place in {place}, found {name}"
            assert name.endswith(user), f"expected a place that ends with {user}, found {name}"

    def test_places_within_those_of_users_are_told_apart(self, place: Place) -> None:
        """Each user has a photo library of their own, beside their memory."""
        ann, bob = place.child(_ANN), place.child(_BOB)
        if ann.files is None:
            return
        for number, each in enumerate((ann, ann.child("photos"), bob.child("photos"))):
            _put(each, number)
        _check_numbers(ann, [0])
        _check_numbers(ann.child("photos"), [1])
        _check_numbers(bob.child("photos"), [2])
        assert ann.child("photos").forget(), "expected True where something is forgotten"
        _check_numbers(ann, [0])
        _check_numbers(bob.child("photos"), [2])

    def test_there_is_something_to_do_about_an_error(self, place: Place) -> None:
        """Messages end with a remedy."""
        for doing in ("read", "written"):
            said = place.remedy(doing)
            assert said.endswith("."), f"expected a sentence with its full stop, found {said!r}"

    def test_a_new_table_is_empty_and_has_its_columns(self, place: Place) -> None:
        """A table is made as it was asked for."""
        table = _begun(place.child(_ANN))
        assert list(table.schema) == list(_SCHEMA), (
            f"expected the columns {list(_SCHEMA)}, found {list(table.schema)}"
        )
        kept = {name: (table.schema.metadata or {}).get(name) for name in _METADATA}
        assert kept == _METADATA, f"expected what is said of the table, found {kept}"
        assert table.count_rows() == 0, f"expected no rows, found {table.count_rows()}"

    def test_a_table_that_is_there_is_not_created_again(self, place: Place) -> None:
        """Its rows stay."""
        ann = place.child(_ANN)
        _put(ann, 1, 2)
        _begun(ann)
        _check_numbers(ann, [1, 2])

    def test_of_writers_that_begin_at_once_none_loses_a_row(self, place: Place) -> None:
        """Each creates the table, and what any of them writes is there afterwards."""
        ann = place.child(_ANN)

        def write(first: int) -> None:
            for number in range(_ROWS_EACH):
                _put(ann, first + number)

        at_once([partial(write, n * _ROWS_EACH) for n in range(_WRITERS)])
        _check_numbers(ann, list(range(_WRITERS * _ROWS_EACH)))

    def test_an_open_table_is_brought_to_its_newest_version(self, place: Place) -> None:
        """Who has it open sees what others have written."""
        ann = place.child(_ANN)
        _begun(ann)
        table, incarnation = _found(ann)
        _put(ann, 7)
        assert ann.refresh(table, incarnation), "expected True: it is the same table"
        assert _numbers(table) == [7], f"expected the newest rows, [7], found {_numbers(table)}"

    def test_a_table_begun_anew_is_another_one(self, place: Place) -> None:
        """Both count their versions from one; the incarnation tells them apart."""
        ann = place.child(_ANN)
        _begun(ann)
        old = _found(ann)
        assert ann.forget(), "expected True where something is forgotten"
        time.sleep(self.clock_s)
        _begun(ann)
        assert not ann.refresh(*old), "expected False: it is another table by now"
        assert _found(ann)[1] != old[1], f"expected another incarnation, found {old[1]!r} again"

    def test_overwriting_replaces_rows_and_columns(self, place: Place) -> None:
        """All batches are there, and nothing of the old layout."""
        ann = place.child(_ANN)
        _put(ann, 1, 2)
        schema = pa.schema([pa.field("word", pa.string())], metadata={"pekit.schema": "2"})
        batches = [pa.record_batch([[word]], schema=schema) for word in ("three", "four")]
        ann.overwrite_table(pa.RecordBatchReader.from_batches(schema, batches))
        table = _found(ann)[0]
        assert table.schema.names == ["word"], f"expected one column, found {table.schema.names}"
        said = (table.schema.metadata or {}).get(b"pekit.schema")
        assert said == b"2", f"expected what is said of the new table, found {said!r}"
        words = sorted(table.search().to_arrow()["word"].to_pylist())
        assert words == ["four", "three"], f"expected the rows of all batches, found {words}"

    def test_overwriting_keeps_none_of_the_rows(self, place: Place) -> None:
        """Not those of equal columns either, nor for who has the table open."""
        ann = place.child(_ANN)
        _put(ann, 1, 2)
        table, incarnation = _found(ann)
        ann.overwrite_table(_rows(3).to_reader())
        if ann.refresh(table, incarnation):
            assert _numbers(table) == [3], f"expected [3] alone, found {_numbers(table)}"
        _check_numbers(ann, [3])

    def test_a_forgotten_user_is_gone_and_the_others_are_not(self, place: Place) -> None:
        """It says whether there was anything."""
        ann, bob = place.child(_ANN), place.child(_BOB)
        for each in (ann, bob):
            _put(each, 1)
        assert ann.forget(), "expected True where something is forgotten"
        assert ann.open_table() is None, "expected no table of who was forgotten"
        assert not ann.forget(), "expected False where there is nothing left to forget"
        _check_numbers(bob, [1])
        _begun(ann)
        _check_numbers(ann, [])

    def test_transactions_write_read_and_erase(self, place: Place) -> None:
        """What a memory and a photo library do with their tables goes well here."""
        ann = place.child(_ANN)
        mine, other = (Transactions(ann, _SCHEMA) for _ in range(2))
        assert mine.read(lambda table: table) is None, "expected nothing to read"
        _put(ann, 1, 2)
        found = other.read(_numbers)
        assert found == [1, 2], f"expected what was written, [1, 2], found {found}"
        other.erase(lambda table, _: table.delete("number = 1"))
        found = mine.read(_numbers)
        assert found == [2], f"expected what was not erased, [2], found {found}"

    def test_a_file_is_written_whole_in_place_of_another(self, place: Place) -> None:
        """Nothing is left beside it."""
        files = place.child(_ANN).files
        if files is None:
            return
        folder = files.path / "some"
        folder.mkdir(parents=True, exist_ok=True)
        for content in (b"first", b"second", b""):
            files.write("some/file", content)
            found = (folder / "file").read_bytes()
            assert found == content, f"expected {content!r}, found {found!r}"
        names = [path.name for path in folder.iterdir()]
        assert names == ["file"], f"expected the file alone, found {names}"

    def test_one_holds_a_lock_and_the_next_waits(self, place: Place) -> None:
        """Where there are no locks, whoever asks for one is told that others may be there."""
        files, order = place.child(_ANN).files, list[str]()
        if files is None:
            return

        def second() -> None:
            with files.writing_lock() as alone:
                order.append(f"second, alone: {alone}")

        with files.writing_lock() as alone:
            thread = threading.Thread(target=second)
            thread.start()
            thread.join(_SOON_S if self.locks else _LATE_S)
            order.append(f"first, alone: {alone}")
        thread.join(_LATE_S)
        expected = ["first, alone: True", "second, alone: True"]
        if not self.locks:
            expected = ["second, alone: False", "first, alone: False"]
        assert order == expected, f"expected {expected}, found {order}"

    def test_a_lock_ends_with_an_error_inside(self, place: Place) -> None:
        """The next one gets it."""
        files = place.child(_ANN).files
        if files is None:
            return
        for lock in (files.writing_lock, files.index_lock):
            with suppress(KeyError), lock():
                raise KeyError
            with lock() as alone:
                assert alone is self.locks, f"expected {self.locks}, found {alone}"

    def test_the_index_is_built_while_others_write(self, place: Place) -> None:
        """The two locks have nothing to do with each other."""
        files = place.child(_ANN).files
        if files is None:
            return
        with files.writing_lock() as writing, files.index_lock(patience_s=0.0) as building:
            found = writing, building
        assert found == (self.locks, self.locks), f"expected {self.locks} of both, found {found}"

    def test_places_within_a_users_go_along_when_nobody_writes_there(self, place: Place) -> None:
        """Forgetting a user takes their photo library along, and waits for its lock."""
        files = place.child(_ANN).files
        if files is None:
            return
        photos = files.child("photos")
        for each in (files, photos):
            _put(each, 1)
        with photos.writing_lock():
            thread = threading.Thread(target=files.forget)
            thread.start()
            thread.join(_SOON_S)
            waits = thread.is_alive()
        thread.join(_LATE_S)
        assert waits or not self.locks, "expected forgetting to wait for who writes there"
        for each in (files, photos):
            assert each.open_table() is None, f"expected nothing left, found a table in {each}"
        assert not files.path.exists(), f"expected nothing left, found {files.path}"

    def test_staging_that_is_young_may_be_in_use(self, place: Place) -> None:
        """Sweeping up never takes the table."""
        files = place.child(_ANN).files
        if files is None:
            return
        _put(files, 1)
        files.remove_staging(older_than_s=0.0)
        _check_numbers(files, [1])


def _begun(place: Place) -> Table:
    """Return the table of a place, made if there is none."""
    with nullcontext() if place.files is None else place.files.writing_lock():
        place.create_table(_SCHEMA)
    return _found(place)[0]


def _put(place: Place, *numbers: int) -> None:
    """Write rows as a memory does."""

    def upsert(table: Table) -> None:
        merge = table.merge_insert("number")
        merge.when_matched_update_all().when_not_matched_insert_all().execute(_rows(*numbers))

    Transactions(place, _SCHEMA).commit(upsert)


def _rows(*numbers: int) -> pa.Table:
    return pa.table([list(numbers)] * len(_SCHEMA), schema=_SCHEMA)


def _found(place: Place) -> tuple[Table, object]:
    opened = place.open_table()
    assert opened is not None, f"expected a table in {place}, found none"
    return opened


def _numbers(table: Table | None) -> list[int]:
    return [] if table is None else sorted(table.search().to_arrow()["number"].to_pylist())


def _check_numbers(place: Place, expected: list[int]) -> None:
    found = _numbers(_found(place)[0])
    assert found == expected, f"expected the rows {expected} in {place}, found {found}"
