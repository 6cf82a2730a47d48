"""Tests that every place of a memory must pass: ``PlaceTests``, to be inherited.

A place is where a user's data lie: a folder, a bucket, a database. Whoever writes another one
inherits the tests and says what to run them on::

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

if TYPE_CHECKING:
    from collections.abc import Callable

    from lancedb.table import Table

    from pekit_agents.memory.place.place import Place

__all__ = ["PlaceTests"]

_ANN, _BOB = "a" * 64, "b" * 64
_SCHEMA = pa.schema(
    [pa.field(name, pa.int64(), nullable=False) for name in ("number", "rev")],
    metadata={"pekit.schema": "1", "pekit.encoder": "none", "pekit.dim": "1"},
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
        assert place.child(_ANN).open_table() is None
        assert not place.child(_ANN).forget()

    def test_users_are_told_apart(self, place: Place) -> None:
        """Messages name the place, and a user's lies within that of all."""
        ann, bob = str(place.child(_ANN)), str(place.child(_BOB))
        assert ann.startswith(str(place))
        assert ann.endswith(_ANN)
        assert bob.endswith(_BOB)

    def test_there_is_something_to_do_about_an_error(self, place: Place) -> None:
        """Messages end with a remedy."""
        assert all(place.remedy(doing).endswith(".") for doing in ("read", "written"))

    def test_a_new_table_is_empty_and_has_its_columns(self, place: Place) -> None:
        """A table is made as it was asked for."""
        table = _begun(place.child(_ANN))
        assert table.schema.names == _SCHEMA.names
        assert table.count_rows() == 0

    def test_a_table_that_is_there_is_not_created_again(self, place: Place) -> None:
        """Its rows stay."""
        ann = place.child(_ANN)
        _put(ann, 1, 2)
        assert _begun(ann).count_rows() == 2

    def test_of_writers_that_begin_at_once_none_loses_a_row(self, place: Place) -> None:
        """Each creates the table, and what any of them writes is there afterwards."""
        ann, barrier = place.child(_ANN), threading.Barrier(_WRITERS)

        def write(first: int) -> None:
            barrier.wait()
            for number in range(_ROWS_EACH):
                _put(ann, first + number)

        _at_once([partial(write, n * _ROWS_EACH) for n in range(_WRITERS)])
        assert _numbers(_opened(ann)) == list(range(_WRITERS * _ROWS_EACH))

    def test_an_open_table_is_brought_to_its_newest_version(self, place: Place) -> None:
        """Who has it open sees what others have written."""
        ann = place.child(_ANN)
        _begun(ann)
        opened = ann.open_table()
        assert opened is not None
        _put(ann, 7)
        assert ann.refresh(*opened)
        assert _numbers(opened[0]) == [7]

    def test_a_table_begun_anew_is_another_one(self, place: Place) -> None:
        """Both count their versions from one; the incarnation tells them apart."""
        ann = place.child(_ANN)
        _begun(ann)
        old = ann.open_table()
        assert old is not None
        assert ann.forget()
        time.sleep(self.clock_s)
        _begun(ann)
        assert not ann.refresh(*old)
        new = ann.open_table()
        assert new is not None
        assert new[1] != old[1]

    def test_overwriting_replaces_rows_and_columns(self, place: Place) -> None:
        """It is one commit of the same table."""
        ann = place.child(_ANN)
        _put(ann, 1, 2)
        other = pa.table({"word": ["three"]})
        ann.overwrite_table(pa.RecordBatchReader.from_batches(other.schema, other.to_batches()))
        assert _opened(ann).schema.names == ["word"]
        assert _opened(ann).search().to_arrow().to_pylist() == [{"word": "three"}]

    def test_a_forgotten_user_is_gone_and_the_others_are_not(self, place: Place) -> None:
        """It says whether there was anything."""
        ann, bob = place.child(_ANN), place.child(_BOB)
        for each in (ann, bob):
            _put(each, 1)
        assert ann.forget()
        assert ann.open_table() is None
        assert not ann.forget()
        assert _opened(bob).count_rows() == 1
        assert _begun(ann).count_rows() == 0

    def test_transactions_write_read_and_erase(self, place: Place) -> None:
        """What a memory and a photo library do with their tables goes well here."""
        ann = place.child(_ANN)
        mine, other = (Transactions(ann, _SCHEMA) for _ in range(2))
        assert mine.read(lambda table: table) is None
        _put(ann, 1, 2)
        assert other.read(_numbers) == [1, 2]
        other.erase(lambda table, _: table.delete("number = 1"))
        assert mine.read(_numbers) == [2]

    def test_a_file_is_written_whole_in_place_of_another(self, place: Place) -> None:
        """Nothing is left beside it."""
        files = place.child(_ANN).files
        if files is None:
            return
        folder = files.path / "some"
        folder.mkdir(parents=True, exist_ok=True)
        for content in (b"first", b"second", b""):
            files.write("some/file", content)
            assert (folder / "file").read_bytes() == content
        assert [path.name for path in folder.iterdir()] == ["file"]

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
        assert order == (
            expected if self.locks else ["second, alone: False", "first, alone: False"]
        )

    def test_a_lock_ends_with_an_error_inside(self, place: Place) -> None:
        """The next one gets it."""
        files = place.child(_ANN).files
        if files is None:
            return
        for lock in (files.writing_lock, files.index_lock):
            with suppress(KeyError), lock():
                raise KeyError
            with lock() as alone:
                assert alone is self.locks

    def test_the_index_is_built_while_others_write(self, place: Place) -> None:
        """The two locks have nothing to do with each other."""
        files = place.child(_ANN).files
        if files is None:
            return
        with files.writing_lock() as writing, files.index_lock(patience_s=0.0) as building:
            assert writing is building is self.locks

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
            assert thread.is_alive() or not self.locks
        thread.join(_LATE_S)
        assert files.open_table() is None
        assert photos.open_table() is None
        assert not files.path.exists()

    def test_staging_that_is_young_may_be_in_use(self, place: Place) -> None:
        """Sweeping up never takes the table."""
        files = place.child(_ANN).files
        if files is None:
            return
        _put(files, 1)
        files.remove_staging(older_than_s=0.0)
        assert _opened(files).count_rows() == 1


def _begun(place: Place) -> Table:
    """Return the table of a place, made if there is none."""
    with nullcontext() if place.files is None else place.files.writing_lock():
        place.create_table(_SCHEMA)
    return _opened(place)


def _put(place: Place, *numbers: int) -> None:
    """Write rows as a memory does."""
    rows = pa.table([list(numbers)] * len(_SCHEMA), schema=_SCHEMA)

    def upsert(table: Table) -> None:
        merge = table.merge_insert("number")
        merge.when_matched_update_all().when_not_matched_insert_all().execute(rows)

    Transactions(place, _SCHEMA).commit(upsert)


def _opened(place: Place) -> Table:
    opened = place.open_table()
    assert opened is not None
    return opened[0]


def _numbers(table: Table | None) -> list[int]:
    return [] if table is None else sorted(table.search().to_arrow()["number"].to_pylist())


def _at_once(tasks: list[Callable[[], None]]) -> None:
    """Run each task in a thread of its own; raise the first error of any."""
    errors: list[Exception] = []

    def run(task: Callable[[], None]) -> None:
        try:
            task()
        except Exception as exc:  # noqa: BLE001 - raised below
            errors.append(exc)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
