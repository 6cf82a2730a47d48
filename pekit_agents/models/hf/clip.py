"""CLIP's vision tower as F_emb: the paper's ablation of the encoder (3.5)."""

from __future__ import annotations

from typing import Any, ClassVar

from pekit_agents.models.hf.hub import CLIP, Statistics
from pekit_agents.models.hf.patch_encoder import PatchEncoder

__all__ = ["ClipEncoder"]


class ClipEncoder(PatchEncoder):
    """An :class:`~pekit_agents.protocols.Encoder`; ``image_size`` is 336 px if not given.

    Loads the vision half of a whole CLIP checkpoint as well. Patch tokens pass the LayerNorm
    that CLIP itself applies to the class token only.
    """

    LOADERS: ClassVar[dict[str, str]] = {
        "clip": "CLIPVisionModel",
        "clip_vision_model": "CLIPVisionModel",
    }
    DEFAULT_SIZE: ClassVar[int] = 336
    STATISTICS: ClassVar[Statistics] = CLIP

    def _tokens(self, pixels: Any) -> Any:
        network = self._model.network
        outputs = network(pixel_values=pixels, interpolate_pos_encoding=True)
        return network.post_layernorm(outputs.last_hidden_state)
