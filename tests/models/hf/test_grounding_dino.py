"""Grounding DINO: real checkpoints loaded by path, boxes that land where they should."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="torch is not installed: no hf profiles")
pytest.importorskip("transformers", reason="transformers is not installed: no hf profiles")

from pekit_agents.images.loading import load_image  # noqa: E402
from pekit_agents.models.hf.detection import BoxExtractor, BoxProposer, DetectionSettings  # noqa: E402
from pekit_agents.models.hf.grounding_dino import GroundingDino  # noqa: E402
from pekit_agents.models.spec import ModelSpec  # noqa: E402

FAMILIES = ["grounding-dino", "mm-grounding-dino"]


def load(folder: Path, kind: str = "grounding-dino", **options) -> GroundingDino:
    return GroundingDino(folder, ModelSpec(str(folder), **{"image_size": 64, **options}), kind)


def see_white(model: GroundingDino) -> None:
    """Let the network find the white rectangle in its own input, as a perfect model would."""

    def forward(pixel_values, input_ids, **_):
        bright = (pixel_values[0].mean(dim=0) > 0).nonzero()  # (n, 2): row, column
        (top, left), (bottom, right) = bright.amin(dim=0), bright.amax(dim=0) + 1
        height, width = pixel_values.shape[-2:]
        box = torch.tensor(
            [(left + right) / 2 / width, (top + bottom) / 2 / height,
             (right - left) / width, (bottom - top) / height]
        )  # fmt: skip
        count = len(pixel_values)
        logits = torch.full((count, 1, 256), float("-inf"))
        logits[:, 0, 1] = 3.0
        return SimpleNamespace(
            logits=logits, pred_boxes=box.expand(count, 1, 4), input_ids=input_ids
        )

    model._model.network.forward = forward


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_saved_model_is_loaded_and_finds_boxes_in_the_photo(checkpoint, noise, kind):
    found = load(checkpoint(kind), kind).detect(noise(), ["dog"], 0.0)
    assert len(found) == 12  # every query of the network
    assert all(0 <= proposal.score <= 1 for proposal in found)
    assert all(-120 < proposal.box.x0 < proposal.box.x1 < 240 for proposal in found)


@pytest.mark.parametrize("kind", FAMILIES)
def test_each_concept_is_a_query_of_its_own(checkpoint, noise, kind):
    model = load(checkpoint(kind), kind)
    together = model.detect(noise(), ["dog", "red coffee mug"], 0.0)
    apart = [p for word in ("dog", "red coffee mug") for p in model.detect(noise(), [word], 0.0)]
    assert len(together) == len(apart) == 24
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one.box.xyxy, other.box.xyxy, atol=1e-3)
        assert one.score == pytest.approx(other.score, abs=1e-5)


def test_the_prompt_is_tokenised_as_the_network_expects(checkpoint):
    words = load(checkpoint("grounding-dino"))._words(["dog", "coffee mug"])
    assert words["input_ids"].tolist() == [[101, 300, 1012, 102, 0], [101, 303, 301, 1012, 102]]


def test_the_vocabulary_of_the_real_models_works(checkpoint, noise):
    model = load(checkpoint("grounding-dino with real words"))
    words = model._words(["corgi", "coffee mug"])["input_ids"].tolist()
    assert [row[0] for row in words] == [101, 101]
    assert all(row.count(1012) == row.count(102) == 1 for row in words)
    together = model.detect(noise(), ["corgi", "coffee mug"], 0.0)
    apart = [p for word in ("corgi", "coffee mug") for p in model.detect(noise(), [word], 0.0)]
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one.box.xyxy, other.box.xyxy, atol=1e-3)


@pytest.mark.parametrize("image_size", [None, 200, 64])
@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((640, 480), (100, 50, 300, 400)),
        ((480, 640), (10, 300, 200, 630)),
        ((1500, 400), (1100, 100, 1499, 399)),  # so wide that the longer side is what is limited
        ((90, 120), (0, 0, 45, 60)),  # smaller than the input: enlarged
    ],
)
def test_boxes_come_back_in_pixels_of_the_photo(checkpoint, patch_photo, size, box, image_size):
    model = load(checkpoint("grounding-dino"), image_size=image_size)
    see_white(model)
    (found,) = model.detect(patch_photo(size, box), ["dog"], 0.5)
    shorter = image_size or 800
    scale = min(shorter / min(size), shorter * 1333 / 800 / max(size))
    pixel = max(1.0, 1 / scale)  # of the input or of the photo, whichever is coarser
    np.testing.assert_allclose(found.box.xyxy, box, atol=pixel)
    assert found.score == pytest.approx(1 / (1 + np.exp(-3.0)), abs=1e-6)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_photo_turned_by_exif_gives_the_same_boxes(checkpoint, patch_photo, orientation):
    upright = patch_photo((320, 240), (40, 60, 140, 220))
    back = {1: 0, 3: 180, 6: 90, 8: -90}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = BytesIO()
    upright.rotate(back, expand=True).save(file, "png", exif=exif)
    model = load(checkpoint("grounding-dino"), image_size=240)
    turned = model.detect(load_image(file.getvalue()), ["dog"], 0.0)
    plain = model.detect(upright, ["dog"], 0.0)
    assert [p.box for p in turned] == [p.box for p in plain]
    see_white(model)
    (found,) = model.detect(load_image(file.getvalue()), ["dog"], 0.5)
    np.testing.assert_allclose(found.box.xyxy, (40, 60, 140, 220), atol=1)


def test_the_extractor_returns_the_best_box_without_a_mask(checkpoint, patch_photo):
    model = load(checkpoint("grounding-dino"))
    see_white(model)
    photo = patch_photo((320, 240), (40, 60, 140, 220))
    (view,) = BoxExtractor(model, DetectionSettings(threshold=0.9)).extract(photo, "Dog.")
    assert view.mask is None
    assert view.window is None


def test_a_category_that_matches_nothing_is_an_empty_list(checkpoint, patch_photo):
    model = load(checkpoint("grounding-dino"))
    see_white(model)
    photo = patch_photo((320, 240), (40, 60, 140, 220))
    strict = DetectionSettings(threshold=0.99)
    assert BoxExtractor(model, strict).extract(photo, "unicorn") == []
    assert BoxProposer(model, strict).propose(photo, ["unicorn", "dog"], "auto") == []


def test_memory_that_runs_out_costs_a_smaller_batch(checkpoint, noise):
    model = load(checkpoint("grounding-dino"), batch_size=4)
    real, sizes = model._model.network.forward, []

    def forward(pixel_values, **rest):
        sizes.append(len(pixel_values))
        if len(pixel_values) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(pixel_values=pixel_values, **rest)

    model._model.network.forward = forward
    words = ["dog", "mug", "cat", "object"]
    found = model.detect(noise(), words, 0.0)
    assert sizes == [4, 2, 1, 1, 1, 1]
    assert len(found) == 48
