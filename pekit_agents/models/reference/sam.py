"""The original SAM by its authors' package, ``segment-anything`` 1.0 (Eq. 1).

Weights are the authors' files, such as ``sam_vit_b_01ec64.pth``; which of the three sizes a file
is of is seen in it. Their predictor keeps one photo between calls; here nothing is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from pekit_agents.errors import MissingDependency, ModelError
from pekit_agents.models.hf.torch_runtime import TorchModel, in_batches, torch
from pekit_agents.models.reference.weights import fill, read_weights, width_of
from pekit_agents.types import Box, Mask
from pekit_agents.wording.messages import clause

try:
    import segment_anything
except (ImportError, RuntimeError) as exc:  # RuntimeError: a torchvision made for another torch
    raise MissingDependency(
        f"a SAM in a .pth file needs segment-anything and a torchvision that fits torch "
        f"({clause(exc)}); "
        'type: pip install "pekit-agents[reference]", or take facebook/sam-vit-base, which needs '
        "neither"
    ) from exc

if TYPE_CHECKING:
    from pekit_agents.models.spec import ModelSpec
    from pekit_agents.types import FloatArray, RGBImage

__all__ = ["OriginalSam"]

#: Width of the image encoder -> its name in the package.
_SIZES = {768: "vit_b", 1024: "vit_l", 1280: "vit_h"}
_BOXES_AT_ONCE = 32


class OriginalSam:
    """A :class:`~pekit_agents.models.hf.grounded_sam.Segmenter`.

    The photo is resized to 1024 px on its longer side and padded at the right and the bottom.

    Args:
        path: The file with the weights.
        spec: How to run it; ``image_size`` is fixed by the checkpoint.

    Raises:
        ModelError: The file is damaged, or of another model.
    """

    def __init__(self, path: Path, spec: ModelSpec) -> None:
        weights = read_weights(path)
        width = width_of(weights, "image_encoder.pos_embed", -1)
        if width not in _SIZES:
            raise ModelError(
                f"expected the weights of the original SAM (ViT-B, L or H) in {path}, found "
                f"those of another model ({next(iter(weights), 'nothing')!s:.60}); take one of "
                "the sam_vit_*.pth files"
            )
        network = segment_anything.sam_model_registry[_SIZES[width]]()
        self._model = TorchModel(fill(network, weights, path), spec)

    def outline(self, image: RGBImage, boxes: Sequence[Box]) -> list[Mask]:
        """Return the mask of what each box holds.

        Args:
            image: The photo.
            boxes: K boxes in its pixels.

        Returns:
            K masks of zeros and ones, on the decoder's raster (256 x 256 with the padding);
            all zero where SAM sees nothing.
        """
        if not boxes:
            return []
        network = self._model.network
        side = int(network.image_encoder.img_size)
        pixels = self._pixels(image, side)
        height, width = pixels.shape[-2:]
        scale = np.array([width / image.width, height / image.height] * 2, np.float32)
        with self._model.running():
            padded = network.preprocess(pixels.to(self._model.device))  # (1, 3, side, side)
            embeddings = network.image_encoder(padded)
            masks = in_batches(
                lambda batch: self._decode(embeddings, batch, scale),
                list(boxes),
                size=_BOXES_AT_ONCE,
                name=self._model.name,
            )
        frame = Box(0, 0, side * image.width / width, side * image.height / height)
        return [Mask(mask, frame) for mask in masks]

    def _decode(self, embeddings: Any, boxes: Sequence[Box], scale: FloatArray) -> list[FloatArray]:
        """Return a (h, w) raster for each box; box edges are scaled to the encoder's input."""
        network = self._model.network
        corners = np.array([box.xyxy for box in boxes], np.float32) * scale
        sparse, dense = network.prompt_encoder(
            points=None, boxes=torch.from_numpy(corners).to(self._model.device), masks=None
        )
        logits, _ = network.mask_decoder(
            image_embeddings=embeddings,
            image_pe=network.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=False,
        )
        inside = (logits[:, 0] > network.mask_threshold).cpu().numpy()  # (K, h, w)
        return list(inside.astype(np.float32))

    @staticmethod
    def _pixels(image: RGBImage, side: int) -> Any:
        """Return (1, 3, h, w) float32 in [0, 255], ``side`` px on the longer side."""
        scale = side / max(image.size)
        size = [max(1, int(edge * scale + 0.5)) for edge in image.size]
        values = np.asarray(image.resize((size[0], size[1]), Image.Resampling.BILINEAR), np.float32)
        return torch.from_numpy(values.transpose(2, 0, 1).copy())[None]
