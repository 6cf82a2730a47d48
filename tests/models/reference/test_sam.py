"""The original SAM: boxes go in, and masks come back, in pixels of the photo."""

from __future__ import annotations

import numpy as np
import pytest
import segment_anything
import torch

from pekit_agents.embedding.pooling import coverage
from pekit_agents.errors import ModelError
from pekit_agents.models.reference.sam import OriginalSam
from pekit_agents.models.spec import ModelSpec
from pekit_agents.types import Box, Proposal

BOXES = [Box(10, 10, 50, 50), Box(20, 5, 120, 90)]


@pytest.fixture
def load(home):
    """Return a function that loads the small checkpoint."""

    def load(**options) -> OriginalSam:
        path = home / "sam_vit_b_01ec64.pth"
        return OriginalSam(path, ModelSpec(str(path), **{"device": "cpu", **options}))

    return load


def outline_white(model: OriginalSam) -> list:
    """Let the decoder answer with what is white in the input; return the boxes it is asked for."""
    asked, network = [], model._model.network

    def prompts(points, boxes, masks):
        asked.append(boxes.numpy())
        return boxes, None

    def decode(image_embeddings, sparse_prompt_embeddings, multimask_output, **_):
        assert multimask_output is False
        bright = image_embeddings.mean(dim=1, keepdim=True)
        raster = torch.nn.functional.avg_pool2d(bright, 4)
        return raster.expand(len(sparse_prompt_embeddings), -1, -1, -1), None

    network.image_encoder.forward = lambda pixels: pixels
    network.prompt_encoder.forward = prompts
    network.mask_decoder.forward = decode
    return asked


def test_masks_are_those_of_the_package_itself(load, noise):
    model, photo = load(), noise()
    masks = model.outline(photo, BOXES)
    predictor = segment_anything.SamPredictor(model._model.network)
    predictor.set_image(np.asarray(photo))
    corners = torch.tensor([box.xyxy for box in BOXES])
    corners = predictor.transform.apply_boxes_torch(corners, (photo.height, photo.width))
    _, _, logits = predictor.predict_torch(None, None, corners, multimask_output=False)
    assert len(masks) == 2
    for mask, theirs in zip(masks, logits, strict=True):
        assert mask.values.dtype == np.float32
        assert set(np.unique(mask.values)) == {0.0, 1.0}
        assert mask.frame == Box(0, 0, 120, 120)  # the raster covers the padding too
        # Random weights leave many cells near the edge between in and out.
        assert np.mean(mask.values == (theirs[0] > 0).numpy()) > 0.999


def test_no_box_is_no_mask(load, noise):
    assert load().outline(noise(), []) == []


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((640, 480), (160, 120, 400, 360)),
        ((300, 900), (60, 600, 210, 870)),
        ((1000, 250), (700, 50, 950, 200)),
        ((64, 64), (0, 0, 32, 64)),
    ],
)
def test_masks_come_back_where_the_object_is(load, patch_photo, size, box):
    model = load()
    asked = outline_white(model)
    (mask,) = model.outline(patch_photo(size, box), [Box(*box)])
    rows = coverage(Proposal(Box(*box), 1.0, mask), Box(0, 0, *size), (size[1], size[0]))
    found = np.argwhere(rows > 0.5)
    (top, left), (bottom, right) = found.min(axis=0), found.max(axis=0) + 1
    cell = max(size) / 256  # of the decoder's raster, in pixels of the photo
    np.testing.assert_allclose((left, top, right, bottom), box, atol=max(1, cell))
    np.testing.assert_allclose(asked[0][0], np.array(box) * 1024 / max(size), atol=1.5)


def test_half_precision_gives_nearly_the_same_masks(load, noise):
    full, half = (load(dtype=dtype).outline(noise(), BOXES) for dtype in ("float32", "bfloat16"))
    for one, other in zip(full, half, strict=True):
        assert np.mean(one.values == other.values) > 0.95


def test_memory_that_runs_out_costs_a_smaller_batch(load, noise):
    model = load()
    real, sizes = model._model.network.mask_decoder.forward, []

    def forward(sparse_prompt_embeddings, **rest):
        sizes.append(len(sparse_prompt_embeddings))
        if sizes[-1] > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(sparse_prompt_embeddings=sparse_prompt_embeddings, **rest)

    model._model.network.mask_decoder.forward = forward
    assert len(model.outline(noise(), BOXES)) == 2
    assert sizes == [2, 1, 1]


def test_a_checkpoint_of_grounding_dino_is_refused(home):
    path = home / "groundingdino_swint_ogc.pth"
    says = r"the original SAM \(ViT-B, L or H\) in .*; take one of the sam_vit_\*\.pth files"
    with pytest.raises(ModelError, match=says):
        OriginalSam(path, ModelSpec(str(path)))


def test_weights_that_are_not_all_there_are_refused(home, tmp_path):
    weights = torch.load(home / "sam_vit_b_01ec64.pth", weights_only=True)
    weights["mask_decoder.iou_token.weight"] = torch.zeros(1, 8)
    path = tmp_path / "sam.pth"
    torch.save(weights, path)
    says = r"weights of a Sam in .* 1 of them are missing .*\(mask_decoder\.iou_token\.weight\)"
    with pytest.raises(ModelError, match=says):
        OriginalSam(path, ModelSpec(str(path)))
