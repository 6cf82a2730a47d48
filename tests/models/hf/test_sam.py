"""SAM and SAM 2: boxes go in, and masks come back, in pixels of the photo."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: no hf profiles")
pytest.importorskip("transformers", reason="transformers is not installed: no hf profiles")

from pekit_agents.embedding.pooling import coverage  # noqa: E402
from pekit_agents.models.hf.sam import Sam, Sam2  # noqa: E402
from pekit_agents.models.spec import ModelSpec  # noqa: E402
from pekit_agents.types import Box, Proposal  # noqa: E402

FAMILIES = {"sam": Sam, "sam2": Sam2, "sam2_video": Sam2}


def load(checkpoint, kind):
    folder = checkpoint(kind)
    return FAMILIES[kind](folder, ModelSpec(str(folder)))


def outline_white(model) -> list:
    """Let the decoder answer with what is white in the input; return the boxes it is asked for."""
    asked = []

    def decode(image_embeddings, input_boxes, multimask_output):
        assert multimask_output is False
        asked.append(input_boxes[0].numpy())
        raster = torch.nn.functional.avg_pool2d(image_embeddings.mean(dim=1, keepdim=True), 2)
        return SimpleNamespace(
            pred_masks=raster[:, None].expand(-1, input_boxes.shape[1], -1, -1, -1)
        )

    model._model.network.get_image_embeddings = lambda pixels: pixels
    model._model.network.forward = decode
    return asked


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_saved_model_is_loaded_and_gives_a_mask_for_each_box(checkpoint, noise, kind):
    model = load(checkpoint, kind)
    boxes = [Box(10, 10, 50, 50), Box(20, 5, 120, 90)]
    masks = model.outline(noise(), boxes)
    assert len(masks) == 2
    for mask in masks:
        assert mask.values.dtype == np.float32
        assert set(np.unique(mask.values)) <= {0.0, 1.0}
        assert mask.frame.x1 >= 120
        assert mask.frame.y1 >= 90
    for box, mask in zip(boxes, masks, strict=True):  # alone as together
        np.testing.assert_array_equal(model.outline(noise(), [box])[0].values, mask.values)


@pytest.mark.parametrize("kind", FAMILIES)
def test_no_box_is_no_mask(checkpoint, noise, kind):
    assert load(checkpoint, kind).outline(noise(), []) == []


@pytest.mark.parametrize("kind", ["sam", "sam2"])
@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((640, 480), (160, 120, 400, 360)),
        ((300, 900), (60, 600, 210, 870)),
        ((1000, 250), (700, 50, 950, 200)),
        ((64, 64), (0, 0, 32, 64)),
    ],
)
def test_masks_come_back_where_the_object_is(checkpoint, patch_photo, kind, size, box):
    model = load(checkpoint, kind)
    asked = outline_white(model)
    (mask,) = model.outline(patch_photo(size, box), [Box(*box)])
    rows = coverage(Proposal(Box(*box), 1.0, mask), Box(0, 0, *size), (size[1], size[0]))
    found = np.argwhere(rows > 0.5)
    (top, left), (bottom, right) = found.min(axis=0), found.max(axis=0) + 1
    cell = max(size) / 32  # of the tiny decoder's raster, in pixels of the photo
    np.testing.assert_allclose((left, top, right, bottom), box, atol=cell)
    # The boxes are given in pixels of the input: 64 on the longer side, or both for SAM 2.
    sides = np.array(size if kind == "sam2" else [max(size)] * 2)
    np.testing.assert_allclose(asked[0][0], np.array(box) * 64 / np.tile(sides, 2), atol=0.5)


def test_memory_that_runs_out_costs_a_smaller_batch(checkpoint, noise):
    model = load(checkpoint, "sam")
    real, sizes = model._model.network.forward, []

    def forward(input_boxes, **rest):
        sizes.append(input_boxes.shape[1])
        if input_boxes.shape[1] > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(input_boxes=input_boxes, **rest)

    model._model.network.forward = forward
    boxes = [Box(10, 10, 50, 50), Box(20, 5, 120, 90), Box(0, 0, 20, 20)]
    assert len(model.outline(noise(), boxes)) == 3
    assert sizes == [3, 1, 1, 1]
