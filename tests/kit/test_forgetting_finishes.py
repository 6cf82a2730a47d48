"""A forgetting that was interrupted or failed half-way is finished, and nothing slips past it."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta

import lancedb
import pytest

from pekit_agents import MemoryStoreError, ObjectNotFound, PeKit
from pekit_agents.kit.review import ReviewQueue
from pekit_agents.memory.table import maintenance
from pekit_agents.testing import SHADES, graded_profile
from tests.kit.drawing import photo

RED, BLUE, PINK = (255, 0, 0), (0, 0, 255), SHADES["pale red"]
NAME = "Rose-3f9a"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "memory"


@pytest.fixture
def open_kit(folder):
    return lambda: PeKit.open(folder, profile=graded_profile())


@pytest.fixture
def kit(open_kit):
    """Rose, another object, and a sighting that may be her."""
    kit = open_kit()
    kit.remember(NAME, photo(RED), category="cat")
    kit.remember("Bike", photo(BLUE), category="bike")
    kit.review.keep(kit.find(photo(PINK)))
    return kit


@pytest.fixture
def left(folder):
    """Say what is left of Rose on the disk: her name in any file, and entries of the queue."""

    def look():
        files = [path for path in folder.rglob("*") if path.is_file()]
        return [
            path.name
            for path in files
            if NAME.encode() in path.read_bytes() or path.parent.name == "review"
        ]

    return look


def killed(*_, **__):
    raise KeyboardInterrupt


def full(*_, **__):
    raise OSError(28, "No space left on device")


def write(kit):
    kit.update("Bike", context="x")


def repeat(kit):
    assert kit.forget(NAME).name == NAME


def forget_another(kit):
    with pytest.raises(ObjectNotFound):
        kit.forget("Nobody")


def purge(kit):
    kit.purge()


@pytest.mark.parametrize("what", [killed, full])
@pytest.mark.parametrize("finish", [write, repeat, forget_another, purge])
def test_a_half_done_forgetting_is_finished_by(kit, open_kit, left, monkeypatch, what, finish):
    assert len(left()) >= 2
    with monkeypatch.context() as patch:
        patch.setattr(maintenance, "purge", what)
        with pytest.raises((KeyboardInterrupt, MemoryStoreError)):
            kit.forget(NAME)
    assert [obj.name for obj in open_kit().objects()] == ["Bike"]
    assert left() != []
    finish(open_kit())
    assert left() == []
    with pytest.raises(ObjectNotFound):
        open_kit().forget(NAME)


def test_a_merge_that_was_killed_leaves_no_sighting_of_what_went(kit, open_kit, left, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(maintenance, "purge", killed)
        patch.setattr(type(kit._memory.review), "remove_orphans", killed)
        with pytest.raises(KeyboardInterrupt):
            kit.merge("Bike", NAME)
    assert left() != []
    write(open_kit())
    assert left() == []


def test_a_full_disk_says_that_the_object_is_gone_and_what_is_still_to_do(kit, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(maintenance, "purge", full)
        with pytest.raises(MemoryStoreError, match=r"(?s)is gone.*still to do.*No space left"):
            kit.forget(NAME)
        assert [obj.name for obj in kit.objects()] == ["Bike"]  # the same kit knows it
        assert kit.review.list() == []
        with pytest.raises(MemoryStoreError, match="still to do"):
            kit.forget(NAME)  # as long as it is full
    assert kit.forget(NAME).name == NAME
    with pytest.raises(ObjectNotFound):
        kit.forget(NAME)


def test_the_same_name_may_be_remembered_before_the_erasing_is_finished(kit, left, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(maintenance, "purge", full)
        with pytest.raises(MemoryStoreError):
            kit.forget(NAME)
    new = kit.remember(NAME, photo(RED), category="dog")
    assert kit.forget(NAME).object_id == new.object_id
    assert left() == []


def test_clocks_that_disagree_are_told_and_repeating_finishes_it(kit, left, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(maintenance, "_AT_ONCE", timedelta(hours=1))  # versions seem to be newer
        patch.setattr(maintenance.time, "sleep", lambda _: None)
        with pytest.raises(MemoryStoreError, match=r"(?s)is gone.*clock"):
            kit.forget(NAME)
    assert kit.forget(NAME).name == NAME
    assert left() == []


def test_a_tag_that_holds_an_old_version_is_named_and_forgetting_goes_on_without(kit, folder, left):
    (user,) = folder.iterdir()
    table = lancedb.connect(user).open_table("objects")
    table.tags.create("nightly", table.version)
    with pytest.raises(MemoryStoreError, match=r'is gone.*"nightly".*tags\.delete\("nightly"\)'):
        kit.forget(NAME)
    assert [obj.name for obj in kit.objects()] == ["Bike"]
    write(kit)  # other writes go on
    assert left() != []
    lancedb.connect(user).open_table("objects").tags.delete("nightly")
    assert kit.forget(NAME).name == NAME
    assert left() == []


@pytest.mark.parametrize("hours", [-100_000, 24])
def test_files_of_dead_writers_go_whatever_their_date(kit, folder, left, hours):
    data = next(folder.rglob("data"))
    strays = [data / ".tmpAbC", data / "0101deadbeef.lance", *folder.glob("*/review")]
    strays[2] = strays[2] / ".a1.json.x.part"
    then = time.time() + hours * 3600
    for stray in strays:
        stray.write_bytes(NAME.encode())
        os.utime(stray, (then, then))
    kit.forget(NAME)
    assert left() == []


def test_a_sighting_that_is_kept_while_its_object_is_forgotten_goes(kit, left, monkeypatch):
    finding = kit.find(photo(PINK))
    kit.review.clear()
    put = kit._memory.review.put

    def slow(*args):
        kit.forget(NAME)
        put(*args)

    monkeypatch.setattr(kit._memory.review, "put", slow)
    monkeypatch.setattr(ReviewQueue, "list", killed)  # nobody looks at the queue afterwards
    with pytest.raises(KeyboardInterrupt):
        kit.review.keep(finding, label="IMG_7.jpg")
    assert left() == []


def test_a_sighting_that_is_being_written_survives_that_another_object_is_forgotten(
    kit, monkeypatch
):
    """Forgetting takes half-written files along, since they may be a dead writer's."""
    finding = kit.find(photo(PINK))
    kit.review.clear()
    replace, calls = os.replace, []

    def slow(source, target):
        if not calls:
            calls.append(source)
            kit.forget("Bike")
        replace(source, target)

    monkeypatch.setattr("pathlib.os.replace", slow)
    (item,) = kit.review.keep(finding)
    assert calls
    assert kit.review.list() == [item]


def test_the_mark_of_earlier_versions_is_an_empty_file(kit, folder, left, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(maintenance, "purge", killed)
        with pytest.raises(KeyboardInterrupt):
            kit.forget(NAME)
    (mark,) = folder.glob("*/unpurged")
    assert [each["name"] for each in json.loads(mark.read_bytes())] == [NAME]
    mark.write_bytes(b"")
    with pytest.raises(ObjectNotFound):  # it does not say what was forgotten
        kit.forget(NAME)
    assert left() == []
