"""The review queue: nothing enters by itself, and nothing outlives what it is about."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from PIL import Image

from pekit_agents import InvalidInput, MemoryStoreError, ObjectNotFound, PeKit
from pekit_agents.calibration import Calibration
from pekit_agents.matching import MatchSettings
from pekit_agents.profiles import Profile
from pekit_agents.testing import ColourEncoder, ColourExtractor, ColourProposer

RED, PINK, CRIMSON, BLUE = (255, 0, 0), (255, 68, 68), (190, 0, 50), (0, 0, 255)


def profile(encoder_id="colour@1", **settings):
    parts = (ColourExtractor(), ColourProposer(), ColourEncoder(encoder_id))
    return Profile("fake", *parts, MatchSettings(**settings), augment=False)


def photo(*colours):
    picture = Image.new("RGB", (60 + 80 * len(colours), 120), (128, 128, 128))
    for place, colour in enumerate(colours):
        picture.paste(colour, (20 + 80 * place, 20, 80 + 80 * place, 90))
    return picture


@pytest.fixture
def kit(tmp_path):
    """A kit for which pink is not quite red."""
    kit = PeKit.open(tmp_path / "memory", profile=profile(threshold=0.95))
    kit.remember("Cup", photo(RED), category="mug")
    kit.remember("Bike", photo(BLUE), category="bike")
    return kit


@pytest.fixture
def files(tmp_path):
    return lambda: sorted((tmp_path / "memory").glob("*/review/*"))


def test_nothing_is_kept_unless_it_is_asked_for(kit, files):
    assert kit.find(photo(PINK)).to_review()
    assert kit.review.list() == files() == []


def test_what_was_nearly_accepted_waits_for_a_decision(kit):
    (item,) = kit.review.keep(kit.find(photo(PINK, BLUE)), label="IMG_1.jpg")
    assert (item.doubt.reason, item.label) == ("near", "IMG_1.jpg")
    assert (item.doubt.match.object.name, item.doubt.match.region) == ("Cup", 1)
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
    keeping = PeKit.open(tmp_path / "memory", profile(threshold=0.95), keep_crops=True)
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


def test_the_queue_of_an_ambiguous_sighting_is_decided_by_name(tmp_path):
    kit = PeKit.open(tmp_path, profile(threshold=0.75, ambiguity=0.3))
    kit.remember("Cup", photo(RED), category="mug")
    kit.remember("Rose", photo(CRIMSON), category="flower")
    (item,) = kit.review.keep(kit.find(photo(PINK)))
    assert item.doubt.reason == "ambiguous"
    assert [obj.name for obj in item.doubt.match.candidates] == ["Cup", "Rose"]
    with pytest.raises(InvalidInput, match="may be one of"):
        kit.review.confirm(item.review_id)
    assert kit.review.confirm(item.review_id, "Rose").n_views == 2


def test_what_may_be_a_stranger_is_doubtful(tmp_path):
    calibration = Calibration(location=0.5, scale=0.05, regions=0.0, mean=1.0, deviation=0.02)
    kit = PeKit.open(tmp_path, profile(calibration=calibration, false_alarms=1.0))
    kit.remember("Cup", photo(RED), category="mug")
    (doubt,) = kit.find(photo(PINK)).to_review(unsure_below=0.9999)
    assert doubt.reason == "unsure"
    assert doubt.match.probability < 0.9999
    assert kit.find(photo(RED)).to_review() == ()


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
    bob = PeKit.open(tmp_path / "memory", profile=profile(), user_id="bob")
    assert bob.review.list() == []


def test_a_memory_that_was_forgotten_is_not_begun_again(kit, files, tmp_path):
    finding = kit.find(photo(PINK))
    kit.forget_everything()
    with pytest.raises(MemoryStoreError):
        kit.review.keep(finding)
    assert list((tmp_path / "memory").iterdir()) == []
