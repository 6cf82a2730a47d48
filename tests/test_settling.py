"""Which of several near twins a sighting is: a kit that stores details and one that does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from pekit_agents import PeKit
from pekit_agents.details import PatchDescriber
from pekit_agents.matching import MatchSettings
from pekit_agents.memory import Memory, Portrait
from pekit_agents.retrieval import find_in
from pekit_agents.settling import plainly, settler
from pekit_agents.testing import ColourEncoder, fake_profile
from pekit_agents.twins import TwinSettings
from pekit_agents.types import Box, Candidate, Details, Match, PersonalObject, Proposal

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


def thing(name):
    return PersonalObject(name, name, "juice", "", 1, None)


def sighting(name):
    return Match(thing(name), Box(0, 0, 10, 10), 0.8, region=1)


def candidates(**scores):
    return [Candidate(thing(name), score) for name, score in scores.items()]


@pytest.mark.parametrize(
    ("ambiguity", "names"), [(0.0, []), (0.05, ["b"]), (0.2, ["b"]), (0.04, [])]
)
def test_by_scores_only_a_close_runner_up_may_be_meant(ambiguity, names):
    found = plainly(sighting("a"), candidates(b=0.75, c=0.74), ambiguity)
    assert [each.object.name for each in found.alternatives] == names


ORANGE_PATCH, APPLE_PATCH = (
    Details(*(np.array(each, np.int8) for each in ([(1, 0)], [colour], [127])))
    for colour in ((40, 60), (-50, 60))
)
AHEAD, ASIDE = np.array([[1, 0]], np.float32), np.array([[0, 1]], np.float32)


def settled(portraits, rivals, *, region=ORANGE_PATCH, ambiguity=0.05):
    """Settle a sighting of a by what is stored of the objects."""
    settings = MatchSettings(ambiguity=ambiguity, twins=TWINS)
    return settler(lambda _: region, lambda ids: portraits, settings)(sighting("a"), rivals)


def test_the_named_twin_has_its_own_score():
    known = {"a": Portrait(AHEAD, (APPLE_PATCH,)), "b": Portrait(AHEAD, (ORANGE_PATCH,))}
    found = settled(known, candidates(b=0.7))
    assert (found.object.name, found.score, found.ambiguous) == ("b", 0.7, False)
    assert found.details is ORANGE_PATCH


def test_a_close_rival_that_is_no_twin_stays_a_candidate():
    known = {
        "a": Portrait(AHEAD, (ORANGE_PATCH,)),
        "b": Portrait(ASIDE, (ORANGE_PATCH,)),
        "c": Portrait(AHEAD, (APPLE_PATCH,)),
    }
    found = settled(known, candidates(b=0.78, c=0.7))
    assert [each.name for each in found.candidates] == ["a", "b"]
    assert found.details is ORANGE_PATCH


@pytest.mark.parametrize("without", ["a", "b"])
def test_a_twin_without_details_is_judged_by_its_score(without):
    known = {name: Portrait(AHEAD, (ORANGE_PATCH,)) for name in ("a", "b", "c")}
    known["c"] = Portrait(AHEAD, (APPLE_PATCH,))
    known[without] = Portrait(AHEAD, ())
    found = settled(known, candidates(b=0.78, c=0.7))
    assert [each.name for each in found.candidates] == ["a", "b"]
    assert (found.details is None) == (without == "a")


@pytest.mark.parametrize("other", ["a", "b"])
def test_details_of_another_describer_are_left_alone(other):
    wider = Details(np.ones((1, 3), np.int8), *(np.ones(s, np.int8) for s in ((1, 2), 1)))
    known = {name: Portrait(AHEAD, (APPLE_PATCH,)) for name in ("a", "b")}
    known[other] = Portrait(AHEAD, (wider,))
    found = settled(known, candidates(b=0.78))
    assert [each.name for each in found.candidates] == ["a", "b"]
    assert found.details is None
    both = {"a": Portrait(AHEAD, (wider, APPLE_PATCH)), "b": Portrait(AHEAD, (wider, ORANGE_PATCH))}
    assert settled(both, candidates(b=0.78)).object.name == "b"


def test_nothing_is_read_where_nothing_else_is_meant():
    def never(_):
        raise AssertionError("read")

    settle = settler(never, never, MatchSettings(twins=TWINS))
    assert settle(sighting("a"), []) == sighting("a")
    by_score = settler(never, never, MatchSettings(ambiguity=0.1))
    assert by_score(sighting("a"), candidates(b=0.75)).ambiguous


class Row:
    """Looks at a photo in which K things stand in a row, the first of them seen twice."""

    def __init__(self, vectors):
        self.vectors = np.array(vectors, np.float32)
        self.asked = []

    def regions(self, categories, guide):
        # The first two regions are one place.
        starts = [0, 1, *range(100, 100 * (len(self.vectors) - 1), 100)]
        return [Box(x, 0, x + 50, 50) for x in starts], self.vectors

    def closer(self, chosen):
        return self.vectors[list(chosen)]

    def details(self, region):
        self.asked.append(region)
        return ORANGE_PATCH


def unit(*values):
    return np.array(values, np.float32) / np.linalg.norm(values)


@pytest.fixture
def memory(tmp_path):
    """A memory of two near twins with a view each."""
    memory = Memory.open(tmp_path, user_id="ann", encoder_id="flat@1", dim=3)
    for name, vector, patch in (
        ("a", unit(1, 0.1, 0), APPLE_PATCH),
        ("b", unit(1, -0.1, 0), ORANGE_PATCH),
    ):
        obj = replace(thing(name), created_at=datetime.now(UTC))
        memory.insert(obj, vector[None], details=[patch])
    return memory


def test_details_are_asked_of_the_region_that_was_accepted_and_of_no_other(memory):
    # Two looks at one place near tau, of which one is dropped; a sure one; and a nearly one.
    row = Row([unit(1, 0, 0.62), unit(1, 0, 0.65), unit(1, 0, 0.1), unit(1, 0, 0.72)])
    settings = MatchSettings(threshold=0.83, ambiguity=0.05, doubt=0.1, twins=TWINS)
    encoder = ColourEncoder()
    found, matches, near = find_in(row, encoder, memory.gallery(), settings, memory.portraits)
    assert found.chosen == (0, 2, 3)
    assert row.asked == [2, 0]  # the surest first
    assert [match.object.name for match in matches] == ["b", "b"]
    assert [(len(match.candidates), match.details) for match in near] == [(2, None)]
