"""The suite of places finds each broken promise, and says what was expected."""

from __future__ import annotations

import itertools
import shutil
import threading
from contextlib import contextmanager

import lancedb
import pyarrow as pa
import pytest

from pekit_agents.memory.place.local import LocalPlace
from pekit_agents.testing import PlaceTests
from tests.testing.broken import broken, promises


class InRam:
    """A place whose tables are in the RAM of this process."""

    files = None

    def __init__(self, name="ram", shared=None):
        self.name = name
        self.shared = self.tables, self.lock, self.births = shared or (
            {}, threading.RLock(), itertools.count(),
        )  # fmt: skip

    def __str__(self):
        return self.name

    def child(self, name):
        return type(self)(f"{self.name}/{name}", self.shared)

    def open_table(self):
        with self.lock:
            kept = self.tables.get(self.name)
        return kept and (kept[0].open_table("table"), kept[1])

    def refresh(self, table, incarnation):
        kept = self.tables.get(self.name)
        table.checkout_latest()
        return kept is not None and kept[1] == incarnation

    def create_table(self, schema):
        with self.lock:
            if self.name not in self.tables:
                self.begin(schema)

    def begin(self, schema):
        database = lancedb.connect("memory://")
        database.create_table("table", schema=schema)
        self.tables[self.name] = database, next(self.births)

    def overwrite_table(self, rows):
        self.tables[self.name][0].create_table("table", rows, mode="overwrite")

    def forget(self):
        return self.tables.pop(self.name, None) is not None

    def remedy(self, doing):
        return f"It cannot be {doing} again."


class TestInRam(PlaceTests):
    @pytest.fixture
    def place(self):
        return InRam()


def ram(**methods):
    return type("Broken", (InRam,), methods)()


def overwriting(change):
    """Return a place that changes what it is given before it overwrites with it."""
    return ram(
        overwrite_table=lambda self, rows: InRam.overwrite_table(self, change(rows.read_all()))
    )


def slow_to_begin():
    """Return a place whose writers all look before any of them creates the table."""
    looked = threading.Barrier(4)

    def create_table(self, schema):
        there = self.name in self.tables
        looked.wait(20)
        if not there:
            self.begin(schema)

    return ram(create_table=create_table)


def emptied(self):
    opened = self.open_table()
    return bool(opened and opened[0].count_rows() and opened[0].delete("true"))


def all_forgotten(self):
    there = self.name in self.tables
    self.tables.clear()
    return there


def one_for_all(self, name):
    return self


def cut(self, name):
    return InRam.child(self, name[:8])


def loose(schema):
    fields = [pa.field(field.name, field.type) for field in schema]
    return pa.schema(fields, metadata=schema.metadata)


OVERWRITTEN = "test_overwriting_replaces_rows_and_columns"
NEW = "test_a_new_table_is_empty_and_has_its_columns"
BROKEN = {
    "made by a look": (
        ram(open_table=lambda self: (self.create_table(pa.schema([])), 0)),
        "test_a_place_without_a_table_says_so",
    ),
    "names are cut": (ram(child=cut), "test_users_are_told_apart"),
    "one for all": (ram(child=one_for_all), "test_users_are_told_apart"),
    "no remedy": (
        ram(remedy=lambda self, doing: ""), "test_there_is_something_to_do_about_an_error",
    ),
    "columns may be null": (
        ram(create_table=lambda self, schema: InRam.create_table(self, loose(schema))), NEW,
    ),
    "metadata lost": (
        ram(create_table=lambda self, schema: InRam.create_table(self, schema.remove_metadata())),
        NEW,
    ),
    "begun over": (
        ram(create_table=InRam.begin), "test_a_table_that_is_there_is_not_created_again",
    ),
    "looks, then begins": (
        slow_to_begin(), "test_of_writers_that_begin_at_once_none_loses_a_row",
    ),
    "stale": (
        ram(refresh=lambda self, table, incarnation: True),
        "test_an_open_table_is_brought_to_its_newest_version",
    ),
    "always the same table": (
        ram(refresh=lambda self, table, incarnation: not table.checkout_latest()),
        "test_a_table_begun_anew_is_another_one",
    ),
    "first batch": (overwriting(lambda rows: rows.slice(0, 1)), OVERWRITTEN),
    "metadata of new rows lost": (
        overwriting(lambda rows: rows.replace_schema_metadata(None)), OVERWRITTEN,
    ),
    "added": (
        ram(overwrite_table=lambda self, rows: self.open_table()[0].add(rows)),
        "test_overwriting_keeps_none_of_the_rows",
    ),
    "emptied": (ram(forget=emptied), "test_a_forgotten_user_is_gone_and_the_others_are_not"),
    "all forgotten": (
        ram(forget=all_forgotten), "test_a_forgotten_user_is_gone_and_the_others_are_not",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("place", "test"), BROKEN.values(), ids=BROKEN)
def test_a_place_that_breaks_a_promise_fails(place, test):
    broken(PlaceTests, test, place)


class Folder(LocalPlace):
    def child(self, name):
        return type(self)(self.path / name)


class OneLibrary(Folder):
    """Folders of users in which ``photos`` of all are one."""

    def child(self, name):
        return type(self)((self.path if len(name) == 64 else self.path.parent) / name)


class Appending(Folder):
    def write(self, name, content):
        with (self.path / name).open("ab") as file:
            file.write(content)


class Open(Folder):
    @contextmanager
    def writing_lock(self, **more):
        yield True


class Hasty(Folder):
    def forget(self):
        shutil.rmtree(self.path)
        return True


class OneLock(Folder):
    @contextmanager
    def index_lock(self, **more):
        yield False


ON_DISK = {
    "one library": (OneLibrary, "test_places_within_those_of_users_are_told_apart"),
    "added to a file": (Appending, "test_a_file_is_written_whole_in_place_of_another"),
    "no lock": (Open, "test_one_holds_a_lock_and_the_next_waits"),
    "one lock": (OneLock, "test_the_index_is_built_while_others_write"),
    "lock that stays": (OneLock, "test_a_lock_ends_with_an_error_inside"),
    "not waited for": (Hasty, "test_places_within_a_users_go_along_when_nobody_writes_there"),
}


@pytest.mark.parametrize(("kind", "test"), ON_DISK.values(), ids=ON_DISK)
def test_a_folder_that_breaks_a_promise_fails(kind, test, tmp_path):
    broken(PlaceTests, test, kind(tmp_path / "users"))


def test_every_test_of_places_has_been_seen_to_fail():
    seen = {test for _, test in (*BROKEN.values(), *ON_DISK.values())}
    assert promises(PlaceTests) - seen == {
        "test_transactions_write_read_and_erase",  # what fails it fails one of the others
        "test_staging_that_is_young_may_be_in_use",
    }
