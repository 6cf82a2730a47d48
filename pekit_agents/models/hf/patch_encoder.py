"""What all vision transformers share as F_emb: from photos to patch grids (paper Eq. 2 and 4).

A photo keeps its aspect ratio: it is resized to whole patches, as many as a square of
``image_size`` has, and the model interpolates its positions. The paper's code squeezes it to a
square.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from PIL import Image

from pekit_agents.errors import ModelError
from pekit_agents.models.hf.checkpoints import load_model, weights_hash
from pekit_agents.models.hf.hub import IMAGENET, Statistics, pixel_statistics
from pekit_agents.models.hf.torch_runtime import in_batches, torch, transformers

if TYPE_CHECKING:
    from pekit_agents.models.spec import ModelSpec
    from pekit_agents.types import FloatArray, RGBImage

__all__ = ["PatchEncoder", "grid_shape"]

_MOST_SIDE = 8.0  # aspect ratio of the grid: beyond it photos are squeezed


class PatchEncoder:
    """Patch features of the last layer, after the final LayerNorm.

    Subclasses say which classes of ``transformers`` they load and how to run them.

    Args:
        folder: Where the checkpoint is.
        spec: How to run it; ``image_size`` is the side of a square photo in pixels.
        kind: Its ``model_type``, one of ``LOADERS``.

    Raises:
        ModelError: The checkpoint cannot be loaded, or ``image_size`` is under two patches.
    """

    LOADERS: ClassVar[dict[str, str]]
    DEFAULT_SIZE: ClassVar[int]
    STATISTICS: ClassVar[Statistics] = IMAGENET

    def __init__(self, folder: Path, spec: ModelSpec, kind: str) -> None:
        self._model = load_model(getattr(transformers, self.LOADERS[kind]), folder, spec)
        self._mean, self._std = (
            np.array(values, np.float32) for values in pixel_statistics(folder, self.STATISTICS)
        )
        config = self._model.config
        self._patch = int(config.patch_size)
        self._lead = 1 + int(getattr(config, "num_register_tokens", 0))  # class, registers
        self._cells = (spec.image_size or self.DEFAULT_SIZE) // self._patch
        if self._cells < 2:
            raise ModelError(
                f"expected image_size of at least {2 * self._patch} for {spec.id}, "
                f"found {spec.image_size}"
            )
        self._batch_size = spec.batch_size
        side = self._cells * self._patch
        digest = weights_hash(self._model.network, f"{self._mean} {self._std}")
        self._id = f"{config.model_type}@{digest}/last/{side}px"

    @property
    def id(self) -> str:
        """Family, hash, layer and size: what shapes the vectors.

        The hash is of the weights and the pixel statistics; it is the same wherever they were
        loaded from, and in whatever precision they are run.
        """
        return self._id

    @property
    def dim(self) -> int:
        """Length of a vector: the model's width."""
        return int(self._model.config.hidden_size)

    def encode(self, images: Sequence[RGBImage]) -> list[FloatArray]:
        """Return a (rows, columns, D) float32 patch grid for each image.

        Images whose grids have one shape run together; the batch size changes nothing.
        """
        return self._by_shape(images, self._patches)

    def class_tokens(self, images: Sequence[RGBImage]) -> FloatArray:
        """Return the class token of each whole image, (N, D) float32."""
        return np.stack(self._by_shape(images, self._classes))

    def normalize(self, vectors: FloatArray) -> FloatArray:
        """Return (K, D) vectors of unit length."""
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: FloatArray = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
        return unit

    def _by_shape(
        self,
        images: Sequence[RGBImage],
        run: Callable[[tuple[int, int], Sequence[RGBImage]], list[FloatArray]],
    ) -> list[FloatArray]:
        """Return the result of ``run`` for each image; images of one grid shape run together."""
        shapes = [grid_shape(*image.size, self._cells) for image in images]
        results: dict[int, FloatArray] = {}
        for shape in dict.fromkeys(shapes):
            same = [index for index, other in enumerate(shapes) if other == shape]
            done = in_batches(
                partial(run, shape),
                [images[index] for index in same],
                size=self._batch_size,
                name=self._model.name,
            )
            results.update(zip(same, done, strict=True))
        return [results[index] for index in range(len(images))]

    def _patches(self, shape: tuple[int, int], images: Sequence[RGBImage]) -> list[FloatArray]:
        patches = self._run(shape, images, slice(self._lead, None))  # (B, rows * columns, D)
        return list(patches.reshape(len(images), *shape, -1))

    def _classes(self, shape: tuple[int, int], images: Sequence[RGBImage]) -> list[FloatArray]:
        return list(self._run(shape, images, slice(0, 1))[:, 0])

    def _run(self, shape: tuple[int, int], images: Sequence[RGBImage], which: slice) -> FloatArray:
        """Return some of the tokens of images of one shape: (B, tokens, D) float32."""
        pixels = np.stack([self._preprocess(image, shape) for image in images])
        with self._model.running():
            tokens = self._tokens(torch.from_numpy(pixels).to(self._model.device))
            kept: FloatArray = tokens[:, which].float().cpu().numpy()
        return kept

    def _tokens(self, pixels: Any) -> Any:
        """Return (B, lead + rows * columns, D) tokens after the final LayerNorm."""
        return self._model.network(pixel_values=pixels).last_hidden_state

    def _preprocess(self, image: RGBImage, shape: tuple[int, int]) -> FloatArray:
        """Return (3, height, width) float32, resized to whole patches and normalised."""
        size = (shape[1] * self._patch, shape[0] * self._patch)
        # reducing_gap makes large photos cheap: a box reduction first, then the bicubic one.
        small = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3)
        pixels = np.asarray(small, np.float32) / 255
        return np.ascontiguousarray(((pixels - self._mean) / self._std).transpose(2, 0, 1))


def grid_shape(width: int, height: int, cells: int) -> tuple[int, int]:
    """Return (rows, columns) of the grid for a photo: about ``cells`` squared patches."""
    stretch = float(np.clip(width / height, 1 / _MOST_SIDE, _MOST_SIDE)) ** 0.5
    return max(1, round(cells / stretch)), max(1, round(cells * stretch))
