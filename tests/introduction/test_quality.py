"""What is said of reference photos, with vectors and pictures made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from pekit_agents import PeKit
from pekit_agents.introduction.quality import advise, advise_on_region, sharpness
from pekit_agents.scoring import Discriminant
from pekit_agents.testing import fake_profile, graded_profile, solid_scene
from pekit_agents.types import Box, Proposal, View

# Against one view at cosine c: 7.111 c - 4.156 (see test_retrieval.py), 0 at a cosine of 0.58.
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
    rates=np.array([0.1, 0.2], np.float32),
    priors=np.array([1, 0], np.float32),
)
NONE = np.zeros((0, 3), np.float32)


def view(*vector, side=100.0, sharp=0.5):
    unit = np.array(vector, np.float32) / np.linalg.norm(vector)
    return View(unit, Proposal(Box(0, 0, side, 2 * side), 1.0), sharpness=sharp)


def told(views, held=NONE, discriminant=DISCRIMINANT):
    return [(each.photo, each.kind) for each in advise(views, held, discriminant)]


A, B, C = view(1, 0, 0), view(0.8, 0.6, 0), view(0.8, 0, 0.6)
OTHER = view(0, 1, 1)


def test_three_different_sharp_photos_need_no_advice():
    assert told([A, B, C]) == []


@pytest.mark.parametrize(
    ("views", "expected"),
    [
        ([A], [(0, "more")]),
        ([A, B], [(0, "more")]),
        ([A, B, A], [(3, "duplicate"), (0, "more")]),
        ([A, B, C, B], [(4, "duplicate")]),
    ],
)
def test_photos_that_add_nothing_do_not_count(views, expected):
    assert told(views) == expected


def test_a_photo_may_repeat_one_that_is_remembered_already():
    held = np.stack([A.vector, B.vector, C.vector])
    (advice,) = advise([B], held, DISCRIMINANT)
    assert advice.text == (
        "photo 1 adds nothing to one that is remembered already: use one from another side"
    )
    outlier, advice = advise([view(0.8, 0.3, 0.4), OTHER, OTHER], held, DISCRIMINANT)
    assert (outlier.photo, outlier.kind) == (2, "outlier")  # a copy is no witness
    assert advice.text == "photo 3 adds nothing to photo 2: use one from another side"


def test_a_photo_that_resembles_none_of_the_others_may_show_something_else():
    assert told([A, B, OTHER, C]) == [(3, "outlier")]
    assert told([OTHER, A, B, C]) == [(1, "outlier")]
    held = np.stack([A.vector, B.vector, C.vector])
    assert told([OTHER], held) == [(1, "outlier")]
    assert told([A, B, OTHER, C], discriminant=None) == []


def test_of_two_photos_that_differ_the_second_is_said_to():
    assert told([A, OTHER]) == [(2, "outlier"), (0, "more")]


@pytest.mark.parametrize(("cosine", "expected"), [(0.57, ["outlier"]), (0.6, [])])
def test_an_outlier_is_less_likely_of_the_thing_than_of_another(cosine, expected):
    other = view(cosine, (1 - cosine**2) ** 0.5, 0)
    assert [kind for photo, kind in told([A, other]) if photo] == expected


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (view(0.8, 0, 0.6, sharp=0.05), "blurred"),
        (view(0.8, 0, 0.6, side=40), "small"),
        (view(0.8, 0, 0.6, side=40, sharp=0.05), "small"),
    ],
)
def test_blurred_and_small_objects_are_told(bad, kind):
    assert told([A, B, bad]) == [(3, kind)]


@pytest.mark.parametrize(
    ("bad", "kind"), [(view(0, 1, 1, sharp=0.05), "blurred"), (view(0, 1, 1, side=40), "small")]
)
def test_a_photo_that_is_bad_is_not_said_to_show_something_else(bad, kind):
    assert told([A, B, C, bad]) == [(4, kind)]


#: Things seen badly lie where the third axis points, anything else where the second does.
KNOWS_BAD_PHOTOS = replace(
    DISCRIMINANT,
    conditions=np.array([[0, 0, 3], [0, 3, 0]], np.float32),
    spreads=np.array([[5, 5, 5], [1, 1, 1]], np.float32),
)
BADLY, BESIDE = view(0.1, 0.1, 1), view(0.1, 1, 0.1)


def test_what_is_seen_badly_is_told_by_the_discriminant():
    vectors = np.stack([A.vector, BADLY.vector, BESIDE.vector])
    assert KNOWS_BAD_PHOTOS.seen_badly(vectors).tolist() == [False, True, False]
    assert DISCRIMINANT.seen_badly(vectors).tolist() == [False, False, False]
    assert told([A, B, BADLY], discriminant=KNOWS_BAD_PHOTOS) == [(3, "poor")]
    held = np.stack([A.vector, B.vector])
    assert told([BADLY], held, KNOWS_BAD_PHOTOS) == [(1, "poor")]


def test_a_region_that_is_seen_badly_is_told():
    assert [each.kind for each in advise_on_region(BADLY.vector, KNOWS_BAD_PHOTOS)] == ["poor"]
    assert advise_on_region(A.vector, KNOWS_BAD_PHOTOS) == ()
    assert advise_on_region(BADLY.vector, None) == ()


def test_where_sharpness_cannot_be_told_nothing_is_said_of_it():
    assert told([A, B, view(0.8, 0, 0.6, sharp=None)]) == []


@pytest.fixture
def chequers():
    """A photo with squares of all sizes from 4 to 32 pixels."""
    rng = np.random.default_rng(0)
    fine = np.kron(rng.integers(0, 2, (40, 40)), np.ones((8, 8)))
    return Image.fromarray((fine * 200 + 20).astype(np.uint8)).convert("RGB")


def test_a_blur_takes_the_edges_away(chequers):
    box = Box(0, 0, 320, 320)
    sharp = sharpness(chequers, box)
    soft = [sharpness(chequers.filter(ImageFilter.GaussianBlur(r)), box) for r in (2, 6, 12)]
    assert sharp > 0.2
    assert sharp > soft[0] > soft[1] > soft[2]
    assert soft[1] < 0.08


def test_size_and_contrast_do_not_make_a_photo_sharp(chequers):
    whole = sharpness(chequers, Box(0, 0, 320, 320))
    twice = chequers.resize((640, 640), Image.Resampling.NEAREST)
    assert sharpness(twice, Box(0, 0, 640, 640)) == pytest.approx(whole, rel=0.15)
    paler = Image.eval(chequers, lambda value: 100 + value // 4)
    assert sharpness(paler, Box(0, 0, 320, 320)) == pytest.approx(whole, rel=0.05)


@pytest.mark.parametrize("box", [Box(0, 0, 2, 50), Box(10, 10, 60, 60)])
def test_what_is_tiny_or_plain_is_neither_sharp_nor_blurred(box):
    assert sharpness(solid_scene({}), box) is None


def test_remembering_and_adding_say_it_and_store_nothing_of_it(tmp_path):
    kit = PeKit.open(tmp_path, profile=fake_profile())
    red, blue = (solid_scene({colour: (20, 20, 90, 90)}) for colour in ("red", "blue"))
    cup = kit.remember("Cup", [red, red], category="mug")
    assert [each.kind for each in cup.advice] == ["duplicate", "more"]
    assert cup.to_dict()["advice"][0]["photo"] == 2
    assert kit.get("Cup") == cup
    assert kit.get("Cup").advice == ()
    assert "advice" not in kit.get("Cup").to_dict()
    assert [each.kind for each in kit.add_views("Cup", [blue, red]).advice] == [
        "duplicate",
        "more",
    ]
    assert [each.photo for each in kit.add_views("Cup", [blue, red]).advice] == [1, 2, 0]


def test_a_kit_with_a_discriminant_tells_what_may_show_something_else(tmp_path):
    kit = PeKit.open(tmp_path, profile=graded_profile())
    red, blue = (solid_scene({colour: (20, 20, 90, 90)}) for colour in ("red", "blue"))
    cup = kit.remember("Cup", [red, blue], category="mug")
    assert [(each.photo, each.kind) for each in cup.advice] == [(2, "outlier"), (0, "more")]


def test_photos_are_called_by_their_names_where_they_have_some():
    same = [view(1, 0, 0), view(1, 0, 0)]
    advice = advise(same, NONE, None, ["left.jpg", "right.jpg"])
    assert advice[0].text == "right.jpg adds nothing to left.jpg: use one from another side"
    assert advise(same, NONE, None)[0].text.startswith("photo 2 adds nothing to photo 1:")
    again = advise(same[:1], same[0].vector[None], None, ["left.jpg"])
    assert again[0].text.startswith("left.jpg adds nothing to one that is remembered already")
