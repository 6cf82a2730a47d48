"""Look-alikes compared patch by patch: the measure by hand, then a kit that stores details."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pekit_agents import PeKit
from pekit_agents.embedding.local_features import PatchDescriber
from pekit_agents.memory import StoredFeatures
from pekit_agents.retrieval.reranking import colour_agreement, rerank, shares
from pekit_agents.settings import MatchSettings, RerankSettings
from pekit_agents.testing import ColourEncoder, graded_profile
from pekit_agents.types import Box, Candidate, Details, Match, PersonalObject, Proposal

WEIGHTS = RerankSettings(colour=40)


def details(codes, colours, weights=None) -> Details:
    weights = [127] * len(codes) if weights is None else weights
    return Details(*(np.array(each, np.int8) for each in (codes, colours, weights)))


RED, BLUE, GREY = (60, 40), (60, -40), (0, 0)
ONE = details([(100, 0), (0, 100)], [RED, GREY])


# How much the colours of two things agree.


def test_a_region_agrees_with_itself_entirely():
    assert colour_agreement(ONE, [ONE]) == pytest.approx(1)


def test_where_patches_lie_and_how_long_their_codes_are_is_of_no_account():
    turned = details([(0, 7), (50, 0)], [GREY, RED])
    assert colour_agreement(ONE, [turned]) == pytest.approx(1)


def test_colours_are_compared_where_features_are_alike():
    other = details([(100, 0), (0, 100)], [BLUE, GREY])
    # The red patch counts (5 + 72)^2, the grey one 5^2; 80 apart is exp(-80 / 20).
    red, grey = (5 + math.hypot(60, 40)) ** 2, 5**2
    expected = (red * math.exp(-4) + grey) / (red + grey)
    assert colour_agreement(ONE, [other]) == pytest.approx(expected, rel=1e-4)


def test_the_colour_of_patches_that_resemble_nothing_says_nothing():
    assert colour_agreement(ONE, [details([(100, 0)], [RED])]) == pytest.approx(1)


def test_patches_weigh_as_much_as_the_object_covers_of_them():
    other = details([(100, 0), (0, 100)], [BLUE, RED])
    both = details([(100, 0), (0, 100)], [RED, RED])
    # Patch 0 disagrees (exp(-4)), patch 1 agrees; there 127 to 1, back 127 to 127.
    edge = replace(both, weights=np.array([127, 1], np.int8))
    there = (127 * math.exp(-4) + 1) / 128
    back = (math.exp(-4) + 1) / 2
    assert colour_agreement(edge, [other]) == pytest.approx((there + back) / 2, rel=1e-4)


def test_the_view_that_agrees_most_decides():
    pale, own = details([(100, 0), (0, 100)], [GREY, GREY]), ONE
    assert colour_agreement(ONE, [pale]) < 0.1
    assert colour_agreement(ONE, [pale, own]) == pytest.approx(1)


@pytest.mark.parametrize("other", [[(-100, 0)], [(0, 0)]])
def test_what_has_no_features_in_common_agrees_in_nothing(other):
    assert colour_agreement(details([(100, 0)], [RED]), [details(other, [RED])]) == 0


def test_shares_follow_from_scores_and_colours():
    # 0.1 more of the score, and 40 * 0.05 less of the colour.
    found = shares([0.5, 0.4], [0.5, 0.55], WEIGHTS)
    assert found == pytest.approx([1 / (1 + math.exp(1.9)), 1 / (1 + math.exp(-1.9))])


def test_shares_of_far_apart_odds_stay_numbers():
    assert shares([0, 5000], [0, 0], WEIGHTS).tolist() == [0, 1]


# A match whose objects are known.

APPLE, ORANGE = (details([(1, 0)], [colour]) for colour in ((-50, 60), (40, 60)))
REGION = ORANGE
AHEAD = np.array([[1, 0]], np.float32)


def thing(name):
    return PersonalObject(name, name, "juice", "", 1, None)


def match_of(*chances, **changes):
    """Make a match of objects a, b, ... by their probabilities."""
    odds = [math.log(chance / (1 - sum(chances))) for chance in chances]
    first, *others = [
        Candidate(thing(name), score, chance)
        for name, score, chance in zip("abc", odds, chances, strict=False)
    ]
    made = Match(
        first.object,
        Box(0, 0, 10, 10),
        first.score,
        first.probability,
        alternatives=tuple(others),
        region=3,
    )
    return replace(made, **changes)


def reranked(match, stored, *, region=REGION, sure=0.9, colour=40):
    known = {name: StoredFeatures(AHEAD, tuple(views)) for name, views in stored.items()}
    settings = RerankSettings(colour=colour)
    (found,) = rerank([match], lambda _: region, lambda _: known, settings, sure=sure)
    return found


def candidates(match):
    return [match.object.name, *(each.object.name for each in match.alternatives)]


def test_the_object_whose_colours_agree_comes_first_and_alone_where_that_is_sure():
    found = reranked(match_of(0.5, 0.4), {"a": [APPLE], "b": [ORANGE]})
    assert candidates(found) == ["b"]
    assert found.score == pytest.approx(math.log(4))  # its own
    assert found.probability == pytest.approx(0.9, abs=1e-3)  # that it is either
    assert found.details is REGION
    assert (found.box, found.region, found.possible) == (Box(0, 0, 10, 10), 3, False)


def test_the_probability_that_it_is_any_of_them_is_shared_out_anew():
    before = match_of(0.5, 0.2, 0.1)
    found = reranked(before, {"a": [APPLE], "b": [ORANGE], "c": [APPLE]}, sure=1, colour=2)
    assert candidates(found) == ["b", "a", "c"]
    after = [found.probability, *(each.probability for each in found.alternatives)]
    assert sum(after) == pytest.approx(0.8)
    agreement = colour_agreement(ORANGE, [APPLE])
    odds = np.array(
        [0.2 * math.exp(2), 0.5 * math.exp(2 * agreement), 0.1 * math.exp(2 * agreement)]
    )
    assert after == pytest.approx(0.8 * odds / odds.sum())


def test_where_colours_say_nothing_the_order_stays():
    same = {name: [ORANGE] for name in "abc"}
    found = reranked(match_of(0.5, 0.2, 0.1), same, sure=1)
    assert candidates(found) == ["a", "b", "c"]
    chances = [found.probability, *(each.probability for each in found.alternatives)]
    assert chances == pytest.approx([0.5, 0.2, 0.1])


@pytest.mark.parametrize(
    ("sure", "names"), [(0.61, ["a"]), (0.63, ["a", "b"]), (0.88, ["a", "b", "c"])]
)
def test_as_many_objects_stay_as_it_takes_to_be_sure(sure, names):
    same = {name: [ORANGE] for name in "abc"}  # 5 / 8, 2 / 8 and 1 / 8 of the probability
    assert candidates(reranked(match_of(0.5, 0.2, 0.1), same, sure=sure)) == names


def test_what_is_possible_stays_so():
    found = reranked(match_of(0.2, 0.1, possible=True), {"a": [APPLE], "b": [ORANGE]})
    assert (candidates(found), found.possible) == (["b"], True)
    assert found.probability == pytest.approx(0.3, abs=1e-3)


WIDER = details([(1, 1, 1)], [RED])


@pytest.mark.parametrize(
    ("stored", "region"),
    [
        ({"a": [APPLE], "b": []}, REGION),
        ({"a": [], "b": [ORANGE]}, REGION),
        ({"a": [APPLE]}, REGION),  # the other was forgotten meanwhile
        ({"a": [APPLE], "b": [ORANGE]}, None),
        ({"a": [APPLE], "b": [WIDER]}, REGION),  # details of another describer
        ({"a": [WIDER], "b": [ORANGE]}, REGION),
    ],
    ids=["none of b", "none of a", "b is gone", "none of the region", "other of b", "other of a"],
)
def test_objects_that_cannot_be_compared_are_left_as_they_are(stored, region):
    before = match_of(0.5, 0.4)
    found = reranked(before, stored, region=region)
    assert found == before
    assert found.details is None


def test_of_details_of_two_describers_those_of_the_regions_count():
    found = reranked(match_of(0.5, 0.4), {"a": [WIDER, APPLE], "b": [WIDER, ORANGE]})
    assert candidates(found) == ["b"]


@pytest.mark.parametrize("match", [match_of(0.5), match_of(0.5, 0.4, probability=None)])
def test_nothing_is_read_where_there_is_nothing_to_tell_apart(match):
    def never(_):
        raise AssertionError("read")

    assert rerank([match], never, never, WEIGHTS, sure=0.9) == [match]


def test_the_region_and_all_objects_are_asked_for_once():
    asked = []

    def stored_features(ids):
        asked.append(list(ids))
        return {name: StoredFeatures(AHEAD, (APPLE,)) for name in ids}

    def region(number):
        asked.append(number)
        return REGION

    rerank([match_of(0.5, 0.2, 0.1)], region, stored_features, WEIGHTS, sure=0.9)
    assert asked == [["a", "b", "c"], 2]  # regions of matches count from 1


# From the photo on: cartons that differ in a small coloured label.

CARTON = Box(16, 16, 112, 112)


class Cartons:
    """Extractor and proposer: the one carton in the middle of the photo."""

    def extract(self, image, category):
        return [Proposal(CARTON, 1.0)]

    def propose(self, image, categories, mode):
        return [Proposal(CARTON, 1.0)]


def profile(**changes):
    graded = graded_profile()
    made = replace(
        graded,
        discriminant=replace(graded.discriminant, slope=0.3),  # by which both cartons are likely
        extractor=Cartons(),
        proposer=Cartons(),
        matching=MatchSettings(sure=0.9),
        describer=PatchDescriber(ColourEncoder()),
        reranking=WEIGHTS,
    )
    return replace(made, **changes)


#: In a photo the carton of either may look like this.
EITHER = (60, 60, 40)


def carton(flavour, *, at=32, body=EITHER):
    """A dark carton with a small coloured label, by which alone it can be told from another."""
    picture = Image.new("RGB", (128, 128), (128, 128, 128))
    picture.paste(body, (16, 16, 112, 112))
    picture.paste(flavour, (at, at, at + 16, at + 16))
    return picture


ORANGE_RGB, APPLE_RGB = (240, 140, 0), (90, 200, 40)


def remember_both(kit):
    kit.remember("Orange", carton(ORANGE_RGB, body=(80, 40, 40)), category="juice")
    kit.remember("Apple", carton(APPLE_RGB, body=(40, 80, 40)), category="juice")


@pytest.fixture
def kit(tmp_path):
    kit = PeKit.open(tmp_path, profile=profile())
    remember_both(kit)
    return kit


@pytest.mark.parametrize(("flavour", "name"), [(ORANGE_RGB, "Orange"), (APPLE_RGB, "Apple")])
def test_look_alikes_are_told_apart_by_a_detail(kit, tmp_path, flavour, name):
    (match,) = kit.find(carton(flavour, at=80)).matches
    assert (match.object.name, match.certain) == (name, True)
    assert len(match.details.weights) > 50
    by_scores = PeKit.open(tmp_path, profile=profile(reranking=None))
    (match,) = by_scores.find(carton(flavour, at=80)).matches
    assert {each.name for each in match.candidates} == {"Orange", "Apple"}
    assert match.details is None


def test_what_looks_like_neither_may_be_either(kit):
    (match,) = kit.find(carton(EITHER)).matches
    assert {each.name for each in match.candidates} == {"Apple", "Orange"}
    assert match.details is not None


@pytest.mark.parametrize("where", ["remembering", "searching"])
def test_without_details_on_both_sides_scores_decide(tmp_path, where):
    plain, whole = profile(describer=None), profile()
    first, then = (plain, whole) if where == "remembering" else (whole, plain)
    remember_both(PeKit.open(tmp_path, profile=first))
    (match,) = PeKit.open(tmp_path, profile=then).find(carton(APPLE_RGB, at=80)).matches
    assert match.ambiguous
    assert match.details is None


def test_added_and_confirmed_views_have_details(kit):
    kit.add_views("Apple", carton(APPLE_RGB, at=80, body=(40, 80, 80)))
    (match,) = kit.find(carton(APPLE_RGB, at=56)).matches
    kit.confirm(match)
    views = kit.views("Apple")
    assert len(views) == 3
    assert all(view.details is not None for view in views)
    np.testing.assert_array_equal(views[2].details.codes, match.details.codes)
