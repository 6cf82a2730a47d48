"""When the embedded profile takes a photo for a scene."""

from __future__ import annotations

import pytest

from pekit_agents.models.embedded import scene, windows
from pekit_agents.models.embedded.proposer import FocusProposer
from pekit_agents.models.embedded.windows import PhotoWindows
from pekit_agents.types import Box, Proposal

pytestmark = pytest.mark.usefixtures("embedded_model")


@pytest.mark.parametrize(
    ("boxes", "alone"),
    [
        ([Box(20, 20, 80, 80)], True),
        ([Box(0, 20, 80, 80)], True),
        ([Box(0, 0, 80, 80)], False),
        ([Box(0, 20, 100, 80)], False),
        ([Box(20, 20, 40, 40)], False),
        ([Box(20, 20, 80, 80), Box(20, 20, 50, 50)], False),
    ],
    ids=["inside", "cut off once", "a corner", "across", "small", "two"],
)
def test_one_large_thing_that_is_no_background_stands_alone(boxes, alone):
    regions = [Proposal(box, 1.0) for box in boxes]
    assert scene._stands_alone(regions, Box(0, 0, 100, 100)) is alone


CORNER = Box(0, 0, 60, 60)  # of the cup's photo; the cup is elsewhere


@pytest.mark.parametrize(
    ("main", "close_up_of_it", "closer"),
    [(-1.0, 0.0, True), (-1.0, -2.1, True), (-1.0, -2.3, False), (0.1, 0.0, False)],
    ids=["something else", "something possible", "known only from afar", "the thing is known"],
)
def test_a_simple_photo_is_searched_when_something_else_may_be_known(
    model, cup, monkeypatch, main, close_up_of_it, closer
):
    whole = Box(0, 0, *cup.size)

    def likeness(grid, window, box, guide):
        return main if window == whole else close_up_of_it

    monkeypatch.setattr(windows, "likeness_of", likeness)
    monkeypatch.setattr(windows, "pick_places", lambda *_, **__: [CORNER])
    found = FocusProposer(model).propose_guided(cup, [], "auto", lambda pooled: pooled[:, 0])
    assert (len({region.window for region in found}) > 1) is closer


def test_what_does_not_stand_alone_and_would_not_be_named_is_searched_as_a_scene(
    model, cup, monkeypatch
):
    monkeypatch.setattr(scene, "_stands_alone", lambda *_: False)
    monkeypatch.setattr(windows, "likeness_of", lambda *_: -1.0)
    monkeypatch.setattr(windows, "pick_places", lambda *_, **__: [])
    found = FocusProposer(model).propose_guided(cup, [], "auto", lambda pooled: pooled[:, 0])
    assert len({region.window for region in found}) > 1


@pytest.mark.parametrize(
    ("place", "inside"),
    [
        (Box(10, 10, 30, 30), True),
        (Box(0, 40, 20, 60), True),
        (Box(-11, 40, 10, 60), False),
        (Box(200, 10, 220, 30), False),
        (Box(0, 0, 100, 205), False),
    ],
    ids=["within", "at the edge", "half out", "elsewhere", "larger"],
)
def test_a_place_lies_in_what_holds_half_of_it(place, inside):
    assert scene.lies_in(place, [Box(300, 300, 400, 400), Box(0, 0, 100, 100)]) is inside


INNER, OUTER = Box(30, 30, 60, 60), Box(500, 0, 590, 90)


@pytest.mark.parametrize(
    ("likeness", "places", "closer"),
    [
        (1.0, [INNER], False),
        (1.0, [INNER, OUTER], True),
        (-0.5, [INNER], True),
    ],
    ids=["all in what is named", "something elsewhere", "not named"],
)
def test_what_is_cut_off_is_no_scene_where_nothing_else_resembles(
    model, cup, monkeypatch, likeness, places, closer
):
    thing = Proposal(Box(20, 0, cup.width // 2, cup.height), 1.0)  # two edges cut it off
    monkeypatch.setattr(windows, "likeness_of", lambda *_: likeness)
    monkeypatch.setattr(windows, "pick_places", lambda *_, **__: places)
    photo = PhotoWindows(model, cup, lambda pooled: pooled[:, 0])
    assert scene.is_scene(photo, [thing], places=8) is closer


def test_without_a_guide_what_is_cut_off_is_a_scene(model, cup):
    thing = Proposal(Box(20, 0, cup.width // 2, cup.height), 1.0)
    assert scene.is_scene(PhotoWindows(model, cup), [thing], places=8)
