"""Where something remembered may be: boxes of all sizes over patch grids made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pekit_agents.boxes import containment, iou_matrix
from pekit_agents.models.embedded.guidance import (
    box_ladder,
    likeness_of,
    pick_places,
    pool_boxes,
    scored_boxes,
)
from pekit_agents.types import Box

WINDOW = Box(100, 200, 420, 520)  # 16 x 16 patches of 20 pixels


def planted(*places, value=1.0):
    """Return a grid whose one feature is ``value`` inside the boxes of patches, else 0."""
    grid = np.zeros((16, 16, 1), np.float32)
    for x0, y0, x1, y1 in places:
        grid[y0:y1, x0:x1] = value
    return grid


def filled(pooled):
    """Guide: likes what is full of the feature, however large, in log-odds of being named."""
    return 20 * (pooled[:, 0] - np.float32(0.95))


def resembling(grids, windows, guide, *, limit):
    scored = [
        scored_boxes(grid, window, guide) for grid, window in zip(grids, windows, strict=True)
    ]
    return pick_places(scored, limit=limit)


def test_the_ladder_stays_on_the_grid_and_has_every_size_once():
    boxes = box_ladder(16, 12)
    assert len(boxes) == len({tuple(box) for box in boxes.tolist()})
    assert boxes[:, :2].min() == 0
    assert (boxes[:, 2].max(), boxes[:, 3].max()) == (12, 16)
    sides = boxes[:, 2:] - boxes[:, :2]
    assert sides.min() >= 2
    assert {tuple(side) for side in sides.tolist()} >= {(3, 2), (5, 5), (4, 6), (10, 10)}


@pytest.mark.parametrize("shape", [(1, 1), (1, 9)])
def test_a_grid_too_small_for_any_box_has_none(shape):
    assert box_ladder(*shape).shape == (0, 4)


def test_pooling_is_the_mean_of_each_box():
    grid = np.random.default_rng(0).normal(size=(7, 9, 3)).astype(np.float32)
    boxes = np.array([[0, 0, 9, 7], [2, 3, 4, 5], [8, 6, 9, 7]])
    expected = [grid[y0:y1, x0:x1].mean(axis=(0, 1)) for x0, y0, x1, y1 in boxes]
    np.testing.assert_allclose(pool_boxes(grid, boxes), expected, atol=1e-6)


def test_a_place_is_given_in_pixels_of_the_photo():
    (place,) = resembling([planted((4, 7, 6, 9))], [WINDOW], filled, limit=5)
    assert place == Box(100 + 4 * 20, 200 + 7 * 20, 100 + 6 * 20, 200 + 9 * 20)


def test_pixels_are_counted_on_each_axis():
    flat = Box(100, 200, 420, 360)  # patches of 20 x 10 pixels
    (place,) = resembling([planted((4, 7, 6, 9))], [flat], filled, limit=5)
    assert place == Box(100 + 4 * 20, 200 + 7 * 10, 100 + 6 * 20, 200 + 9 * 10)


def test_the_likeness_of_a_box_is_that_of_its_patches():
    flat = Box(100, 200, 420, 360)
    grid = planted((4, 7, 6, 9))
    inside = Box(100 + 4 * 20, 200 + 7 * 10, 100 + 6 * 20, 200 + 9 * 10)
    assert likeness_of(grid, flat, inside, lambda pooled: pooled[:, 0]) == 1
    # One more patch on each side: 4 of 16 patches are planted.
    around = Box(inside.x0 - 20, inside.y0 - 10, inside.x1 + 20, inside.y1 + 10)
    assert likeness_of(grid, flat, around, lambda pooled: pooled[:, 0]) == 0.25


def test_a_box_may_end_with_its_window_wherever_that_ends():
    grid = np.ones((15, 15, 1), np.float32)
    for side in np.linspace(30, 700, 400).tolist():
        window = Box(0.3, 0.7, 0.3 + side, 0.7 + side)
        likeness = likeness_of(grid, window, window, lambda pooled: pooled[:, 0])
        assert likeness == pytest.approx(1, abs=1e-6)


def test_places_lie_apart():
    places = resembling([planted((0, 0, 10, 10), (11, 11, 14, 14))], [WINDOW], filled, limit=20)
    assert len(places) > 1
    xyxy = [place.xyxy for place in places]
    overlap = iou_matrix(xyxy, xyxy)[~np.eye(len(xyxy), dtype=bool)]
    assert overlap.max() <= 0.1
    within = containment(xyxy, xyxy)[~np.eye(len(xyxy), dtype=bool)]
    assert within.max() <= 0.3


def test_the_best_places_come_first_and_no_more_than_asked_for():
    grid = planted((0, 0, 2, 2), value=1.0) + planted((8, 8, 10, 10), value=1.2)
    first, second = resembling([grid], [WINDOW], filled, limit=5)
    assert (first.x0, second.x0) == (100 + 8 * 20, 100)
    assert resembling([grid], [WINDOW], filled, limit=1) == [first]


def test_a_place_is_the_whole_of_which_a_part_is_most_similar():
    part = planted((4, 7, 6, 9), value=0.05)
    (place,) = resembling([planted((4, 5, 9, 10)) + part], [WINDOW], filled, limit=1)
    assert place == Box(100 + 4 * 20, 200 + 5 * 20, 100 + 9 * 20, 200 + 10 * 20)


def test_what_is_far_from_being_named_is_no_place():
    def reaching(by):
        return lambda pooled: np.full(len(pooled), -by, np.float32)

    assert len(resembling([planted()], [WINDOW], reaching(4.4), limit=5)) > 0
    assert resembling([planted()], [WINDOW], reaching(4.6), limit=5) == []


def test_several_windows_are_searched_together():
    other = Box(0, 0, 160, 160)
    grids = [planted((0, 0, 5, 5)), planted((0, 0, 10, 10), value=2.0)]
    best, *_ = resembling(grids, [WINDOW, other], filled, limit=5)
    assert best.x1 <= other.x1
