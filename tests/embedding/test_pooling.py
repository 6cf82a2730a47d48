"""Masked average pooling (Eq. 2 and 4) on patch grids made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pekit_agents.embedding.pooling import (
    coverage,
    embed_proposals,
    embed_reference,
    mean_direction,
    pool,
    pool_proposals,
    pool_reference,
)
from pekit_agents.types import Box, Mask, Proposal

WINDOW = Box(0, 0, 20, 20)
# Four patches of 10 x 10 pixels; the feature of each is its own axis.
GRID = np.eye(4, dtype=np.float32).reshape(2, 2, 4)


class CornerEncoder:
    """Sees four patches in every image: the mean colour of each quarter, red only."""

    id = "corners"
    dim = 4

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def encode(self, images):
        self.seen += [image.size for image in images]
        return [self._quarters(image) for image in images]

    @staticmethod
    def _quarters(image):
        red = np.asarray(image.resize((2, 2), Image.Resampling.BOX))[..., 0] / 255
        return (red[..., None] * GRID).astype(np.float32)

    def normalize(self, vectors):
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return (vectors / np.maximum(norms, 1e-12)).astype(np.float32)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(0, 0, 20, 20), (0.25, 0.25, 0.25, 0.25)),
        (Box(0, 0, 10, 10), (1, 0, 0, 0)),
        (Box(10, 0, 20, 20), (0, 0.5, 0, 0.5)),
        (Box(5, 0, 15, 10), (0.5, 0.5, 0, 0)),
        (Box(8, 8, 12, 16), (2 / 16, 2 / 16, 6 / 16, 6 / 16)),
    ],
)
def test_a_box_pools_each_patch_by_what_it_covers_of_it(box, expected):
    # The last row by hand: 2 px of each patch across; 2 px of the upper, 6 px of the lower ones.
    np.testing.assert_allclose(pool(GRID, WINDOW, Proposal(box, 1.0)), expected, atol=1e-6)


def test_a_mask_pools_only_what_it_marks():
    mask = Mask(np.array([[1, 0], [0, 1]], np.float32), WINDOW)
    found = pool(GRID, WINDOW, Proposal(WINDOW, 1.0, mask))
    np.testing.assert_allclose(found, (0.5, 0, 0, 0.5), atol=1e-6)


def test_a_soft_mask_weighs_patches():
    mask = Mask(np.array([[0.75, 0], [0, 0.25]], np.float32), WINDOW)
    found = pool(GRID, WINDOW, Proposal(WINDOW, 1.0, mask))
    np.testing.assert_allclose(found, (0.75, 0, 0, 0.25), atol=1e-6)


def test_an_empty_mask_falls_back_on_the_box():
    mask = Mask(np.zeros((2, 2), np.float32), WINDOW)
    found = pool(GRID, WINDOW, Proposal(Box(0, 0, 10, 10), 1.0, mask))
    np.testing.assert_allclose(found, (1, 0, 0, 0), atol=1e-6)


def test_a_region_smaller_than_a_patch_has_that_patch_s_feature():
    found = pool(GRID, WINDOW, Proposal(Box(13, 2, 14, 3), 1.0))
    np.testing.assert_allclose(found, (0, 1, 0, 0), atol=1e-6)


def test_rasters_that_are_no_multiples_of_each_other_keep_the_area():
    mask = Mask(np.random.default_rng(0).random((7, 5), np.float32), WINDOW)
    cells = coverage(Proposal(WINDOW, 1.0, mask), WINDOW, (3, 4))
    assert cells.shape == (3, 4)
    assert cells.mean() == pytest.approx(mask.values.mean(), abs=1e-6)


def test_a_mask_counts_where_its_frame_lies_in_the_window():
    mask = Mask(np.ones((1, 1), np.float32), Box(10, 10, 20, 20))
    cells = coverage(Proposal(WINDOW, 1.0, mask), WINDOW, (2, 2))
    np.testing.assert_allclose(cells, [[0, 0], [0, 1]])


def test_no_proposals_give_no_vectors():
    image = Image.new("RGB", (20, 20))
    assert embed_proposals(image, [], CornerEncoder()).shape == (0, 4)


def test_proposals_are_pooled_in_their_own_window_and_each_window_is_encoded_once():
    image = Image.new("RGB", (40, 20), "white")
    corner = Box(20, 0, 40, 20)
    proposals = [
        Proposal(Box(20, 0, 30, 10), 1.0, window=corner),
        Proposal(Box(30, 10, 40, 20), 1.0, window=corner),
        Proposal(Box(0, 0, 20, 10), 1.0),
    ]
    encoder = CornerEncoder()
    found = embed_proposals(image, proposals, encoder)
    np.testing.assert_allclose(found, [[1, 0, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]], atol=1e-6)
    assert encoder.seen == [(20, 20), (40, 20)]


def test_a_reference_without_augmentation_is_its_pooled_region():
    image = Image.new("RGB", (20, 20), "white")
    view = embed_reference(image, Proposal(Box(0, 0, 10, 10), 1.0), CornerEncoder(), augment=False)
    np.testing.assert_allclose(view.vector, (1, 0, 0, 0), atol=1e-2)


def test_an_augmented_reference_is_of_unit_length_and_is_seen_mirrored():
    image = Image.new("RGB", (64, 64), "white")
    encoder = CornerEncoder()
    view = embed_reference(image, Proposal(Box(0, 0, 32, 32), 1.0), encoder, augment=True)
    assert len(encoder.seen) == 2 + 2  # the photo and a close-up
    assert np.linalg.norm(view.vector) == pytest.approx(1, abs=1e-5)
    left, right, *below = view.vector  # its region is at the left, mirrored at the right
    assert left == pytest.approx(right)
    assert left > max(below)


def test_an_object_that_fills_its_window_is_not_seen_closer():
    image, encoder = Image.new("RGB", (40, 40)), CornerEncoder()
    looks = pool_reference(image, Proposal(Box(2, 2, 38, 38), 1.0), encoder, augment=True)
    assert len(looks) == len(encoder.seen) == 2


def test_a_vector_is_made_in_two_steps():
    picture = Image.new("RGB", (40, 40), (200, 0, 0))
    region = Proposal(Box(0, 0, 20, 40), 1.0)
    encoder = CornerEncoder()
    pooled = pool_proposals(picture, [region, region], encoder)
    assert np.array_equal(
        encoder.normalize(pooled), embed_proposals(picture, [region, region], encoder)
    )
    assert pool_proposals(picture, [], encoder).shape == (0, 4)
    looks = pool_reference(picture, region, encoder, augment=True)
    view = embed_reference(picture, region, encoder, augment=True)
    assert looks.shape == (4, 4)
    assert np.array_equal(mean_direction(looks, encoder), view.vector)


def test_the_mean_direction_by_hand():
    # Unit vectors (1, 0, 0, 0) and (0, 1, 0, 0): their mean points half way between.
    looks = np.array([[5, 0, 0, 0], [0, 2, 0, 0]], np.float32)
    half = 1 / np.sqrt(2)
    assert mean_direction(looks, CornerEncoder()) == pytest.approx([half, half, 0, 0])
