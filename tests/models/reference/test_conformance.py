"""The original packages, with small random weights, pass what all adapters must pass."""

from __future__ import annotations

import pytest

from pekit_agents.models.hf.detection import BoxProposer, DetectionSettings
from pekit_agents.models.hf.grounded_sam import GroundedSam
from pekit_agents.models.reference.grounding_dino import OriginalGroundingDino
from pekit_agents.models.reference.sam import OriginalSam
from pekit_agents.models.spec import ModelSpec
from pekit_agents.testing import ExtractorTests, ProposerTests

EVERYTHING = DetectionSettings(threshold=0.0)  # random weights are sure of nothing


@pytest.fixture(scope="module")
def detector(home):
    path = home / "groundingdino_swint_ogc.pth"
    return OriginalGroundingDino(path, ModelSpec(str(path), device="cpu", image_size=96))


@pytest.fixture(scope="module")
def segmenter(home):
    path = home / "sam_vit_b_01ec64.pth"
    return OriginalSam(path, ModelSpec(str(path), device="cpu"))


class TestOriginalGroundingDino(ProposerTests):
    @pytest.fixture
    def proposer(self, detector):
        return BoxProposer(detector, EVERYTHING)


class TestOriginalGroundedSam(ExtractorTests):
    @pytest.fixture
    def extractor(self, detector, segmenter):
        return GroundedSam(detector, segmenter, DetectionSettings(threshold=0.0, limit=2))
