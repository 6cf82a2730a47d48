"""DINOv2 and DINOv3: self-supervised patch features, the paper's F_emb (3.5).

DINOv2 in all sizes, with and without registers; DINOv3 ViT for those who have access to its
weights. DINOv3's own processor needs torchvision and is not used.
"""

from __future__ import annotations

from typing import ClassVar

from pekit_agents.models.hf.patch_encoder import PatchEncoder

__all__ = ["DinoEncoder"]


class DinoEncoder(PatchEncoder):
    """An :class:`~pekit_agents.protocols.Encoder`; ``image_size`` is 448 px if not given.

    For a 14 px patch that is a grid of 32 x 32 for a square photo. The tokens that stand before
    the patches (class and registers) are left out.
    """

    LOADERS: ClassVar[dict[str, str]] = {
        "dinov2": "Dinov2Model",
        "dinov2_with_registers": "Dinov2WithRegistersModel",
        "dinov3_vit": "DINOv3ViTModel",
    }
    DEFAULT_SIZE: ClassVar[int] = 448
