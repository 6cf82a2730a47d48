"""Centring and whitening of features, with numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pekit_agents.embedding.whitening import Whitening, spread

#: Mean (1, 2); variances 8 and 2 (n - 1 = 3), so 0.1 of their mean is 0.5.
CROSS = np.array([[1 + 12**0.5, 2], [1 - 12**0.5, 2], [1, 2 + 3**0.5], [1, 2 - 3**0.5]], np.float32)


def test_the_matrix_makes_the_spread_equal_but_for_a_tenth():
    made = Whitening.of(CROSS)
    np.testing.assert_allclose(made.mean, [[1, 2]], atol=1e-6)
    np.testing.assert_allclose(made.matrix, [np.diag([8.5**-0.5, 2.5**-0.5])], atol=1e-6)


def test_vectors_are_centred_whitened_and_of_unit_length():
    made = Whitening.of(CROSS)
    x, y = 3 * 8.5**-0.5, 4 * 2.5**-0.5  # of (4, 6), which is (3, 4) from the mean
    expected = np.array([[x, y]]) / np.hypot(x, y)
    np.testing.assert_allclose(made.normalize(np.array([[4, 6]], np.float32)), expected, atol=1e-6)
    assert made.normalize(np.zeros((0, 2), np.float32)).shape == (0, 2)
    np.testing.assert_array_equal(made.normalize(made.mean), [[0, 0]])  # nothing is no number


def test_blocks_are_whitened_each_by_itself_and_weigh_the_same():
    both = Whitening.of(np.hstack([CROSS, 100 * CROSS]), blocks=2)
    vector = np.array([[4, 6, 400, 600]], np.float32)
    one = Whitening.of(CROSS).normalize(vector[:, :2])
    np.testing.assert_allclose(both.normalize(vector), np.hstack([one, one]) / 2**0.5, atol=1e-5)


@pytest.mark.parametrize(
    ("count", "expected"), [(1, [0]), (3, [0, 2, 5]), (6, [0, 1, 2, 3, 4, 5]), (9, range(6))]
)
def test_features_are_taken_evenly_from_a_grid(count, expected):
    grid = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    np.testing.assert_array_equal(spread(grid, count), grid.reshape(6, 2)[list(expected)])
