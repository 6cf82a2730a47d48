"""How large the models of the profiles are: their architectures, built without weights.

::

    python -m benchmarks.models.sizes

The numbers of each architecture are those that its authors published; transformers' defaults are
one of each family. Of SAM 2 only the part for single pictures is counted, which is what is loaded.
Nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from pekit_agents.models.hf.torch_runtime import torch, transformers

__all__ = ["ARCHITECTURES", "parameter_count"]

_SWIN_BASE = {
    "embed_dim": 128,
    "depths": [2, 2, 18, 2],
    "num_heads": [4, 8, 16, 32],
    "window_size": 12,
    "image_size": 384,
    "out_indices": [2, 3, 4],
}


def _grounding_dino(**swin: Any) -> Any:
    backbone = {"backbone_config": transformers.SwinConfig(**swin)} if swin else {}
    config = transformers.GroundingDinoConfig(**backbone)
    return transformers.GroundingDinoForObjectDetection(config)


def _sam() -> Any:
    return transformers.SamModel(transformers.SamConfig())


def _sam2() -> Any:
    return transformers.Sam2Model(transformers.Sam2Config())


def _dinov2(width: int, depth: int, heads: int) -> Any:
    shape = {"hidden_size": width, "num_hidden_layers": depth, "num_attention_heads": heads}
    config = transformers.Dinov2Config(**shape, patch_size=14, image_size=518)
    return transformers.Dinov2Model(config)


#: Hub id -> what builds the network at its real size, with random weights.
ARCHITECTURES: dict[str, Callable[[], Any]] = {
    "IDEA-Research/grounding-dino-tiny": _grounding_dino,
    "IDEA-Research/grounding-dino-base": partial(_grounding_dino, **_SWIN_BASE),
    "facebook/sam-vit-base": _sam,
    "facebook/sam2.1-hiera-tiny": _sam2,
    "facebook/dinov2-small": partial(_dinov2, 384, 12, 6),
    "facebook/dinov2-base": partial(_dinov2, 768, 12, 12),
    "facebook/dinov2-large": partial(_dinov2, 1024, 24, 16),
}


def parameter_count(model: str) -> int:
    """Return how many weights a model has, without making any of them.

    Args:
        model: One of :data:`ARCHITECTURES`.
    """
    with torch.device("meta"):
        network = ARCHITECTURES[model]()
    return sum(weight.numel() for weight in network.parameters())


def main() -> None:
    """Print each model's weights and the bytes that they take."""
    table = Table(title="Weights")
    table.add_column("model", no_wrap=True)
    for column in ("millions", "MB, float32", "MB, half"):
        table.add_column(column, justify="right")
    for model in ARCHITECTURES:
        millions = parameter_count(model) / 1e6
        table.add_row(model, f"{millions:.1f}", f"{4 * millions:.0f}", f"{2 * millions:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
