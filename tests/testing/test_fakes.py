"""The public fakes keep the contracts of the tools they stand for."""

from __future__ import annotations

from io import BytesIO
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from pekit_agents import PeKit
from pekit_agents.testing import (
    PALETTE,
    SHADES,
    ColourEncoder,
    ColourExtractor,
    ColourProposer,
    EncoderTests,
    ExtractorTests,
    ProposerTests,
    fake_profile,
    graded_profile,
    solid_scene,
    to_png,
)


class TestColourEncoder(EncoderTests):
    @pytest.fixture
    def encoder(self):
        return ColourEncoder()


class TestColourProposer(ProposerTests):
    @pytest.fixture
    def proposer(self):
        return ColourProposer()


class TestColourExtractor(ExtractorTests):
    @pytest.fixture
    def extractor(self):
        return ColourExtractor()


def test_another_id_stands_for_another_encoder():
    assert fake_profile("other").encoder.id == "other"


def test_a_patch_is_one_proposal_with_its_exact_box():
    photo = solid_scene({"red": (5, 7, 45, 47), "blue": (60, 60, 101, 111)})
    found = ColourProposer().propose(photo, [], "scene")
    assert [proposal.box.xyxy for proposal in found] == [(60, 60, 101, 111), (5, 7, 45, 47)]
    assert len(ColourProposer().propose(photo, [], "fast")) == 1
    assert ColourExtractor().extract(photo, "thing")[0].box == found[0].box


@pytest.mark.parametrize("size", [(16, 16), (31, 200), (640, 480)])
def test_a_plain_photo_has_no_patch(size):
    assert ColourProposer().propose(solid_scene({}, size), [], "scene") == []


def test_two_patches_of_one_colour_are_two_proposals():
    photo = solid_scene({"red": (5, 5, 45, 45)})
    photo.paste((255, 0, 0), (100, 60, 140, 100))
    assert len(ColourProposer().propose(photo, [], "scene")) == 2


def test_vectors_are_unit_and_colours_far_apart():
    encoder = ColourEncoder()
    vectors = {}
    for name in PALETTE:
        (grid,) = encoder.encode([solid_scene({name: (0, 0, 160, 120)})])
        assert grid.shape == (15, 20, 4)
        assert grid.dtype == np.float32
        vectors[name] = encoder.normalize(grid.reshape(-1, 4))[0]
        assert np.linalg.norm(vectors[name]) == pytest.approx(1)
    cosines = [float(vectors[a] @ vectors[b]) for a, b in combinations(PALETTE, 2)]
    assert max(cosines) < 0.35


def probability(kit, colour) -> float:
    found = kit.find(solid_scene({colour: (20, 20, 80, 80)})).everything
    return found[0].probability if found else 0.0


@pytest.mark.parametrize("colour", [shade.removeprefix("pale ") for shade in SHADES])
def test_to_the_graded_profile_a_shade_is_possible_and_another_colour_another_thing(
    tmp_path, colour
):
    kit = PeKit.open(tmp_path, profile=graded_profile())
    kit.remember("Mug", solid_scene({colour: (5, 7, 45, 47)}), category="mug")
    assert probability(kit, colour) > 0.99
    assert probability(kit, f"pale {colour}") == pytest.approx(0.36, abs=0.01)
    (possible,) = kit.find(solid_scene({f"pale {colour}": (20, 20, 80, 80)})).possible
    assert possible.object.name == "Mug"
    for other in (PALETTE.keys() | SHADES.keys()) - {colour, f"pale {colour}"}:
        assert probability(kit, other) < 0.01


def test_png_keeps_every_pixel():
    photo = solid_scene({"red": (5, 7, 45, 47)})
    with Image.open(BytesIO(to_png(photo))) as read:
        assert read.convert("RGB").tobytes() == photo.tobytes()
