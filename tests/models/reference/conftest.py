"""The original packages with small random weights, in a process of their own.

They import torchvision, which has no build for every torch. Where it is missing, as in CI, this
puts stand-ins for what they import of it and of timm into ``sys.modules``; transformers must not
see those, so ``test_reference.py``, one folder up, runs these tests in another process. With a
real torchvision nothing is stood in for.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image, ImageDraw

ALONE = "PEKIT_TEST_ORIGINALS" in os.environ
collect_ignore_glob = [] if ALONE else ["test_*.py"]


def _never(*args, **kwargs):
    raise AssertionError("the adapters were not expected to call this function of torchvision")


def _torchvision() -> dict[str, dict[str, object]]:
    """Return stand-ins for what is imported; what runs is done as torchvision does it."""
    boxes = dict.fromkeys(("nms", "batched_nms", "box_area"), _never)
    pictures = {
        "to_pil_image": Image.fromarray,
        "resize": lambda image, size: image.resize(size[::-1], Image.Resampling.BILINEAR),
    }
    return {
        "torchvision": {"__version__": "0.28.0", "_is_tracing": lambda: False},
        "torchvision.ops": {},
        "torchvision.ops.boxes": boxes,
        "torchvision.models": {},
        "torchvision.models._utils": {"IntermediateLayerGetter": _never},
        "torchvision.transforms": {},
        "torchvision.transforms.functional": pictures,
    }


def _timm() -> dict[str, dict[str, object]]:
    """Return stand-ins for three small functions; timm itself needs torchvision."""
    import torch

    layers = {
        "DropPath": type("DropPath", (torch.nn.Identity,), {}),  # which it is outside training
        "to_2tuple": lambda value: value if isinstance(value, tuple) else (value, value),
        "trunc_normal_": torch.nn.init.trunc_normal_,
    }
    return {"timm": {}, "timm.models": {}, "timm.models.layers": layers}


def _stand_in() -> None:
    import transformers

    assert not transformers.utils.is_torchvision_available()  # it does not look again
    for name, values in {**_torchvision(), **_timm()}.items():
        module = sys.modules[name] = ModuleType(name)
        vars(module).update(values)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)


if ALONE and importlib.util.find_spec("torchvision") is None:
    _stand_in()


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Path:
    """Return a folder of small checkpoints, named and built as the packages' own.

    SAM's builder and Grounding DINO's configuration are the packages' with smaller numbers.
    """
    import torch
    from transformers import BertConfig

    from pekit_agents.models.hf.tiny import word_tokenizer
    from pekit_agents.models.reference import grounding_dino
    from pekit_agents.models.spec import ModelSpec

    folder = tmp_path_factory.mktemp("originals")
    torch.manual_seed(0)

    tokenizer = word_tokenizer(["dog", "mug", "cat", "coffee", "object"])
    tokenizer.save_pretrained(folder / "bert-base-uncased")
    BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32,
    ).save_pretrained(folder / "bert-base-uncased")  # fmt: skip
    name = "groundingdino.config.GroundingDINO_SwinT_OGC"
    small = {"enc_layers": 1, "dec_layers": 2, "num_queries": 12, "dim_feedforward": 64}
    vars(importlib.import_module(name)).update(small)
    path = folder / "groundingdino_swint_ogc.pth"
    network = grounding_dino._build(name, path, ModelSpec(str(path)))
    for parameter in network.bbox_embed[0].layers[-1].parameters():
        torch.nn.init.normal_(parameter, std=0.1)  # it begins as zeros: all boxes alike
    weights = {f"module.{name}": tensor for name, tensor in network.state_dict().items()}
    torch.save({"model": {**weights, "module.label_enc.weight": torch.zeros(3)}}, path)

    builder = importlib.import_module("segment_anything.build_sam")
    builder.sam_model_registry["vit_b"] = partial(builder._build_sam, 768, 1, 12, [])
    torch.save(builder.sam_model_registry["vit_b"]().state_dict(), folder / "sam_vit_b_01ec64.pth")
    return folder


@pytest.fixture
def patch_photo() -> Callable[..., Image.Image]:
    """Return a function that makes a black photo with one white rectangle."""

    def make(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
        photo = Image.new("RGB", size)
        ImageDraw.Draw(photo).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill="white")
        return photo

    return make


@pytest.fixture
def noise() -> Callable[..., Image.Image]:
    """Return a function that makes a photo that differs everywhere."""

    def make(width: int = 120, height: int = 90, seed: int = 0) -> Image.Image:
        values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
        return Image.fromarray(values)

    return make
