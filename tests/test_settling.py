"""Which of several near twins a sighting is: a kit that stores details and one that does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pekit_agents import PeKit
from pekit_agents.details import PatchDescriber
from pekit_agents.matching import MatchSettings
from pekit_agents.settling import without_parts
from pekit_agents.testing import ColourEncoder, fake_profile
from pekit_agents.twins import TwinSettings
from pekit_agents.types import Box, Match, PersonalObject, Proposal

TWINS = TwinSettings(within=0.2, kinship=0.9, score=1, likeness=10, colour=40, sure=0.8)
CARTON = Box(16, 16, 112, 112)


class Cartons:
    """Extractor and proposer: the one carton in the middle of the photo."""

    def extract(self, image, category):
        return [Proposal(CARTON, 1.0)]

    def propose(self, image, categories, mode):
        return [Proposal(CARTON, 1.0)]


def profile(**matching):
    settings = {"threshold": 0.7, "ambiguity": 0.05, "twins": TWINS, **matching}
    return replace(
        fake_profile(),
        extractor=Cartons(),
        proposer=Cartons(),
        matching=MatchSettings(**settings),
        describer=PatchDescriber(ColourEncoder()),
    )


#: In a photo the carton of either twin may look like this.
EITHER = (60, 60, 40)


def carton(flavour, *, at=32, body=EITHER):
    """A dark carton with a small coloured label, by which alone it can be told from its twin."""
    picture = Image.new("RGB", (128, 128), (128, 128, 128))
    picture.paste(body, (16, 16, 112, 112))
    picture.paste(flavour, (at, at, at + 16, at + 16))
    return picture


ORANGE, APPLE, BERRY = (240, 140, 0), (90, 200, 40), (40, 40, 250)


def remember_both(kit):
    kit.remember("Orange", carton(ORANGE, body=(80, 40, 40)), category="juice")
    kit.remember("Apple", carton(APPLE, body=(40, 80, 40)), category="juice")


@pytest.fixture
def kit(tmp_path):
    kit = PeKit.open(tmp_path, profile=profile())
    remember_both(kit)
    return kit


@pytest.mark.parametrize(("flavour", "name"), [(ORANGE, "Orange"), (APPLE, "Apple")])
def test_twins_are_told_apart_by_a_detail(kit, flavour, name):
    (match,) = kit.find(carton(flavour, at=80)).matches
    assert match.object.name == name
    assert not match.ambiguous
    assert len(match.details.weights) > 50


def test_by_scores_alone_they_are_not(tmp_path, kit):
    plain = PeKit.open(tmp_path, profile=profile(twins=None))
    for flavour in (ORANGE, APPLE):
        (match,) = plain.find(carton(flavour, at=80)).matches
        assert {each.name for each in match.candidates} == {"Orange", "Apple"}
        assert match.details is None


def test_what_looks_like_neither_may_be_either(kit):
    (match,) = kit.find(carton(EITHER)).matches
    assert {each.name for each in match.candidates} == {"Apple", "Orange"}
    assert match.details is not None


def test_rivals_that_are_no_twins_are_judged_by_scores(kit, tmp_path):
    strict = PeKit.open(tmp_path, profile=profile(twins=replace(TWINS, kinship=1.0)))
    (match,) = strict.find(carton(APPLE, at=80)).matches
    assert match.ambiguous
    assert match.details is None


def test_objects_without_details_are_judged_by_scores(tmp_path):
    plain = PeKit.open(tmp_path, profile=replace(profile(), describer=None))
    remember_both(plain)
    (match,) = PeKit.open(tmp_path, profile=profile()).find(carton(APPLE, at=80)).matches
    assert match.ambiguous
    assert match.details is None


def test_without_a_describer_stored_details_are_of_no_use(kit, tmp_path):
    other = PeKit.open(tmp_path, profile=replace(profile(), describer=None))
    (match,) = other.find(carton(APPLE, at=80)).matches
    assert match.ambiguous


def test_three_twins_are_named_as_far_as_it_takes_to_be_sure(kit, tmp_path):
    kit.remember("Berry", carton(BERRY, body=(60, 60, 80)), category="juice")
    (match,) = kit.find(carton(BERRY, at=80)).matches
    assert [each.name for each in match.candidates] == ["Berry"]
    unsure = PeKit.open(tmp_path, profile=profile(twins=replace(TWINS, likeness=0, colour=0)))
    (match,) = unsure.find(carton(BERRY, at=80)).matches
    assert {each.name for each in match.candidates} == {"Orange", "Apple", "Berry"}


def test_added_and_confirmed_views_have_details(kit):
    kit.add_views("Apple", carton(APPLE, at=80, body=(40, 80, 80)))
    (match,) = kit.find(carton(APPLE, at=56)).matches
    kit.confirm(match)
    views = kit.views("Apple")
    assert len(views) == 3
    assert all(view.details is not None for view in views)
    np.testing.assert_array_equal(views[2].details.codes, match.details.codes)


def test_a_confirmed_sighting_stays_what_it_was_said_to_be(kit):
    wrong = carton(ORANGE, at=80)
    (match,) = kit.find(wrong).matches
    kit.confirm(match, "Apple")
    (match,) = kit.find(wrong).matches
    assert (match.object.name, match.ambiguous) == ("Apple", False)


def test_what_was_forgotten_meanwhile_is_no_rival(kit, monkeypatch):
    portraits = kit._memory.portraits
    apple = kit.get("Apple").object_id

    def without_apple(ids):
        return {key: value for key, value in portraits(ids).items() if key != apple}

    monkeypatch.setattr(kit._memory, "portraits", without_apple)
    (match,) = kit.find(carton(ORANGE, at=80)).matches
    assert match.ambiguous  # nothing is known of Apple but its score


def sighting(name, *xyxy):
    obj = PersonalObject(name, name, "juice", "", 1, None)
    return Match(obj, Box(*xyxy), 0.8)


def test_of_two_sightings_of_one_object_in_each_other_the_surer_one_stays():
    big, part = sighting("a", 0, 0, 100, 100), sighting("a", 10, 10, 50, 50)
    beside, other = sighting("a", 200, 0, 300, 100), sighting("b", 10, 10, 50, 50)
    assert without_parts([big, part, beside, other], 0.7) == [big, beside, other]
    assert without_parts([part, big], 0.7) == [part]
    assert without_parts([], 0.7) == []
