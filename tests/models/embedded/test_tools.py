"""The embedded model on real weights and real photos."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image, ImageOps

from pekit_agents.boxes import close_up, iou_matrix
from pekit_agents.embedding.pooling import embed_reference
from pekit_agents.errors import ModelError
from pekit_agents.images.loading import load_image
from pekit_agents.models.embedded import model as focus
from pekit_agents.models.embedded import tools as focus_tools
from pekit_agents.models.embedded.model import FocusModel, grid_shape
from pekit_agents.models.embedded.tools import FocusEncoder, FocusExtractor, FocusProposer
from pekit_agents.types import Box, Proposal

pytestmark = pytest.mark.usefixtures("embedded_model")


@pytest.fixture(scope="module")
def model() -> FocusModel:
    return FocusModel()


@pytest.fixture(scope="module")
def cup(photos) -> Image.Image:
    return load_image(photos / "coffee.png")


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((224, 224), (16, 16)),
        ((4000, 3000), (14, 18)),
        ((600, 400), (13, 20)),
        ((1000, 100), (7, 36)),
        ((10, 4000), (36, 7)),
    ],
)
def test_the_grid_follows_the_aspect_ratio_within_bounds(size, shape):
    assert grid_shape(*size) == shape


def test_patches_and_saliency_cover_the_image(model, cup):
    (found,) = model.features([cup])
    assert found.patches.shape == (13, 20, 768)
    assert found.patches.dtype == np.float32
    assert found.saliency.shape == (13 * 14, 20 * 14)
    assert 0 <= found.saliency.min() < found.saliency.max() <= 1


def test_no_images_give_no_features(model):
    assert model.features([]) == []


def test_images_of_several_shapes_come_back_in_order_and_as_if_alone(cup):
    portrait = cup.rotate(90, expand=True)
    together = FocusModel().features([cup, portrait, cup])
    alone = FocusModel().features([portrait])[0]
    assert [f.patches.shape[:2] for f in together] == [(13, 20), (20, 13), (13, 20)]
    np.testing.assert_allclose(together[1].patches, alone.patches, atol=1e-3)


def test_a_picture_seen_before_is_not_run_again(cup, monkeypatch):
    model = FocusModel(cache_size=2)
    first = model.features([cup])[0]
    monkeypatch.setattr(model, "_run", lambda batch: pytest.fail("ran again"))
    assert model.features([cup.copy()])[0] is first


def test_the_cache_keeps_the_latest_pictures_only(cup, monkeypatch):
    model = FocusModel(cache_size=1)
    model.features([cup])
    model.features([ImageOps.mirror(cup)])
    runs = []
    run = model._run
    monkeypatch.setattr(model, "_run", lambda batch: runs.append(1) or run(batch))
    model.features([cup])
    assert runs == [1]


def test_threads_share_a_model(model, cup):
    expected = FocusModel().features([cup])[0].patches
    found: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: found.append(model.features([cup])[0].patches))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for patches in found:
        np.testing.assert_allclose(patches, expected, atol=1e-3)


def test_vectors_are_of_unit_length_and_the_id_names_what_shapes_them(model):
    encoder = FocusEncoder(model)
    vectors = encoder.normalize(np.random.default_rng(0).normal(size=(3, 768)).astype("f4"))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    halves = np.linalg.norm(vectors.reshape(3, 2, 384), axis=2)
    np.testing.assert_allclose(halves, 2**-0.5, atol=1e-5)  # neither block outweighs the other
    assert encoder.dim == 768
    assert encoder.id == "focus-vits14@198644e37de3/blocks3+9/whiten-2"


def test_the_cup_is_what_stands_out_in_its_photo(model, cup):
    best = FocusExtractor(model).extract(cup, "cup")[0]
    drawn_by_hand = np.array([[85.0, 8.0, 425.0, 390.0]])  # cup and saucer
    assert iou_matrix(np.array([best.box.xyxy]), drawn_by_hand)[0, 0] > 0.5


def test_an_empty_wall_holds_no_object(model):
    assert FocusExtractor(model).extract(Image.new("RGB", (300, 300), "gray"), "cup") == []


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


def test_making_one_reads_no_model_and_using_it_does(monkeypatch, cup):
    loads = []
    load = focus._load
    monkeypatch.setattr(focus, "_load", lambda threads: loads.append(threads) or load(threads))
    model = FocusModel(threads=1)
    assert loads == []
    model.features([cup])
    model.features([ImageOps.mirror(cup)])
    assert loads == [1]


def test_a_graph_that_is_no_model_is_a_clear_error(monkeypatch, cup):
    monkeypatch.setattr(focus, "graph_bytes", lambda: b"no model")
    with pytest.raises(ModelError, match="embedded model cannot be loaded"):
        FocusModel().features([cup])


def test_the_class_token_comes_from_the_same_pass(model, cup):
    encoder = FocusEncoder(model)
    tokens = encoder.class_tokens([cup, ImageOps.mirror(cup)])
    assert tokens.shape == (2, 768)
    assert tokens.dtype == np.float32
    assert np.array_equal(tokens[0], model.features([cup])[0].token)
    # The token speaks of the whole picture: mirrored it is nearly the same, of a patch it is not.
    cosine = tokens[0] @ tokens[1] / np.prod(np.linalg.norm(tokens, axis=1))
    assert 0.9 < cosine < 0.9999


def crowd(photos):
    """Return a photo of a cup on a wall of coins, which stand out and fill it to its edges."""
    wall = load_image(photos / "coins.png").convert("RGB").resize((1200, 1200))
    wall.paste(
        load_image(photos / "coffee.png").crop((85, 8, 425, 390)).resize((178, 200)), (900, 120)
    )
    return wall, np.array([[900.0, 120.0, 1078.0, 320.0]])


def test_a_guide_leads_to_what_does_not_stand_out(model, cup, photos):
    encoder = FocusEncoder(model)
    reference = embed_reference(
        cup, FocusExtractor(model).extract(cup, "cup")[0], encoder, augment=True
    )
    scene, there = crowd(photos)
    proposer = FocusProposer(model)

    def guide(pooled):
        return encoder.normalize(pooled) @ reference.vector - np.float32(0.35)

    def best_overlap(proposals):
        return max(iou_matrix(np.array([p.box.xyxy]), there)[0, 0] for p in proposals)

    guided = best_overlap(proposer.propose_guided(scene, [], "scene", guide))
    assert guided > 0.5
    assert guided >= best_overlap(proposer.propose(scene, [], "scene"))


def test_a_guide_is_not_asked_at_one_glance(model, cup):
    def guide(pooled):
        raise AssertionError("one look needs no guide")

    proposer = FocusProposer(model)
    guided = proposer.propose_guided(cup, [], "fast", guide)
    assert [p.box for p in guided] == [p.box for p in proposer.propose(cup, [], "fast")] != []


@pytest.mark.parametrize(
    ("boxes", "alone"),
    [
        ([Box(20, 20, 80, 80)], True),
        ([Box(0, 20, 80, 80)], True),
        ([Box(0, 0, 80, 80)], False),
        ([Box(0, 20, 100, 80)], False),
        ([Box(20, 20, 40, 40)], False),
        ([Box(20, 20, 80, 80), Box(20, 20, 50, 50)], False),
    ],
    ids=["inside", "cut off once", "a corner", "across", "small", "two"],
)
def test_one_large_thing_that_is_no_background_stands_alone(boxes, alone):
    regions = [Proposal(box, 1.0) for box in boxes]
    assert focus_tools._stands_alone(regions, Box(0, 0, 100, 100)) is alone


CORNER = Box(0, 0, 60, 60)  # of the cup's photo; the cup is elsewhere


@pytest.mark.parametrize(
    ("main", "close_up_of_it", "closer"),
    [(-1.0, 0.0, True), (-1.0, -2.1, True), (-1.0, -2.3, False), (0.1, 0.0, False)],
    ids=["something else", "something possible", "known only from afar", "the thing is known"],
)
def test_a_simple_photo_is_searched_when_something_else_may_be_known(
    model, cup, monkeypatch, main, close_up_of_it, closer
):
    whole = Box(0, 0, *cup.size)

    def likeness(grid, window, box, guide):
        return main if window == whole else close_up_of_it

    monkeypatch.setattr(focus_tools, "likeness_of", likeness)
    monkeypatch.setattr(focus_tools, "resembling", lambda *_, **__: [CORNER])
    found = FocusProposer(model).propose_guided(cup, [], "auto", lambda pooled: pooled[:, 0])
    assert (len({region.window for region in found}) > 1) is closer


def test_what_does_not_stand_alone_is_searched_as_a_scene_whatever_is_known(
    model, cup, monkeypatch
):
    monkeypatch.setattr(focus_tools, "_stands_alone", lambda *_: False)
    monkeypatch.setattr(focus_tools, "likeness_of", lambda *_: 5.0)
    monkeypatch.setattr(focus_tools, "resembling", lambda *_, **__: [])
    found = FocusProposer(model).propose_guided(cup, [], "auto", lambda pooled: pooled[:, 0])
    assert len({region.window for region in found}) > 1


def passes_of(model, photo, monkeypatch, mode, places):
    """Return how many pictures each call to the model looks at, of places a guide would name."""
    monkeypatch.setattr(focus_tools, "likeness_of", lambda *_: -3.0)
    monkeypatch.setattr(focus_tools, "resembling", lambda *_, limit, **__: places[:limit])
    looked_at = []
    features = FocusModel.features
    monkeypatch.setattr(
        FocusModel,
        "features",
        lambda self, images: looked_at.append(len(images)) or features(self, images),
    )
    FocusProposer(model).propose_guided(photo, [], mode, lambda pooled: pooled[:, 0])
    return looked_at


def test_a_photo_of_an_unknown_thing_costs_one_close_up_of_the_likeliest_place(
    model, cup, monkeypatch
):
    places = [CORNER, Box(500, 0, 590, 90), Box(0, 300, 90, 390)]
    # The photo, from the cache the second time to find places and the third to compare.
    assert passes_of(model, cup, monkeypatch, "auto", places) == [1, 1, 1, 1]


def test_a_scene_costs_ten_close_ups_of_places_at_most(model, photos, monkeypatch):
    scene, _ = crowd(photos)
    places = [Box(40 * i, 40 * i, 40 * i + 30, 40 * i + 30) for i in range(12)]
    whole, quarters, again, close, _ = passes_of(model, scene, monkeypatch, "scene", places)
    assert (whole, quarters, again, close) == (1, 4, 5, 2 + 8)


def test_a_place_of_the_guide_is_seen_in_a_wide_close_up(model, photos, monkeypatch):
    scene, there = crowd(photos)
    place = Box(*there[0])
    monkeypatch.setattr(focus_tools, "resembling", lambda *_, **__: [place])
    found = FocusProposer(model).propose_guided(scene, [], "scene", lambda pooled: pooled[:, 0])
    assert close_up(place, *scene.size, factor=2.0) in {region.window for region in found}
