"""The review queue: nothing enters by itself, and nothing outlives what it is about."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from pekit_agents import InvalidInput, MemoryStoreError, ObjectNotFound, PeKit
from pekit_agents.testing import PALETTE, SHADES, graded_profile
from tests.kit.drawing import photo

RED, BLUE, PINK = PALETTE["red"], PALETTE["blue"], SHADES["pale red"]


@pytest.fixture
def kit(tmp_path):
    """A kit for which pink may be red, and may not."""
    kit = PeKit.open(tmp_path / "memory", profile=graded_profile())
    kit.remember("Cup", photo(RED), category="mug")
    kit.remember("Bike", photo(BLUE), category="bike")
    return kit


@pytest.fixture
def files(tmp_path):
    return lambda: sorted((tmp_path / "memory").glob("*/review/*"))


def test_nothing_is_kept_unless_it_is_asked_for(kit, files):
    assert kit.find(photo(PINK)).to_review()
    assert kit.review.list() == files() == []


def test_what_was_possible_waits_for_a_decision(kit):
    (item,) = kit.review.keep(kit.find(photo(PINK, BLUE)), label="IMG_1.jpg")
    assert (item.doubt.reason, item.label) == ("possible", "IMG_1.jpg")
    assert (item.doubt.match.object.name, item.doubt.match.region) == ("Cup", 1)
    assert item.doubt.match.possible
    assert item.doubt.match.probability == pytest.approx(0.32, abs=0.01)  # of two places
    with Image.open(BytesIO(item.picture)) as picture:
        assert picture.getpixel((picture.width // 2, picture.height // 2))[0] > 240
    assert kit.review.list() == [item]
    assert json.dumps(item.to_dict())


def test_keeping_twice_is_keeping_once_and_needs_no_picture(kit, files):
    finding = kit.find(photo(PINK))
    kit.review.keep(finding)
    (item,) = kit.review.keep(finding, pictures=False)
    assert item.picture is None
    assert len(files()) == 1


def test_a_confirmed_item_is_learnt_and_gone(kit, files):
    (item,) = kit.review.keep(kit.find(photo(PINK)))
    obj = kit.review.confirm(item.review_id)
    assert (obj.name, obj.n_views) == ("Cup", 2)
    assert kit.views("Cup")[1].crop is None  # crops are not kept in this memory
    assert kit.review.list() == files() == []
    with pytest.raises(ObjectNotFound, match="decided on already"):
        kit.review.confirm(item.review_id)


def test_where_crops_are_kept_a_confirmed_item_has_one(kit, tmp_path):
    keeping = PeKit.open(tmp_path / "memory", graded_profile(), keep_crops=True)
    (item,) = keeping.review.keep(keeping.find(photo(PINK)))
    keeping.review.confirm(item.review_id, "Bike")
    assert kit.views("Bike")[1].crop is not None


def test_a_rejected_item_is_learnt_and_gone(kit):
    (item,) = kit.review.keep(kit.find(photo(PINK)))
    assert [obj.n_negatives for obj in kit.review.reject(item.review_id)] == [1]
    assert kit.review.list() == []
    assert kit.find(photo(PINK)).to_review() == ()


def test_a_dismissed_item_teaches_nothing(kit):
    (item,) = kit.review.keep(kit.find(photo(PINK)))
    kit.review.dismiss(item.review_id)
    kit.review.keep(kit.find(photo(PINK)))
    kit.review.clear()
    assert kit.review.list() == []
    assert kit.find(photo(PINK)).to_review()


@pytest.fixture
def twins(tmp_path):
    """A kit with two things of one colour."""
    kit = PeKit.open(tmp_path / "memory", graded_profile(), user_id="twins")
    kit.remember("Cup", photo(RED), category="mug")
    kit.remember("Rose", photo(RED), category="flower")
    return kit


def test_the_queue_of_an_ambiguous_match_is_decided_by_name(twins):
    (item,) = twins.review.keep(twins.find(photo(PINK)))
    assert item.doubt.reason == "ambiguous"
    assert [obj.name for obj in item.doubt.match.candidates] == ["Cup", "Rose"]
    with pytest.raises(InvalidInput, match="may be one of"):
        twins.review.confirm(item.review_id)
    assert twins.review.confirm(item.review_id, "Rose").n_views == 2


def test_what_is_named_with_some_doubt_is_kept_with_its_probability(kit):
    finding = kit.find(photo(RED))
    unsure = replace(finding, matches=(replace(finding.matches[0], probability=0.7),))
    (item,) = kit.review.keep(unsure)
    assert item.doubt.reason == "unsure"
    assert (item.doubt.match.probability, item.doubt.match.certain) == (0.7, True)
    assert finding.to_review() == ()


def test_every_candidate_keeps_its_score_and_probability(twins):
    found = twins.find(photo(PINK)).matches[0]
    (item,) = twins.review.keep(twins.find(photo(PINK)))
    match = item.doubt.match
    assert match == found
    assert match.alternatives == found.alternatives
    assert match.alternatives[0].probability == pytest.approx(0.27, abs=0.01)


def test_an_item_of_an_earlier_version_is_read(kit, files):
    kit.review.keep(kit.find(photo(PINK)))
    (file,) = files()
    entry = json.loads(file.read_text())
    del entry["probabilities"]
    old = {"reason": "near", "probability": 0.4, "scores": [0.66]}
    file.write_text(json.dumps(entry | old))
    (item,) = kit.review.list()
    assert (item.doubt.reason, item.doubt.match.possible) == ("possible", True)
    assert (item.doubt.match.probability, item.doubt.match.score) == (0.4, 0.66)
    assert kit.review.confirm(item.review_id).n_views == 2


def test_an_ambiguous_item_of_an_earlier_version_says_nothing_of_each(twins, files):
    twins.review.keep(twins.find(photo(PINK)))
    (file,) = files()
    entry = json.loads(file.read_text())
    del entry["probabilities"]
    file.write_text(json.dumps(entry | {"probability": 0.9}))
    match = twins.review.list()[0].doubt.match
    assert match.ambiguous
    assert [match.probability, match.alternatives[0].probability] == [None, None]


def test_items_bear_the_names_of_now(kit):
    kit.review.keep(kit.find(photo(PINK)))
    kit.update("Cup", name="Mug")
    assert kit.review.list()[0].doubt.match.object.name == "Mug"


@pytest.mark.parametrize("how", ["forget", "merge", "forget_everything"])
def test_items_go_with_what_they_are_about(kit, files, how):
    kit.review.keep(kit.find(photo(PINK)))
    assert files()
    if how == "forget":
        kit.forget("Cup")
    elif how == "merge":
        kit.merge("Bike", "Cup")
    else:
        kit.forget_everything()
    assert files() == []


def test_items_about_others_stay(kit, files):
    kit.review.keep(kit.find(photo(PINK)))
    left = files()[0].with_name("new-left")
    left.write_text("what a killed writer left")
    kit.forget("Bike")
    assert [path.suffix for path in files()] == [".json"]


def test_damaged_items_and_those_of_another_encoder_are_removed(kit, files, tmp_path):
    kit.review.keep(kit.find(photo(PINK)))
    (file,) = files()
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"encoder_id": "other@1"}))
    file.with_name("abc.json").write_text(json.dumps(content | {"objects": ["nobody"]}))
    file.with_name("def.json").write_text("{")
    assert kit.review.list() == []
    assert files() == []


def test_users_have_queues_of_their_own(kit, tmp_path):
    kit.review.keep(kit.find(photo(PINK)))
    bob = PeKit.open(tmp_path / "memory", profile=graded_profile(), user_id="bob")
    assert bob.review.list() == []


def test_a_memory_that_was_forgotten_is_not_begun_again(kit, files, tmp_path):
    finding = kit.find(photo(PINK))
    kit.forget_everything()
    with pytest.raises(MemoryStoreError):
        kit.review.keep(finding)
    assert list((tmp_path / "memory").iterdir()) == []
