"""Every adapter of transformers, with tiny random weights, passes what all adapters must pass."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="torch is not installed: no hf profiles")
pytest.importorskip("transformers", reason="transformers is not installed: no hf profiles")

from pekit_agents.models.hf.clip import ClipEncoder
from pekit_agents.models.hf.detection import (
    BoxExtractor,
    BoxProposer,
    DetectionSettings,
)
from pekit_agents.models.hf.dinov2 import DinoEncoder
from pekit_agents.models.hf.grounded_sam import GroundedSam
from pekit_agents.models.hf.grounding_dino import GroundingDino
from pekit_agents.models.hf.owlv2 import Owlv2
from pekit_agents.models.hf.sam import Sam, Sam2
from pekit_agents.models.spec import ModelSpec
from pekit_agents.testing import EncoderTests, ExtractorTests, ProposerTests

ENCODERS = {
    "dinov2": DinoEncoder,
    "dinov2_with_registers": DinoEncoder,
    "dinov3_vit": DinoEncoder,
    "clip": ClipEncoder,
}
SEGMENTERS = {"sam": Sam, "sam2": Sam2, "sam2_video": Sam2}
EVERYTHING = DetectionSettings(threshold=0.0)  # random weights are sure of nothing


@pytest.fixture(scope="module")
def detectors(checkpoint):
    """Detectors by their families, each loaded once."""
    families = {
        kind: GroundingDino(checkpoint(kind), ModelSpec(str(checkpoint(kind)), image_size=64), kind)
        for kind in ("grounding-dino", "mm-grounding-dino")
    }
    folder = checkpoint("owlv2")
    return {**families, "owlv2": Owlv2(folder, ModelSpec(str(folder)))}


@pytest.fixture(scope="module", params=ENCODERS)
def loaded_encoder(request, checkpoint):
    kind, folder = request.param, checkpoint(request.param)
    return ENCODERS[kind](folder, ModelSpec(str(folder), image_size=112), kind)


@pytest.fixture(scope="module", params=SEGMENTERS)
def loaded_segmenter(request, checkpoint):
    folder = checkpoint(request.param)
    return SEGMENTERS[request.param](folder, ModelSpec(str(folder)))


class TestEncoders(EncoderTests):
    @pytest.fixture
    def encoder(self, loaded_encoder):
        return loaded_encoder


class TestBoxProposers(ProposerTests):
    @pytest.fixture(params=["grounding-dino", "mm-grounding-dino", "owlv2"])
    def proposer(self, request, detectors):
        return BoxProposer(detectors[request.param], EVERYTHING)


class TestBoxExtractors(ExtractorTests):
    @pytest.fixture(params=["grounding-dino", "owlv2"])
    def extractor(self, request, detectors):
        return BoxExtractor(detectors[request.param], EVERYTHING)


class TestGroundedSam(ExtractorTests):
    @pytest.fixture
    def extractor(self, detectors, loaded_segmenter):
        return GroundedSam(detectors["grounding-dino"], loaded_segmenter, EVERYTHING)
