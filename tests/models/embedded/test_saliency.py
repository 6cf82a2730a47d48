"""From a saliency map to regions, on maps painted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pekit_agents.models.embedded.saliency import connected_components, salient_regions
from pekit_agents.types import Box

WINDOW = Box(100, 50, 100 + 448, 50 + 224)  # the map's 224 px stand for 448 across, 224 down


def painted(*areas: tuple[int, int, int, int], value: float = 1.0) -> np.ndarray:
    """Return a 224 x 224 map that is bright in the given x0, y0, x1, y1 areas."""
    canvas = np.zeros((224, 224), np.float32)
    for x0, y0, x1, y1 in areas:
        canvas[y0:y1, x0:x1] = value
    return canvas


def test_a_flat_map_has_no_regions():
    assert salient_regions(painted(), WINDOW) == []
    assert salient_regions(painted((28, 56, 84, 140), value=0.49), WINDOW) == []


def test_a_map_that_is_bright_all_over_shows_nothing_that_stands_out():
    assert salient_regions(np.ones((224, 224), np.float32), WINDOW) == []


def test_a_speck_is_no_region():
    assert salient_regions(painted((0, 0, 14, 14)), WINDOW) == []


def test_one_area_is_one_region_in_the_photo_s_pixels():
    (found,) = salient_regions(painted((28, 56, 84, 140)), WINDOW)
    assert found.box == Box(100 + 56, 50 + 56, 100 + 168, 50 + 140)
    assert found.window == WINDOW
    assert found.mask is not None
    assert found.mask.values.sum() == (84 - 28) // 7 * (140 - 56) // 7
    assert found.score == pytest.approx(1.0)


def test_the_box_is_read_off_the_full_map_not_the_cells():
    (found,) = salient_regions(painted((30, 57, 82, 138)), WINDOW)
    assert found.box == Box(100 + 60, 50 + 57, 100 + 164, 50 + 138)


def test_two_areas_are_the_whole_and_each_piece():
    large, small = (0, 0, 84, 84), (140, 140, 196, 196)
    boxes = [region.box for region in salient_regions(painted(large, small), WINDOW)]
    assert boxes == [
        Box(100, 50, 100 + 392, 50 + 196),
        Box(100, 50, 100 + 168, 50 + 84),
        Box(100 + 280, 50 + 140, 100 + 392, 50 + 196),
    ]


def test_noise_beside_a_large_area_is_dropped():
    found = salient_regions(painted((0, 0, 140, 140), (182, 182, 203, 203)), WINDOW)
    assert len(found) == 1


def test_a_dim_object_is_found_relative_to_the_map_s_peak():
    (found,) = salient_regions(painted((28, 56, 84, 140), value=0.6), WINDOW)
    assert found.score == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("cells", "sizes"),
    [
        ([[0, 0], [0, 0]], []),
        ([[1, 0], [0, 1]], [1, 1]),  # corners do not connect
        ([[1, 1], [0, 1]], [3]),
        ([[1, 1, 1], [1, 0, 1], [1, 1, 1]], [8]),
        ([[1, 0, 1], [1, 0, 1], [1, 1, 1]], [7]),  # joined far away
    ],
)
def test_components_are_connected_by_edges(cells, sizes):
    found = connected_components(np.array(cells, bool))
    assert sorted(int(piece.sum()) for piece in found) == sizes
