"""OWLv2: boxes of what words name, all concepts in one forward pass.

Its processor in ``transformers`` needs torchvision or scipy; what it does is done here: the
photo is padded to a square at the right and the bottom, and resized to the model's size.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from pekit_agents.models.hf.checkpoints import load_model, load_processor
from pekit_agents.models.hf.hub import CLIP, pixel_statistics
from pekit_agents.models.hf.torch_runtime import in_batches, torch, transformers
from pekit_agents.types import Box, Proposal

if TYPE_CHECKING:
    from pekit_agents.models.spec import ModelSpec
    from pekit_agents.types import RGBImage

__all__ = ["Owlv2"]


class Owlv2:
    """A :class:`~pekit_agents.models.hf.detection.Detector`.

    Its scores are lower than Grounding DINO's: a threshold of 0.1 is usual.

    Args:
        folder: Where the checkpoint is.
        spec: How to run it; the checkpoint fixes the image size.
        kind: Its ``model_type``.

    Raises:
        ModelError: The checkpoint cannot be loaded.
    """

    def __init__(self, folder: Path, spec: ModelSpec, kind: str = "owlv2") -> None:  # noqa: ARG002
        self._model = load_model(transformers.Owlv2ForObjectDetection, folder, spec)
        self._tokenizer = load_processor(transformers.AutoTokenizer, folder, spec)
        self._mean, self._std = (
            np.array(values, np.float32) for values in pixel_statistics(folder, CLIP)
        )
        self._batch_size = spec.batch_size

    def detect(self, image: RGBImage, concepts: Sequence[str], threshold: float) -> list[Proposal]:
        """Return the boxes that score above the threshold for any of the concepts.

        Args:
            image: The photo.
            concepts: Lower-case words.
            threshold: In [0, 1].

        Returns:
            Boxes in pixels of the photo, which may reach over its edges a little.
        """
        found = in_batches(
            partial(self._run, self._pixels(image), max(image.size), threshold),
            list(concepts),
            size=self._batch_size,
            name=self._model.name,
        )
        return [proposal for proposals in found for proposal in proposals]

    def _pixels(self, image: RGBImage) -> Any:
        """Return (1, 3, S, S): the photo in the upper left corner of a black square."""
        square = Image.new("RGB", (max(image.size),) * 2)
        square.paste(image)
        side = int(self._model.config.vision_config.image_size)
        small = square.resize((side, side), Image.Resampling.BILINEAR, reducing_gap=3)
        values = (np.asarray(small, np.float32) / 255 - self._mean) / self._std
        pixels = torch.from_numpy(values.transpose(2, 0, 1).copy())[None]
        return pixels.to(self._model.device)

    def _run(
        self, pixels: Any, side: int, threshold: float, concepts: Sequence[str]
    ) -> list[list[Proposal]]:
        with self._model.running():
            outputs = self._model.network(pixel_values=pixels, **self._words(concepts))
            scores = outputs.logits[0].float().sigmoid().cpu().numpy()  # (boxes, concepts)
            boxes = outputs.pred_boxes[0].float().cpu().numpy() * side  # centre, size
        corners = np.concatenate(
            [boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], 1
        )
        return [_proposals(corners, column, threshold) for column in scores.T]

    def _words(self, concepts: Sequence[str]) -> Any:
        return self._tokenizer(
            [f"a photo of a {concept}" for concept in concepts],
            padding="max_length",
            truncation=True,
            max_length=self._model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        ).to(self._model.device)


def _proposals(corners: Any, scores: Any, threshold: float) -> list[Proposal]:
    return [
        Proposal(Box(*corners[index].tolist()), float(scores[index]))
        for index in np.flatnonzero(scores > threshold)
    ]
