"""The original Grounding DINO: its own code on small random weights."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from pekit_agents.errors import ModelError
from pekit_agents.images.loading import load_image
from pekit_agents.models.reference import grounding_dino
from pekit_agents.models.reference.grounding_dino import OriginalGroundingDino
from pekit_agents.models.spec import ModelSpec


@pytest.fixture
def load(home):
    """Return a function that loads the small checkpoint."""

    def load(**options) -> OriginalGroundingDino:
        path = home / "groundingdino_swint_ogc.pth"
        options = {"device": "cpu", "image_size": 96, **options}
        return OriginalGroundingDino(path, ModelSpec(str(path), **options))

    return load


def see_white(model: OriginalGroundingDino) -> None:
    """Let the network find the white rectangle in its own input, as a perfect model would."""

    def forward(batch, captions):
        bright = (batch[0].mean(dim=0) > 0).nonzero()  # (n, 2): row, column
        (top, left), (bottom, right) = bright.amin(dim=0), bright.amax(dim=0) + 1
        height, width = batch.shape[-2:]
        box = torch.tensor(
            [(left + right) / 2 / width, (top + bottom) / 2 / height,
             (right - left) / width, (bottom - top) / height]
        )  # fmt: skip
        logits = torch.full((len(captions), 2, 256), float("-inf"))
        logits[:, 0, 1] = 3.0
        boxes = torch.stack([box, torch.full((4,), 0.5)])
        return {"pred_logits": logits, "pred_boxes": boxes.expand(len(captions), 2, 4)}

    model._model.network.forward = forward


def test_a_saved_model_is_loaded_and_finds_boxes_in_the_photo(load, noise):
    model = load()
    assert not model._model.network.training
    found = model.detect(noise(), ["dog"], 0.0)
    assert len(found) == 12  # every query of the network
    assert len({proposal.box for proposal in found}) == 12
    assert all(0 <= proposal.score <= 1 for proposal in found)
    assert all(-120 < proposal.box.x0 < proposal.box.x1 < 240 for proposal in found)


def test_each_concept_is_a_query_of_its_own(load, noise):
    """In one batch the package mixes up their masks: boxes are then off by dozens of pixels."""
    model = load()
    together = model.detect(noise(), ["dog", "red coffee mug"], 0.0)
    apart = [p for word in ("dog", "red coffee mug") for p in model.detect(noise(), [word], 0.0)]
    assert len(together) == len(apart) == 24
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one.box.xyxy, other.box.xyxy, atol=1e-2)
        assert one.score == pytest.approx(other.score, abs=1e-5)


def test_a_concept_is_read_as_bert_reads_it_alone(load):
    """Tokens 1 and 2 of "[CLS] dog . [SEP]" see each other and nothing else."""
    network = load()._model.network
    seen = {}
    network.bert.register_forward_hook(lambda *args: seen.update(out=args[-1]))
    with torch.inference_mode():
        network(torch.zeros(1, 3, 96, 96), captions=["dog."])
        bert = transformers.BertModel(network.bert.config, add_pooling_layer=False).eval()
        bert.embeddings, bert.encoder = network.bert.embeddings, network.bert.encoder
        alone = bert(torch.tensor([[300, 1012]])).last_hidden_state  # "dog" and the full stop
    torch.testing.assert_close(seen["out"]["last_hidden_state"][:, 1:3], alone)


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
def test_boxes_come_back_in_pixels_of_the_photo(load, patch_photo, size, box, image_size):
    model = load(image_size=image_size)
    see_white(model)
    (found,) = model.detect(patch_photo(size, box), ["dog"], 0.5)
    shorter = image_size or 800
    scale = min(shorter / min(size), shorter * 1333 / 800 / max(size))
    pixel = max(1.0, 1 / scale)  # of the input or of the photo, whichever is coarser
    np.testing.assert_allclose(found.box.xyxy, box, atol=pixel)
    assert found.score == pytest.approx(1 / (1 + np.exp(-3.0)), abs=1e-6)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_photo_turned_by_exif_gives_the_same_boxes(load, patch_photo, orientation):
    upright = patch_photo((320, 240), (40, 60, 140, 220))
    back = {3: 180, 6: 90, 8: -90}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = BytesIO()
    upright.rotate(back, expand=True).save(file, "png", exif=exif)
    model = load(image_size=240)
    see_white(model)
    (found,) = model.detect(load_image(file.getvalue()), ["dog"], 0.5)
    np.testing.assert_allclose(found.box.xyxy, (40, 60, 140, 220), atol=1)


def test_half_precision_gives_nearly_the_same_boxes(load, noise):
    full, half = (
        load(dtype=dtype).detect(noise(), ["dog"], 0.0) for dtype in ("float32", "bfloat16")
    )
    assert len(half) == 12
    shift = [
        abs(np.subtract(a.box.xyxy, b.box.xyxy)).max() for a, b in zip(full, half, strict=True)
    ]
    assert np.median(shift) < 5  # queries that are nearly even may change places


def test_memory_that_runs_out_is_one_clear_error(load, noise):
    model = load()

    def forward(batch, captions):
        raise torch.OutOfMemoryError("CUDA out of memory")

    model._model.network.forward = forward
    with pytest.raises(ModelError, match=r"ran out of memory .* use a smaller image_size"):
        model.detect(noise(), ["dog", "mug"], 0.0)


def test_the_package_is_left_as_it_was(load):
    theirs = grounding_dino.architecture.BertModelWarper
    assert theirs.__module__ == "groundingdino.models.GroundingDINO.bertwarper"
    load()
    assert grounding_dino.architecture.BertModelWarper is theirs
    assert hasattr(grounding_dino.architecture.get_tokenlizer, "__file__")


def test_the_vocabulary_may_come_from_the_hub_and_says_so(home, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "alone.pth"
    path.symlink_to(home / "groundingdino_swint_ogc.pth")
    says = r"google-bert/bert-base-uncased is not on this .*hf download \S+ config\.json tokenizer"
    with pytest.raises(ModelError, match=says):
        OriginalGroundingDino(path, ModelSpec(str(path)))


def test_a_checkpoint_of_sam_is_refused(home):
    path = home / "sam_vit_b_01ec64.pth"
    says = r"the original Grounding DINO .*\(image_encoder\.pos_embed\); take one of the ground"
    with pytest.raises(ModelError, match=says):
        OriginalGroundingDino(path, ModelSpec(str(path)))
