"""Proposals of the embedded profile on real weights and real photos."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pekit_agents.boxes import close_up, iou_matrix
from pekit_agents.embedding.pooling import embed_reference
from pekit_agents.images.loading import load_image
from pekit_agents.models.embedded import proposer, windows
from pekit_agents.models.embedded.encoder import FocusEncoder
from pekit_agents.models.embedded.extractor import FocusExtractor
from pekit_agents.models.embedded.model import FocusModel
from pekit_agents.models.embedded.proposer import FocusProposer
from pekit_agents.testing import ProposerTests
from pekit_agents.types import Box

pytestmark = pytest.mark.usefixtures("embedded_model")


class TestFocusProposer(ProposerTests):
    @pytest.fixture
    def proposer(self, model):
        return FocusProposer(model)


def test_a_small_object_is_proposed_in_a_scene_and_not_at_one_glance(model, cup, photos):
    scene = Image.new("RGB", (1200, 1200), (120, 118, 116))
    motorcycle = load_image(photos / "motorcycle_left.png")
    scene.paste(motorcycle.resize((700, 472)), (450, 60))
    scene.paste(cup.crop((85, 8, 425, 390)).resize((178, 200)), (80, 900))
    there = np.array([[80.0, 900.0, 258.0, 1100.0]])
    proposer = FocusProposer(model)

    def best_overlap(mode):
        boxes = [proposal.box.xyxy for proposal in proposer.propose(scene, [], mode)]
        return max((iou_matrix(np.array([box]), there)[0, 0] for box in boxes), default=0)

    assert best_overlap("scene") > 0.5 > best_overlap("fast")


def test_proposals_lie_in_the_photo_and_in_their_windows(model, photos):
    photo = load_image(photos / "astronaut.png")
    proposals = FocusProposer(model).propose(photo, [], "scene")
    assert proposals
    for proposal in proposals:
        box, window = proposal.box, proposal.window
        assert isinstance(window, Box)
        assert 0 <= window.x0 <= box.x0 < box.x1 <= window.x1 <= photo.width
        assert 0 <= window.y0 <= box.y0 < box.y1 <= window.y1 <= photo.height


def test_a_guide_leads_to_what_does_not_stand_out(model, cup, crowd):
    encoder = FocusEncoder(model)
    reference = embed_reference(
        cup, FocusExtractor(model).extract(cup, "cup")[0], encoder, augment=True
    )
    crowded, there = crowd
    proposer = FocusProposer(model)

    def guide(pooled):
        return encoder.normalize(pooled) @ reference.vector - np.float32(0.35)

    def best_overlap(proposals):
        return max(iou_matrix(np.array([p.box.xyxy]), there)[0, 0] for p in proposals)

    guided = best_overlap(proposer.propose_guided(crowded, [], "scene", guide))
    assert guided > 0.5
    assert guided >= best_overlap(proposer.propose(crowded, [], "scene"))


def test_a_guide_is_not_asked_at_one_glance(model, cup):
    def guide(pooled):
        raise AssertionError("one look needs no guide")

    proposer = FocusProposer(model)
    guided = proposer.propose_guided(cup, [], "fast", guide)
    assert [p.box for p in guided] == [p.box for p in proposer.propose(cup, [], "fast")] != []


def passes_of(model, photo, monkeypatch, mode, places, likeness=-2.0):
    """Return how many pictures each call to the model looks at, of places a guide would name."""
    monkeypatch.setattr(windows, "likeness_of", lambda *_: likeness)
    monkeypatch.setattr(windows, "pick_places", lambda _, limit: places[:limit])
    looked_at = []
    features = FocusModel.features
    monkeypatch.setattr(
        FocusModel,
        "features",
        lambda self, images: looked_at.append(len(images)) or features(self, images),
    )
    FocusProposer(model).propose_guided(photo, [], mode, lambda pooled: pooled[:, 0])
    return [count for count in looked_at if count]


def test_a_photo_of_an_unknown_thing_costs_one_close_up_of_the_likeliest_place(
    model, cup, monkeypatch
):
    places = [Box(0, 0, 60, 60), Box(500, 0, 590, 90), Box(0, 300, 90, 390)]
    assert passes_of(model, cup, monkeypatch, "auto", places, likeness=-3.0) == [1, 1]


def test_a_scene_costs_ten_close_ups_of_places_at_most(model, crowd, monkeypatch):
    crowded, _ = crowd
    places = [Box(40 * i, 40 * i, 40 * i + 30, 40 * i + 30) for i in range(12)]
    whole, quarters, close, _ = passes_of(model, crowded, monkeypatch, "scene", places)
    assert (whole, quarters, close) == (1, 4, 2 + 8)


@pytest.mark.parametrize(
    ("likeness", "looks", "read"),
    [(-5.0, [1, 4], 1), (-3.0, [1, 4, 2], 1), (-2.0, [1, 4, 2, 2], 5)],
    ids=["nothing alike", "alike from afar", "possible"],
)
def test_saliency_is_read_only_where_something_may_be_remembered(
    model, crowd, monkeypatch, likeness, looks, read
):
    crowded, _ = crowd
    reads = []
    decode = FocusModel._saliency
    monkeypatch.setattr(FocusModel, "_saliency", lambda *args: reads.append(1) or decode(*args))
    fresh = FocusModel()
    assert passes_of(fresh, crowded, monkeypatch, "scene", [], likeness) == looks
    assert len(reads) == read


def test_what_is_settled_is_looked_at_closer_only_on_request(model, crowd, monkeypatch):
    crowded, _ = crowd
    whole, inside = Box(0, 0, *crowded.size), [Box(40, 40, 140, 140), Box(300, 300, 420, 420)]
    monkeypatch.setattr(proposer, "is_scene", lambda *_, **__: True)
    monkeypatch.setattr(proposer, "settled_in", lambda *_: [whole])
    assert passes_of(model, crowded, monkeypatch, "auto", inside) == [1, 4]
    monkeypatch.undo()
    _, _, closer, *_ = passes_of(model, crowded, monkeypatch, "scene", inside)
    assert closer >= len(inside)


def test_a_place_of_the_guide_is_seen_in_a_wide_close_up(model, crowd, monkeypatch):
    crowded, there = crowd
    place = Box(*there[0])
    monkeypatch.setattr(windows, "pick_places", lambda *_, **__: [place])
    found = FocusProposer(model).propose_guided(crowded, [], "scene", lambda pooled: pooled[:, 0])
    assert close_up(place, *crowded.size, factor=2.0) in {region.window for region in found}
