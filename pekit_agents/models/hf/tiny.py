"""Tiny models with random weights and their real processors, to try a profile without a hub.

They see nothing, but they are saved, loaded and run exactly as real ones, in a second::

    python -m pekit_agents.models.hf.tiny tiny
    pekit remember Biscuit biscuit.jpg --category dog --profile tiny/profile.toml
    pekit find park.jpg --profile tiny/profile.toml
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from pekit_agents.errors import InvalidInput
from pekit_agents.models.hf.torch_runtime import torch, transformers

__all__ = ["save_detector", "save_encoder", "save_profile", "save_segmenter", "word_tokenizer"]

_PROFILE = """\
name = "tiny"
base = "grounded-sam"
device = "cpu"

[detector]
id = "detector"      # the folder beside this file
image_size = 64

[segmenter]
id = "segmenter"

[encoder]
id = "encoder"
image_size = 112

# Random weights score every box about one half and every region much alike.
[extraction]
threshold = 0.0

[proposals]
threshold = 0.0

[matching]
threshold = 0.5
"""
#: The ids that Grounding DINO relies on.
_FIXED = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]", 1012: ".", 1029: "?"}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def save_profile(folder: Path) -> Path:
    """Save a detector, a segmenter, an encoder and a profile that names them.

    Args:
        folder: Where to; it must not be there yet.

    Returns:
        The profile's TOML file.

    Raises:
        InvalidInput: The folder is there already.
    """
    if folder.exists():
        raise InvalidInput(f"expected a folder that is not there yet, found {folder}")
    torch.manual_seed(0)
    save_detector(folder / "detector")
    save_segmenter(folder / "segmenter")
    save_encoder(folder / "encoder")
    path = folder / "profile.toml"
    path.write_text(_PROFILE, "utf-8")
    return path


def save_detector(folder: Path, prefix: str = "GroundingDino", tokenizer: Any = None) -> None:
    """Save a Grounding DINO, or the model of another prefix with the same parts.

    Args:
        folder: Where to.
        prefix: "GroundingDino" or "MMGroundingDino".
        tokenizer: A BERT tokenizer; letters and a few words when not given.
    """
    tokenizer = tokenizer or word_tokenizer(["dog", "mug", "cat", "coffee", "object"])
    swin = transformers.SwinConfig(
        image_size=64,
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
        window_size=4,
        out_indices=[2, 3, 4],
    )
    bert = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    small = dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim"), 16)
    heads = dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 2)
    layers = {"encoder_layers": 1, "decoder_layers": 2, "num_queries": 12, "d_model": 32}
    config = getattr(transformers, f"{prefix}Config")(
        backbone_config=swin, text_config=bert, **small, **heads, **layers
    )
    getattr(transformers, f"{prefix}ForObjectDetection")(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    transformers.GroundingDinoImageProcessorPil().save_pretrained(folder)


def word_tokenizer(words: list[str]) -> Any:
    """Return a BERT tokenizer of letters and the given words, with the ids of the real one."""
    tokens = [f"[unused{index}]" for index in range(1100)]
    for index, token in _FIXED.items():
        tokens[index] = token
    tokens[200:226] = _LETTERS
    tokens[230:256] = [f"##{letter}" for letter in _LETTERS]
    tokens[300 : 300 + len(words)] = words
    return transformers.BertTokenizer(vocab={token: index for index, token in enumerate(tokens)})


def save_segmenter(folder: Path) -> None:
    """Save a SAM with a 64 px input and a 32 x 32 mask raster."""
    two = {"num_hidden_layers": 2, "num_attention_heads": 2}
    side = {"image_size": 64, "patch_size": 8}
    vision = {"hidden_size": 16, "output_channels": 16, "mlp_dim": 16, "num_pos_feats": 8}
    decoder = {"hidden_size": 16, "mlp_dim": 16, "iou_head_hidden_dim": 16, "iou_head_depth": 2}
    config = transformers.SamConfig(
        vision_config={**vision, **two, **side, "window_size": 4, "global_attn_indexes": [1]},
        prompt_encoder_config={"hidden_size": 16, "mask_input_channels": 4, **side},
        mask_decoder_config={**decoder, **two},
    )
    transformers.SamModel(config).save_pretrained(folder)
    transformers.SamImageProcessorPil(
        size={"longest_edge": 64},
        pad_size={"height": 64, "width": 64},
        mask_size={"longest_edge": 32},
        mask_pad_size={"height": 32, "width": 32},
    ).save_pretrained(folder)


def save_encoder(folder: Path, prefix: str = "Dinov2", **changes: int) -> None:
    """Save a DINOv2 with two layers of width 32, or a relative of it.

    Args:
        folder: Where to.
        prefix: "Dinov2", "Dinov2WithRegisters" or "DINOv3ViT".
        **changes: Values of its configuration.
    """
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    image = {"patch_size": 14, "image_size": 56}
    config = getattr(transformers, f"{prefix}Config")(**{**shape, **image, **changes})
    getattr(transformers, f"{prefix}Model")(config).save_pretrained(folder)
    if prefix != "DINOv3ViT":  # its processor needs torchvision
        transformers.BitImageProcessorPil(
            image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225]
        ).save_pretrained(folder)


def main(
    folder: Annotated[Path, typer.Argument(help="where to write; must not be there yet")],
) -> None:
    """Write a profile of tiny random models, to try the pipeline without a download."""
    try:
        path = save_profile(folder)
    except InvalidInput as exc:
        sys.exit(str(exc))
    Console().print(f"Profile: {path}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    typer.run(main)
