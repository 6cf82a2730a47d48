"""SAM and SAM 2.1: the outline of what lies in a box (the second half of Grounded-SAM, Eq. 1).

Masks stay on the decoder's raster, which is finer than any patch grid; scaling them up to the
photo would cost a hundred times the memory and change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from pekit_agents.models.hf.checkpoints import load_model, load_processor
from pekit_agents.models.hf.hub import pixel_statistics
from pekit_agents.models.hf.thin_photos import stretched
from pekit_agents.models.hf.torch_runtime import in_batches, torch, transformers
from pekit_agents.types import Box, Mask

if TYPE_CHECKING:
    from pekit_agents.models.spec import ModelSpec
    from pekit_agents.types import FloatArray, RGBImage

__all__ = ["Sam", "Sam2"]

_BOXES_AT_ONCE = 32


class Sam:
    """A :class:`~pekit_agents.models.hf.grounded_sam.Segmenter`: the original SAM.

    The photo is resized to the encoder's size on its longer side and padded at the right and
    the bottom. ``image_size`` is fixed by the checkpoint.

    Args:
        folder: Where the checkpoint is.
        spec: How to run it.

    Raises:
        ModelError: The checkpoint cannot be loaded.
    """

    _LOADER = "SamModel"

    def __init__(self, folder: Path, spec: ModelSpec) -> None:
        self._model = load_model(getattr(transformers, self._LOADER), folder, spec)
        self._prepare(folder, spec)

    def _prepare(self, folder: Path, spec: ModelSpec) -> None:
        self._images = load_processor(transformers.AutoImageProcessor, folder, spec, backend="pil")

    def outline(self, image: RGBImage, boxes: Sequence[Box]) -> list[Mask]:
        """Return the mask of what each box holds.

        Args:
            image: The photo.
            boxes: K boxes in its pixels.

        Returns:
            K masks of zeros and ones, on the decoder's raster; all zero where SAM sees nothing.
        """
        if not boxes:
            return []
        pixels, size_hw, frame = self._pixels(image)
        scale = np.array([size_hw[1] / image.width, size_hw[0] / image.height] * 2, np.float32)
        with self._model.running():
            embeddings = self._model.network.get_image_embeddings(pixels.to(self._model.device))
            masks = in_batches(
                lambda batch: self._decode(embeddings, batch, scale),
                list(boxes),
                size=_BOXES_AT_ONCE,
                name=self._model.name,
            )
        return [Mask(mask, frame) for mask in masks]

    def _decode(self, embeddings: Any, boxes: Sequence[Box], scale: FloatArray) -> list[FloatArray]:
        """Return a (h, w) raster for each box; box edges are scaled to the encoder's input."""
        corners = np.array([box.xyxy for box in boxes], np.float32) * scale
        outputs = self._model.network(
            image_embeddings=embeddings,
            input_boxes=torch.from_numpy(corners)[None].to(self._model.device),
            multimask_output=False,
        )
        inside = (outputs.pred_masks[0, :, 0] > 0).cpu().numpy()  # (K, h, w)
        return list(inside.astype(np.float32))

    def _pixels(self, image: RGBImage) -> tuple[Any, tuple[int, int], Box]:
        """Return the input, the photo's (height, width) in it, and what the raster covers."""
        photo = stretched(image, self._images.size["longest_edge"])
        prepared = self._images(images=photo, return_tensors="pt")
        pixels = prepared["pixel_values"]  # (1, 3, S, S)
        height, width = (int(side) for side in prepared["reshaped_input_sizes"][0])
        side = pixels.shape[-1]
        frame = Box(0, 0, side * image.width / width, side * image.height / height)
        return pixels, (height, width), frame


class Sam2(Sam):
    """SAM 2.1 (and 2.0): faster, and as exact. The photo is squeezed to the encoder's square.

    Its processor in ``transformers`` needs torchvision; what it does is done here.
    """

    _LOADER = "Sam2Model"

    def _prepare(self, folder: Path, spec: ModelSpec) -> None:  # noqa: ARG002
        self._mean, self._std = (
            np.array(values, np.float32) for values in pixel_statistics(folder)
        )

    def _pixels(self, image: RGBImage) -> tuple[Any, tuple[int, int], Box]:
        side = int(self._model.config.prompt_encoder_config.image_size)
        small = image.resize((side, side), Image.Resampling.BILINEAR)
        values = (np.asarray(small, np.float32) / 255 - self._mean) / self._std
        pixels = torch.from_numpy(values.transpose(2, 0, 1).copy())[None]
        return pixels, (side, side), Box(0, 0, *image.size)
