"""From a photo to its matches: by which rule, and whom the guide asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.memory import Memory
from pekit_agents.retrieval.matching import CROWD
from pekit_agents.retrieval.regions import PhotoRegions
from pekit_agents.retrieval.search import Search, find_in
from pekit_agents.scoring import Discriminant
from pekit_agents.settings import MatchSettings, RerankSettings
from pekit_agents.testing import fake_profile, graded_profile, solid_scene
from pekit_agents.types import Box, Details, PersonalObject, Proposal

ALONG = np.eye(3, dtype=np.float32)
PLACE, ELSEWHERE = Box(0, 0, 10, 10), Box(50, 50, 60, 60)
# Unit vectors are 4 long in its basis, and b is 4. Against one view at cosine c it scores
# 1.5 ln(5 / 1.8) + 8 (1 / 5 - 1 / 1.8) - 3.2 ** 2 / 3.6 + 12.8 c / 1.8, which is 7.111 c - 4.156.
DISCRIMINANT = Discriminant(
    centre=np.zeros(3, np.float32),
    axes=np.eye(3, dtype=np.float32),
    origin=np.zeros(3, np.float32),
    basis=4 * np.eye(3, dtype=np.float32),
    between=np.full(3, 4, np.float32),
    conditions=np.zeros((0, 3), np.float32),
    spreads=np.zeros((0, 3), np.float32),
    slope=1.0,
    offset=0.0,
    rates=np.array([0.03, 0.13, 0.25], np.float32),
    priors=np.array([2, 0.5, -1], np.float32),
)


def towards(cosine: float) -> np.ndarray:
    """Return a unit vector with that cosine to the first axis."""
    return np.array([cosine, (1 - cosine**2) ** 0.5, 0], np.float32)


class Unit:
    """An encoder whose features are unit vectors already."""

    id, dim = "unit@1", 3

    def normalize(self, vectors):
        return vectors


class FakeLooks:
    """Regions known beforehand."""

    def __init__(self, vectors, boxes):
        self.vectors, self.boxes = np.array(vectors, np.float32).reshape(-1, 3), boxes
        self.categories, self.guide = None, None

    def propose(self, categories, guide):
        self.categories, self.guide = categories, guide
        return self.boxes

    def embed(self):
        return self.vectors

    def details(self, region):
        return None


def make_object(name):
    return PersonalObject(name.lower().replace(" ", "-"), name, "dog", "", 0, datetime.now(UTC))


@pytest.fixture
def memory(tmp_path):
    return Memory.open(tmp_path, user_id="ann", encoder_id="unit@1", dim=3)


@pytest.fixture
def gallery(memory):
    memory.insert(make_object("Rex"), ALONG[:1])
    return memory.gallery()


# The regions of a photo.


def find(looks, gallery, discriminant=None):
    search = Search(gallery, MatchSettings(threshold=0.6), discriminant)
    return find_in(looks, Unit(), search, None, None)


def test_every_region_that_is_seen_has_its_box_and_its_unit_vector(gallery):
    looks = FakeLooks([towards(0.9), towards(0.1)], [PLACE, ELSEWHERE])
    found, _, _ = find(looks, gallery)
    assert found.boxes == (PLACE, ELSEWHERE)
    np.testing.assert_allclose(found.vectors, looks.vectors)
    assert looks.categories == ["dog"]


def test_a_photo_without_regions_has_none(gallery):
    found, named, possible = find(FakeLooks([], []), gallery)
    assert (found.boxes, found.vectors.shape) == ((), (0, 3))
    assert (named, possible) == ([], [])


@pytest.mark.parametrize(
    ("discriminant", "expected"), [(None, [0.3, 0.05]), (DISCRIMINANT, [2.244, 0.466])]
)
def test_the_guide_says_how_far_a_part_is_from_being_named(gallery, discriminant, expected):
    looks = FakeLooks([towards(0.1)], [PLACE])
    find(looks, gallery, discriminant)
    strengths = looks.guide(np.stack([towards(0.9), towards(0.65)]))
    np.testing.assert_allclose(strengths, expected, atol=1e-3)


@pytest.mark.parametrize("prior", [0, 1])
def test_by_probability_strength_is_in_log_odds(gallery, prior):
    search = Search(gallery, MatchSettings(prior=prior, named=0.75), DISCRIMINANT)
    found = search.strengths(np.stack([towards(0.9), towards(0.5)]))
    np.testing.assert_allclose(found, np.array([2.244, -0.601]) - prior - np.log(3), atol=1e-3)


# By which rule.


def test_a_search_decides_as_its_profile(gallery):
    by_cosine = Search.by(fake_profile(), gallery)
    assert by_cosine.settings == fake_profile().matching
    (match,), possible = by_cosine.matches([PLACE], towards(0.76)[None])
    assert (match.score, match.probability) == (pytest.approx(0.76), None)
    assert possible == []
    assert by_cosine.matches([PLACE], towards(0.74)[None]) == ([], [])


def test_by_probability_a_match_is_named_or_possible(gallery):
    search = Search(gallery, MatchSettings(), DISCRIMINANT)
    boxes = [Box(20 * i, 0, 20 * i + 10, 10) for i in range(3)]
    vectors = np.stack([towards(each) for each in (0.5, 0.9, 0)])
    (named,), (possible,) = search.matches(boxes, vectors)
    assert (named.region, named.box, named.possible) == (2, boxes[1], False)
    assert (possible.region, possible.box, possible.possible) == (1, boxes[0], True)
    for match, score in ((named, 2.2436), (possible, -0.6009)):
        assert match.score == pytest.approx(score, abs=1e-3)
        odds = np.exp(score) / 3**CROWD  # it might have been at any of three places
        assert match.probability == pytest.approx(odds / (1 + odds), abs=1e-3)


def test_one_of_several_objects_is_the_first_and_its_alternatives(memory):
    for name in ("Rex", "Bella"):
        memory.insert(make_object(name), ALONG[:1])
    search = Search(memory.gallery(), MatchSettings(), DISCRIMINANT)
    ((match,), _) = search.matches([PLACE], towards(0.9)[None])
    assert [obj.name for obj in match.candidates] == ["Rex", "Bella"]
    odds = np.exp(2.2436)
    chances = [match.probability, match.alternatives[0].probability]
    assert chances == pytest.approx([odds / (1 + 2 * odds)] * 2, abs=1e-3)


def test_a_photo_without_regions_has_no_matches(gallery):
    nothing = np.zeros((0, 3), np.float32)
    assert Search(gallery, MatchSettings(), DISCRIMINANT).matches([], nothing) == ([], [])


@pytest.mark.parametrize(
    ("strictness", "prior"),
    [(None, 0), ("balanced", 0), ("recall", -0.375), ("precision", 2), (0.08, 1.25)],
)
def test_a_strictness_is_the_prior_that_leads_to_it(gallery, strictness, prior):
    profile = replace(graded_profile(), discriminant=DISCRIMINANT)
    search = Search.by(profile, gallery, strictness=strictness)
    assert search.settings.prior == pytest.approx(prior)


def test_balanced_is_the_profiles_own_prior(gallery):
    own = MatchSettings(prior=0.7)
    profile = replace(graded_profile(), matching=own)
    assert Search.by(profile, gallery, strictness="balanced").settings == own


def test_a_threshold_is_taken_in_place_of_the_profiles(gallery):
    assert Search.by(fake_profile(), gallery, threshold=0.2).settings.threshold == 0.2


@pytest.mark.parametrize(
    ("profile", "options", "message"),
    [
        (graded_profile(), {"threshold": 0.5}, "expected a strictness, found a threshold: profile"),
        (fake_profile(), {"strictness": "recall"}, "found 'fake', which has none; give a thresh"),
        (fake_profile(), {"threshold": 2}, r"expected threshold in \[-1, 1\], found 2"),
        (graded_profile(), {"strictness": "strict"}, "expected strictness 'recall', 'balanced'"),
        (graded_profile(), {"strictness": 0}, r"a share of photos in \(0, 1\], found 0"),
    ],
)
def test_what_a_profile_cannot_decide_by_is_refused(gallery, profile, options, message):
    with pytest.raises(InvalidInput, match=message):
        Search.by(profile, gallery, **options)


# Many photos at a time, and a quick test.


@pytest.fixture
def many(memory):
    """Twelve objects, and regions of which some resemble them."""
    rng = np.random.default_rng(5)

    def drawn(count):
        vectors = rng.standard_normal((count, 3)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    views = [drawn(3) for _ in range(12)]
    for number, own in enumerate(views):
        memory.insert(make_object(f"thing {number}"), own)
    photos = [
        ([Box(20 * i, 0, 20 * i + 25, 9) for i in range(size)], drawn(size))
        for size in rng.integers(0, 10, 200).tolist()
    ]
    return memory, views, photos


SHARP = replace(DISCRIMINANT, basis=20 * np.eye(3, dtype=np.float32))
RULES = [
    (None, MatchSettings(threshold=0.98, framing=0.01)),
    (SHARP, MatchSettings(prior=2, framing=1)),
    (SHARP, MatchSettings(prior=-1, possible=0.02, sure=0.95)),
]


def told(matches):
    return [(m.region, m.box, [each.name for each in m.candidates], m.possible) for m in matches]


@pytest.mark.parametrize(("discriminant", "settings"), RULES)
def test_many_photos_at_once_have_the_matches_of_each_alone(many, discriminant, settings):
    memory, _, photos = many
    search = Search(memory.gallery(), settings, discriminant)
    alone = [search.matches(boxes, vectors) for boxes, vectors in photos]
    together = list(search.in_each(photos))
    for some, own in zip(together, alone, strict=True):
        for those, these in zip(some, own, strict=True):
            assert told(those) == told(these)
            # A product of other shapes may round differently.
            assert [m.score for m in those] == pytest.approx([m.score for m in these], abs=1e-3)
    assert 0 < sum(bool(named) for named, _ in alone) < len(photos)


@pytest.mark.parametrize(("discriminant", "settings"), RULES)
def test_a_quick_test_passes_every_region_that_may_be_one_of_some_objects(
    many, discriminant, settings
):
    memory, views, photos = many
    search = Search(memory.gallery(), settings, discriminant)
    wanted = {"thing 2", "thing 7"}
    test = search.region_test([views[2], views[7]])
    passed = test(np.concatenate([vectors for _, vectors in photos]))
    ends = np.cumsum([len(boxes) for boxes, _ in photos])
    matched = []
    for (boxes, _), end, found in zip(photos, ends, search.in_each(photos), strict=True):
        for match in (*found[0], *found[1]):
            if wanted & {each.name for each in match.candidates}:
                matched.append(bool(passed[end - len(boxes) + match.region - 1]))
    assert len(matched) > 20
    assert all(matched)
    assert passed.mean() < 0.9  # others it mostly stops


def test_a_quick_test_for_no_objects_passes_nothing(gallery):
    test = Search(gallery, MatchSettings(), DISCRIMINANT).region_test([])
    assert test(ALONG).tolist() == [False] * 3


# All of it.


class Described(FakeLooks):
    """Also says what a region looks like patch by patch, and remembers which were asked for."""

    def __init__(self, *args):
        super().__init__(*args)
        self.asked = []

    def details(self, region):
        self.asked.append(region)
        return details((40, 60))


def details(colour) -> Details:
    return Details(*(np.array(each, np.int8) for each in ([(1, 0)], [colour], [127])))


def test_details_are_asked_of_the_region_of_an_ambiguous_match_and_of_no_other(memory):
    for name, colour in {"Apple": (-50, 60), "Orange": (40, 60)}.items():
        memory.insert(make_object(name), ALONG[:1], details=[details(colour)])
    memory.insert(make_object("Mug"), ALONG[2:])
    # Nothing; Mug, surely; and one that is a drink, if any.
    vectors = [towards(-0.9), ALONG[2], towards(0.65)]
    boxes = [Box(200, 0, 250, 50), Box(100, 0, 150, 50), Box(0, 0, 50, 50)]
    search = Search(memory.gallery(), MatchSettings(), DISCRIMINANT)
    looks = Described(vectors, boxes)
    regions, named, possible = find_in(
        looks, Unit(), search, memory.stored_features, RerankSettings(colour=10)
    )
    assert regions.boxes == tuple(boxes)
    assert looks.asked == [2]
    assert {m.object.name: (m.region, m.certain) for m in named} == {
        "Mug": (2, True),
        "Orange": (3, True),
    }
    assert possible == []
    looks = Described(vectors, boxes)
    _, named, _ = find_in(looks, Unit(), search, memory.stored_features, None)
    assert looks.asked == []
    assert [len(m.candidates) for m in named] == [1, 2]


# What is seen of a photo.


def test_a_guide_is_asked_by_a_proposer_that_takes_one():
    asked = []

    class Guided:
        def propose(self, image, categories, mode):
            raise AssertionError("there is a guide")

        def propose_guided(self, image, categories, mode, guide):
            asked.append((tuple(categories), mode, guide))
            return [Proposal(Box(5, 5, 45, 45), 1.0)]

    photo = solid_scene({"red": (5, 5, 45, 45)})
    profile = replace(fake_profile(), proposer=Guided())
    looks = PhotoRegions(photo, profile, "scene")
    guide = object()
    assert looks.propose(["dog"], guide) == [Box(5, 5, 45, 45)]
    assert asked == [(("dog",), "scene", guide)]
    assert looks.embed().shape == (1, 4)
