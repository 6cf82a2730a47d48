"""OWLv2: a saved model is loaded, and its boxes land where they should."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: no hf profiles")
pytest.importorskip("transformers", reason="transformers is not installed: no hf profiles")

from pekit_agents.models.hf.owlv2 import Owlv2  # noqa: E402
from pekit_agents.models.spec import ModelSpec  # noqa: E402


def load(checkpoint, **options) -> Owlv2:
    folder = checkpoint("owlv2")
    return Owlv2(folder, ModelSpec(str(folder), **options))


def test_all_concepts_in_one_pass_give_what_each_gives_alone(checkpoint, noise):
    model = load(checkpoint)
    together = model.detect(noise(), ["dog", "coffee mug", "cat"], 0.0)
    apart = [p for word in ("dog", "coffee mug", "cat") for p in model.detect(noise(), [word], 0.0)]
    assert len(together) == len(apart) == 3 * 36  # a box for each patch
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one.box.xyxy, other.box.xyxy, atol=1e-3)
        assert one.score == pytest.approx(other.score, abs=1e-5)
    assert {round(p.score, 6) for p in together[:36]} != {
        round(p.score, 6) for p in together[36:72]
    }


def test_the_tokenizer_fills_the_models_sixteen_places(checkpoint, noise):
    model = load(checkpoint)
    seen = []
    real = model._model.network.forward
    model._model.network.forward = lambda **inputs: seen.append(inputs) or real(**inputs)
    model.detect(noise(), ["dog", "an endless description of a thing with very many words"], 0.0)
    assert seen[0]["input_ids"].shape == (2, 16)
    assert seen[0]["input_ids"][:, 0].tolist() == [53, 53]


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((640, 480), (100, 50, 300, 400)),
        ((300, 900), (10, 300, 200, 880)),
        ((84, 42), (0, 0, 42, 42)),
    ],
)
def test_boxes_come_back_in_pixels_of_the_photo(checkpoint, patch_photo, size, box):
    model = load(checkpoint)

    def forward(pixel_values, input_ids, **_):
        bright = (pixel_values[0].mean(dim=0) > 0).nonzero()
        (top, left), (bottom, right) = bright.amin(dim=0), bright.amax(dim=0) + 1
        side = pixel_values.shape[-1]
        found = torch.stack([(left + right) / 2, (top + bottom) / 2, right - left, bottom - top])
        logits = torch.full((1, 1, len(input_ids)), -9.0)
        logits[..., 0] = 3.0
        return SimpleNamespace(logits=logits, pred_boxes=found[None, None] / side)

    model._model.network.forward = forward
    (found,) = model.detect(patch_photo(size, box), ["dog", "cat"], 0.5)
    np.testing.assert_allclose(found.box.xyxy, box, atol=max(1.0, max(size) / 84))
    assert found.score == pytest.approx(1 / (1 + np.exp(-3.0)), abs=1e-6)
