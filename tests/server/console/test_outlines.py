"""Where a mask ends, as an SVG path."""

from __future__ import annotations

import re

import numpy as np
import pytest

from pekit_agents.server.console.outlines import outline_path
from pekit_agents.types import Box, Mask, Proposal

BOX = Box(10, 10, 30, 30)
AS_BOX = "M10.0 10.0H30.0V30.0H10.0Z"


def path_of(values) -> str:
    mask = Mask(np.array(values, np.float32), Box(0, 0, 40, 40))
    return outline_path(Proposal(BOX, 1.0, mask))


def ends(path: str) -> tuple[float, float, float, float]:
    """Return the box of a path's corners: of each curve the first of its two points."""
    points = np.array(
        [[float(n) for n in pair] for pair in re.findall(r"Q(\S+) (\S+) ", path)]
    ).reshape(-1, 2)
    return (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())


def test_without_a_mask_it_is_the_box():
    assert outline_path(Proposal(BOX, 1.0)) == AS_BOX


def test_a_mask_of_nothing_is_the_box():
    assert path_of([[0.2, 0.4], [0.1, 0.0]]) == AS_BOX


@pytest.mark.parametrize(
    ("values", "box"),
    [
        # Cells of 10 pixels: halfway between the middles of what is inside and what is not.
        ([[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]], (10, 10, 30, 30)),
        # Three quarters inside: 0.5 is crossed a third of the way from 0.75 to 0.
        ([[0, 0, 0, 0], [0, 0.75, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], (11.7, 11.7, 18.3, 18.3)),
        # What reaches the edge ends at it.
        ([[1, 1], [1, 1]], (0, 0, 40, 40)),
    ],
)
def test_the_line_runs_where_half_is_inside(values, box):
    assert ends(path_of(values)) == pytest.approx(box, abs=0.06)


def test_two_pieces_and_a_hole_are_three_lines():
    ring = np.zeros((8, 8))
    ring[1:6, 1:6], ring[3, 3], ring[7, 7] = 1, 0, 1
    assert path_of(ring).count("M") == path_of(ring).count("Z") == 3


def test_cells_that_touch_at_a_corner_are_one_piece():
    assert path_of([[1, 0, 0], [0, 1, 0], [0, 0, 0]]).count("M") == 1


def test_a_mask_of_a_million_pixels_is_a_short_path():
    values = np.zeros((1000, 1000))
    values[250:750, 250:750] = 1
    path = path_of(values)
    assert ends(path) == pytest.approx((10, 10, 30, 30), abs=0.5)
    assert len(path) < 20_000
