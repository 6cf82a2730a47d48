"""Confirming and rejecting what was found, through the public class.

Everything red is a little alike here: crimson and pink are taken for the red cup.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from pekit_agents import InvalidInput, Match, ObjectNotFound, PeKit
from pekit_agents.introduction.views import MAX_VIEWS
from pekit_agents.testing import SHADES, fake_profile, graded_profile
from pekit_agents.types import Box
from tests.kit.drawing import photo

RED, BLUE = (255, 0, 0), (0, 0, 255)
PINK, PALER, CRIMSON = (255, 68, 68), (250, 66, 72), (190, 0, 50)
PALE_RED, PALE_BLUE = SHADES["pale red"], SHADES["pale blue"]


def fill(memory):
    kit = PeKit.open(memory, profile=fake_profile())
    kit.remember("Cup", photo(RED), category="mug")
    kit.remember("Bike", photo(BLUE), category="bike")


@pytest.fixture
def kit(tmp_path, copied):
    memory = copied("a cup and a bike", fill, tmp_path / "memory")
    return PeKit.open(memory, profile=fake_profile())


def only(finding):
    (match,) = finding.matches
    return match


def may_be(finding):
    return [obj.name for match in finding.possible for obj in match.candidates]


def names(finding):
    return sorted(obj.name for match in finding.matches for obj in match.candidates)


def test_a_rejected_look_alike_stays_rejected_and_the_object_is_still_found(kit, tmp_path):
    assert names(kit.find(photo(PINK))) == ["Cup"]
    (cup,) = kit.reject(only(kit.find(photo(PINK))))
    assert (cup.name, cup.n_views, cup.n_negatives) == ("Cup", 1, 1)
    again = PeKit.open(tmp_path / "memory", profile=fake_profile())
    for one in (kit, again):
        assert names(one.find(photo(PINK))) == names(one.find(photo(PALER))) == []
        assert names(one.find(photo(RED))) == ["Cup"]
        assert names(one.find(photo(RED, PINK, BLUE))) == ["Bike", "Cup"]


def test_the_runner_up_may_have_what_the_first_is_not(kit):
    kit.remember("Rose", photo(CRIMSON), category="flower")
    match = only(kit.find(photo(PINK)))
    assert match.object.name == "Cup"
    kit.reject(match)
    assert names(kit.find(photo(PINK))) == ["Rose"]


def test_rejecting_twice_is_rejecting_once(kit):
    match = only(kit.find(photo(PINK)))
    assert kit.reject(match) == kit.reject(match)
    assert kit.get("Cup").n_negatives == 1


def test_what_was_confirmed_by_mistake_can_be_rejected_after_all(kit):
    match = only(kit.find(photo(PINK)))
    kit.confirm(match)
    (cup,) = kit.reject(match)
    assert (cup.n_views, cup.n_negatives) == (1, 1)
    assert (names(kit.find(photo(PINK))), names(kit.find(photo(RED)))) == ([], ["Cup"])
    assert kit.confirm(match).n_views == 2


def test_the_last_view_stays_whatever_is_rejected(kit):
    (cup,) = kit.reject(only(kit.find(photo(RED))))
    assert (cup.n_views, cup.n_negatives) == (1, 1)
    assert kit.reject_in(kit.find(photo(BLUE)), "Cup") == ()


def test_a_rejected_view_goes_once_another_one_is_there(kit):
    match = only(kit.find(photo(RED)))
    kit.reject(match)
    assert kit.add_views("Cup", photo(CRIMSON)).n_views == 2
    (cup,) = kit.reject(match)
    assert (cup.n_views, cup.n_negatives) == (1, 1)


def test_what_was_rejected_in_a_photo_is_known(kit):
    assert not kit.is_rejected_in(kit.find(photo(PINK)), "Cup")
    kit.reject(only(kit.find(photo(PINK))))
    assert kit.is_rejected_in(kit.find(photo(BLUE, PINK)), "Cup")
    assert not kit.is_rejected_in(kit.find(photo(PINK)), "Bike")
    assert not kit.is_rejected_in(kit.find(photo(BLUE)), "Cup")


def test_photos_of_other_things_are_not_mine(kit):
    assert kit.not_mine("Cup", [photo(PINK), photo(CRIMSON)]).n_negatives == 2
    assert names(kit.find(photo(PINK))) == names(kit.find(photo(CRIMSON))) == []
    assert names(kit.find(photo(RED))) == ["Cup"]
    with pytest.raises(InvalidInput, match="found 0"):
        kit.not_mine("Cup", [])


def test_corrections_can_be_taken_back(kit):
    kit.reject(only(kit.find(photo(PINK))))
    assert kit.negatives("Cup").shape == (1, 4)
    assert kit.clear_corrections("cup").n_negatives == 0
    assert kit.negatives("Cup").shape == (0, 4)
    assert names(kit.find(photo(PINK))) == ["Cup"]
    assert kit.clear_corrections("cup") == kit.get("Cup")


def test_a_confirmed_sighting_becomes_a_view(kit):
    match = only(kit.find(photo(PINK)))
    assert kit.confirm(match).n_views == 2
    assert kit.confirm(match).n_views == 2  # the same look adds nothing
    assert only(kit.find(photo(PINK))).score == pytest.approx(1.0, abs=1e-3)
    np.testing.assert_allclose(kit._memory.get(match.object.object_id).vectors[1], match.vector)


def test_what_was_rejected_can_be_confirmed_after_all(kit):
    match = only(kit.find(photo(PINK)))
    kit.reject(match)
    cup = kit.confirm(match)
    assert (cup.n_views, cup.n_negatives) == (2, 0)
    assert names(kit.find(photo(PINK))) == ["Cup"]


def test_a_sighting_can_be_something_else_than_it_was_taken_for(kit):
    kit.remember("Rose", photo(CRIMSON), category="flower")
    rose = kit.confirm(only(kit.find(photo(PINK))), "Rose")
    assert (rose.name, rose.n_views, kit.get("Cup").n_negatives) == ("Rose", 2, 1)
    assert names(kit.find(photo(PINK))) == ["Rose"]
    assert names(kit.find(photo(RED))) == ["Cup"]


@pytest.fixture
def unsure(tmp_path):
    """A kit with two things of one colour, for which pale red is one of the two."""
    kit = PeKit.open(tmp_path, profile=graded_profile())
    kit.remember("Cup", photo(RED), category="mug")
    kit.remember("Rose", photo(RED), category="flower")
    return kit


def test_an_ambiguous_sighting_is_confirmed_with_the_object_named(unsure):
    match = only(unsure.find(photo(PALE_RED)))
    assert match.ambiguous
    with pytest.raises(InvalidInput, match='one of "Cup", "Rose"; give its name or id'):
        unsure.confirm(match)
    assert unsure.confirm(match, "Rose").n_views == 2
    assert names(unsure.find(photo(PALE_RED))) == ["Rose"]


def test_all_that_an_ambiguous_sighting_named_is_rejected_or_one_of_them(unsure):
    match = only(unsure.find(photo(PALE_RED)))
    assert [obj.name for obj in unsure.reject(match, "Rose")] == ["Rose"]
    assert may_be(unsure.find(photo(PALE_RED))) == ["Cup"]
    assert [obj.name for obj in unsure.reject(match)] == ["Cup", "Rose"]
    assert unsure.find(photo(PALE_RED)).everything == ()


def test_no_more_views_than_an_object_may_hold(kit):
    kit.add_views("Cup", [photo(RED)] * (MAX_VIEWS - 1))
    with pytest.raises(InvalidInput, match="would hold 65 views"):
        kit.confirm(only(kit.find(photo(PINK))))


def test_a_match_that_was_made_by_hand_cannot_be_corrected(kit):
    match = Match(kit.get("Cup"), Box(0, 0, 1, 1), 0.9)
    for verb in (kit.confirm, kit.reject):
        with pytest.raises(InvalidInput, match="search the photo again"):
            verb(match)


def test_of_what_was_forgotten_nothing_is_learnt(kit):
    match = only(kit.find(photo(PINK)))
    kit.forget("Cup")
    for verb in (kit.confirm, kit.reject):
        with pytest.raises(ObjectNotFound):
            verb(match)


def test_a_match_says_nothing_of_its_vector(kit):
    match = only(kit.find(photo(PINK)))
    assert match.vector.shape == (4,)
    assert match.vector.dtype == np.float32
    assert "vector" not in json.dumps(match.to_dict())
    assert "vector" not in repr(match)
    assert match == only(kit.find(photo(PINK)))


def test_regions_of_an_indexed_photo_can_be_corrected_too(kit):
    _, proposals, vectors = kit.propose(photo(PINK))
    boxes = [proposal.box for proposal in proposals]
    (((match,), possible),) = kit.match_regions([(boxes, vectors)])
    assert possible == []
    kit.reject(match)
    assert list(kit.match_regions([(boxes, vectors)])) == [([], [])]


@pytest.fixture
def graded(tmp_path):
    """A kit for which pale red may be the red cup, and pale blue the blue bike."""
    kit = PeKit.open(tmp_path / "graded", profile=graded_profile())
    kit.remember("Cup", photo(RED), category="mug")
    kit.remember("Bike", photo(BLUE), category="bike")
    return kit


def test_yes_that_is_the_cup_after_asking_whether_it_is(graded):
    finding = graded.find(photo(PALE_RED))
    assert (names(finding), may_be(finding)) == ([], ["Cup"])
    confirmed = graded.confirm_in(finding, "cup")
    assert confirmed is finding.possible[0]
    assert graded.get("Cup").n_views == 2
    again = only(graded.find(photo(PALE_RED)))
    assert (again.object.name, again.certain) == ("Cup", True)
    assert again.probability > 0.99


def test_no_that_is_not_the_cup_after_asking_whether_it_is(graded):
    finding = graded.find(photo(PALE_RED, PALE_BLUE))
    assert sorted(may_be(finding)) == ["Bike", "Cup"]
    (rejected,) = graded.reject_in(finding, "Cup")
    assert (rejected.object.name, rejected.possible) == ("Cup", True)
    assert graded.get("Cup").n_negatives == 1
    again = graded.find(photo(PALE_RED, PALE_BLUE))
    assert (names(again), may_be(again)) == ([], ["Bike"])
    assert names(graded.find(photo(RED))) == ["Cup"]


@pytest.mark.parametrize("wrong", [RED, PALE_RED])
def test_what_was_rejected_is_not_even_possible_any_more(graded, wrong):
    """Not if the only view of the cup was of what it is not, either."""
    found = graded.find(photo(wrong))
    (match,) = found.everything
    graded.reject(match)
    again = graded.find(photo(wrong))
    assert (names(again), may_be(again)) == ([], [])


def test_what_may_be_the_cup_can_be_the_bike(graded):
    confirmed = graded.confirm_in(graded.find(photo(PALE_RED)), "Bike")
    assert (confirmed.object.name, confirmed.possible) == ("Cup", True)
    assert "Cup" not in may_be(graded.find(photo(PALE_RED)))
    assert (graded.get("Bike").n_views, graded.get("Cup").n_negatives) == (2, 1)


def test_a_possible_match_is_said_by_its_region_to_be_something_else(graded):
    finding = graded.find(photo(PALE_RED, PALE_BLUE))
    (cup,) = [match for match in finding.possible if match.object.name == "Cup"]
    assert graded.confirm_in(finding, "Bike", region=cup.region) is cup
    assert (graded.get("Bike").n_views, graded.get("Cup").n_negatives) == (2, 1)


def test_what_is_named_here_and_possible_there_is_said_by_the_region(graded):
    finding = graded.find(photo(PALE_RED, RED))
    assert (names(finding), may_be(finding)) == (["Cup"], ["Cup"])
    named, possible = (each[0].region for each in (finding.matches, finding.possible))
    with pytest.raises(InvalidInput, match=rf'{named} \("Cup"\), {possible} \(may be "Cup"\)'):
        graded.confirm_in(finding, "Cup")
    with pytest.raises(InvalidInput, match='may be "Bike", found 2'):
        graded.confirm_in(finding, "Bike")
    graded.reject_in(finding, "Cup", region=possible)
    again = graded.find(photo(PALE_RED, RED))
    assert (names(again), may_be(again)) == (["Cup"], [])


def test_where_nothing_is_recognised_the_region_that_speaks_most_for_it_is_confirmed(graded):
    graded.not_mine("Cup", photo(PALE_RED))
    finding = graded.find(photo(CRIMSON, PALE_RED, (0, 255, 0)))
    assert finding.everything == ()
    confirmed = graded.confirm_in(finding, "Cup")
    assert confirmed.box.x0 == 100  # pale red, though it was rejected
    assert confirmed.score == pytest.approx(-0.56, abs=0.05)  # log-odds, as of any match
    assert names(graded.find(photo(PALE_RED))) == ["Cup"]


def test_where_crops_are_kept_a_confirmed_view_has_one(tmp_path):
    kit = PeKit.open(tmp_path, profile=fake_profile(), keep_crops=True)
    kit.remember("Cup", photo(RED), category="mug")
    kit.confirm(only(kit.find(photo(PINK))))
    assert [view.crop is not None for view in kit.views("Cup")] == [True, True]
    newer = fake_profile("colour@2")
    assert names(PeKit.reembed(tmp_path, newer).find(photo(PINK))) == ["Cup"]


def test_corrections_travel_with_an_export(kit, tmp_path):
    kit.reject(only(kit.find(photo(PINK))))
    assert kit.export(tmp_path / "ann.pekit")["negatives"] == 1
    bob = PeKit.open(tmp_path / "memory", profile=fake_profile(), user_id="bob")
    bob.import_memory(tmp_path / "ann.pekit")
    assert bob.objects() == kit.objects()
    assert names(bob.find(photo(PINK))) == []


def test_another_encoder_takes_no_corrections_along(tmp_path):
    kit = PeKit.open(tmp_path, profile=fake_profile(), keep_crops=True)
    kit.remember("Cup", photo(RED), category="mug")
    kit.reject(only(kit.find(photo(PINK))))
    newer = fake_profile("colour@2")
    with pytest.raises(InvalidInput, match=r'corrections, found some of "Cup".*drop_corrections'):
        PeKit.reembed(tmp_path, newer)
    assert kit.get("Cup").n_negatives == 1
    kit = PeKit.reembed(tmp_path, newer, drop_corrections=True)
    assert kit.get("Cup").n_negatives == 0
    assert names(kit.find(photo(PINK))) == ["Cup"]


def test_a_view_that_shows_its_object_badly_is_told_when_it_is_confirmed(tmp_path):
    """Yellow stands for what things look like in the dark."""
    profile = graded_profile()
    kit = PeKit.open(tmp_path / "memory", profile=profile)
    yellow = kit.extract_view(photo((255, 255, 0)), category="mug").vector[None]
    plain = profile.discriminant
    knows = replace(
        plain, conditions=plain.project(yellow), spreads=plain.between[None] + np.float32(1)
    )
    kit = PeKit.open(tmp_path / "memory", profile=replace(profile, discriminant=knows))
    assert [each.kind for each in kit.remember("Cup", photo(RED), category="mug").advice] == [
        "more"
    ]

    def confirmed(colour):
        match = kit.confirm_in(kit.find(photo(colour)), "Cup", region=1)
        return [
            [each.kind for each in found]
            for found in (kit.advice_on(match), kit.confirm(match).advice)
        ]

    assert confirmed((255, 255, 0)) == [["poor"], ["poor"]]
    assert confirmed(PALE_RED) == [[], []]
