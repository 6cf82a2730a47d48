"""When the embedded profile takes a photo for a scene."""

from __future__ import annotations

import pytest

from pekit_agents.models.embedded import scene, windows
from pekit_agents.models.embedded.proposer import FocusProposer
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


def test_what_does_not_stand_alone_is_searched_as_a_scene_whatever_is_known(
    model, cup, monkeypatch
):
    monkeypatch.setattr(scene, "_stands_alone", lambda *_: False)
    monkeypatch.setattr(windows, "likeness_of", lambda *_: 5.0)
    monkeypatch.setattr(windows, "pick_places", lambda *_, **__: [])
    found = FocusProposer(model).propose_guided(cup, [], "auto", lambda pooled: pooled[:, 0])
    assert len({region.window for region in found}) > 1
