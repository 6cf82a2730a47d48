"""What a region looks like patch by patch."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pekit_agents.embedding.local_features import (
    CODE_WIDTH,
    PatchDescriber,
    Patches,
    as_details,
    cut_patches,
)
from pekit_agents.testing import ColourEncoder, solid_scene
from pekit_agents.types import Box, Mask, Proposal

ENCODER = ColourEncoder()
PHOTO = solid_scene({"red": (32, 32, 64, 64), "blue": (64, 32, 96, 64)}, (160, 120))


class WideEncoder(ColourEncoder):
    """Its features are as wide as a large model's."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dim = width
        self._spread = np.random.default_rng(0).standard_normal((4, width)).astype(np.float32)

    def encode(self, images):
        return [grid @ self._spread for grid in super().encode(images)]


def test_patches_are_those_of_the_region_with_its_colours():
    found = PatchDescriber(ENCODER).describe(PHOTO, Proposal(Box(32, 32, 96, 64), 1.0))
    assert len(found.codes) == len(found.colours) == len(found.weights)
    colours = [tuple(each) for each in found.colours.tolist()]
    assert colours.count((81, 70)) == 9  # a* and b* of red
    assert colours.count((68, -112)) == 9  # and of blue; the rest are edges


def test_only_patches_that_the_region_covers_are_taken_and_weighed():
    half = Mask(np.array([[1.0, 0.0]], np.float32), Box(32, 32, 96, 64))
    whole = cut_patches(PHOTO, Proposal(Box(32, 32, 96, 64), 1.0), ENCODER)
    found = cut_patches(PHOTO, Proposal(Box(32, 32, 96, 64), 1.0, half), ENCODER)
    assert len(found.weights) < len(whole.weights)
    assert (found.colours[:, 1] > 0).all()  # red, and mixed at the edge
    assert found.weights.max() == 127
    assert found.weights.min() >= 0.3 * 127 - 1


def test_a_region_smaller_than_a_patch_has_patches_all_the_same():
    speck = Mask(np.eye(64, dtype=np.float32)[:, :1], Box(0, 0, 160, 120))
    found = cut_patches(PHOTO, Proposal(Box(0, 0, 160, 120), 1.0, speck), ENCODER)
    assert len(found.weights) == 4
    assert found.weights.min() >= 1


def test_where_a_patch_was_cannot_be_told():
    photo = solid_scene({"red": (32, 32, 64, 64), "blue": (64, 32, 96, 64)}, (160, 120))
    turned = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    region = Proposal(Box(32, 32, 128, 64), 1.0)
    one, other = (PatchDescriber(ENCODER).describe(each, region) for each in (photo, turned))
    for name in ("codes", "colours", "weights"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()


@pytest.mark.parametrize(("width", "code"), [(4, 4), (128, 128), (129, 128), (768, 128)])
def test_codes_are_short_and_keep_cosines(width, code):
    assert CODE_WIDTH == 128
    encoder = WideEncoder(width)
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8))
    patches = cut_patches(noise, Proposal(Box(0, 0, 64, 64), 1.0), encoder)
    assert as_details(patches, encoder).codes.shape == (len(patches.features), code)
    # One by one, because together they are sorted.
    columns = zip(patches.features, patches.colours, patches.weights, strict=True)
    alone = [as_details(Patches(*(c[None] for c in each)), encoder).codes for each in columns]
    codes = np.concatenate(alone)
    assert codes.dtype == np.int8

    def cosines(vectors):
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit @ unit.T

    exact = cosines(encoder.normalize(patches.features))
    error = np.abs(cosines(codes.astype(np.float32)) - exact)
    assert error.mean() < (0.05 if width > code else 0.01)


def test_codes_are_the_same_for_ever():
    """They are stored; another way of making them would be another encoder."""
    encoder = WideEncoder(256)
    found = as_details(cut_patches(PHOTO, Proposal(Box(32, 32, 96, 64), 1.0), encoder), encoder)
    assert found.codes[0, :8].tolist() == [-120, 67, -10, 11, 62, -8, -53, 31]
