"""What is forgotten stays nowhere: not as what others are not, and in no queue."""

from __future__ import annotations

import base64

import pytest

from pekit_agents import ObjectNotFound, PeKit
from pekit_agents.testing import SHADES, fake_profile, graded_profile
from tests.kit.drawing import photo

RED, PINK, BLUE = (255, 0, 0), (255, 68, 68), (0, 0, 255)
PALE_RED = SHADES["pale red"]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "memory"


@pytest.fixture
def kit(folder):
    """Ruby is red. Rose is blue, and by and by it is said that she is pink as well."""
    kit = PeKit.open(folder, profile=fake_profile(), keep_crops=True)
    kit.remember("Ruby", photo(RED), category="cat")
    kit.remember("Rose", photo(BLUE), category="cat")
    return kit


@pytest.fixture
def on_disk(folder):
    """Say how often a vector is in any file, as it is or written out in a queue's entry."""

    def count(vector):
        looked_for = (vector.tobytes(), base64.b64encode(vector.tobytes()))
        contents = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
        return sum(content.count(each) for content in contents for each in looked_for)

    return count


def pink(kit):
    (match,) = kit.find(photo(PINK)).matches
    assert match.object.name == "Ruby"
    return match


def confirm_another(kit):
    kit.confirm(pink(kit), "Rose")


def confirm_in(kit):
    kit.confirm_in(kit.find(photo(PINK)), "Rose")


def reject_and_add(kit):
    kit.reject(pink(kit))
    kit.add_views("Rose", photo(PINK))


def not_mine(kit):
    kit.add_views("Rose", photo(PINK))
    kit.not_mine("Ruby", photo(PINK))


def merge(kit):
    kit.remember("Lily", photo(PINK), category="cat")
    kit.not_mine("Ruby", photo(PINK))
    kit.merge("Rose", "Lily")


WAYS = (confirm_another, confirm_in, reject_and_add, not_mine, merge)


@pytest.mark.parametrize("way", WAYS)
def test_a_forgotten_look_is_no_negative_of_another_any_more(kit, on_disk, way):
    kit.not_mine("Ruby", photo((190, 0, 50)))
    way(kit)
    assert kit.get("Ruby").n_negatives == 2
    look = kit.negatives("Ruby")[1]
    assert on_disk(look) >= 1
    kit.forget("Rose")
    assert on_disk(look) == 0
    assert kit.get("Ruby").n_negatives == 1  # what is of something else stays


@pytest.mark.parametrize("way", WAYS)
def test_a_removed_look_is_no_negative_of_another_any_more(kit, on_disk, way):
    way(kit)
    (look,) = kit.negatives("Ruby")
    (_, view) = kit.views("Rose")
    kit.remove_view("Rose", view.view_id)
    assert on_disk(look) == 0
    assert kit.get("Ruby").n_negatives == 0


def test_the_last_view_that_stays_leaves_the_negatives_of_others_alone(kit):
    kit.remember("Lily", photo(PINK), category="cat")
    kit.not_mine("Ruby", photo(PINK))
    (view,) = kit.views("Lily")
    with pytest.raises(ValueError, match="only view"):
        kit.remove_view("Lily", view.view_id)
    assert kit.get("Ruby").n_negatives == 1


def test_what_an_import_replaces_is_no_negative_of_another_any_more(kit, on_disk, tmp_path):
    confirm_another(kit)
    look = kit.negatives("Ruby")[0]
    other = PeKit.open(tmp_path / "other", profile=fake_profile())
    other.remember("Rose", photo(BLUE), category="rose")
    other.export(tmp_path / "rose.pekit")
    kit.import_memory(tmp_path / "rose.pekit", on_conflict="replace")
    assert (kit.get("Rose").category, kit.get("Ruby").n_negatives) == ("rose", 0)
    assert on_disk(look) == 0


def test_what_is_forgotten_while_it_is_confirmed_leaves_no_negative(kit, on_disk, monkeypatch):
    match = pink(kit)
    add_negatives = kit._memory.add_negatives

    def forgotten_first(*args, **kwargs):
        kit.forget("Rose")
        return add_negatives(*args, **kwargs)

    monkeypatch.setattr(kit._memory, "add_negatives", forgotten_first)
    kit.confirm(match, "Rose")
    assert kit.get("Ruby").n_negatives == 0
    assert on_disk(match.vector) == 0


def test_an_ambiguous_match_that_was_decided_is_forgotten_with_its_object(folder, on_disk):
    kit = PeKit.open(folder, profile=fake_profile())
    for name in ("Ruby", "Rose"):
        kit.remember(name, photo(RED), category="cat")
    (match,) = kit.find(photo(PINK)).matches
    kit.confirm(match, "Rose")
    assert kit.get("Ruby").n_negatives == 1
    kit.forget("Rose")
    assert kit.get("Ruby").n_negatives == 0
    assert on_disk(match.vector) == 0


@pytest.fixture
def queue(folder):
    """A kit for which pink may be red, and a sighting that waits."""
    kit = PeKit.open(folder, profile=graded_profile())
    kit.remember("Ruby", photo(RED), category="cat")
    kit.remember("Rose", photo(BLUE), category="cat")
    kit.review.keep(kit.find(photo(PALE_RED)), label="x")
    return kit


def test_a_sighting_that_was_confirmed_in_the_queue_goes_with_its_object(queue, on_disk):
    (item,) = queue.review.list()
    queue.review.confirm(item.review_id, "Rose")
    assert queue.get("Ruby").n_negatives == 1
    queue.forget("Rose")
    assert on_disk(item.doubt.match.vector) == 0
    assert queue.get("Ruby").n_negatives == 0


@pytest.mark.parametrize("gone", ["object", "view"])
def test_an_item_that_shows_a_forgotten_look_goes_whatever_it_names(queue, on_disk, gone):
    """It was asked whether it is Ruby, and meanwhile it was said in another way that it is Rose."""
    (match,) = queue.find(photo(PALE_RED)).possible
    queue.confirm(match, "Rose")
    assert len(queue.review.list()) == 1
    if gone == "object":
        queue.forget("Rose")
    else:
        queue.remove_view("Rose", queue.views("Rose")[1].view_id)
    assert queue.review.list() == []
    assert on_disk(match.vector) == 0


def test_an_item_that_shows_something_else_stays(queue):
    queue.forget("Rose")
    assert len(queue.review.list()) == 1
    with pytest.raises(ObjectNotFound):
        queue.forget("Rose")
