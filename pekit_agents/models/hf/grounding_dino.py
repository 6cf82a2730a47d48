"""Grounding DINO and MM-Grounding-DINO: boxes of what words name (paper 3.5).

Each concept is a query of its own: in a query with several concepts a box can match words of
two of them. The photo is resized to 800 px on its shorter side, as the models were trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pekit_agents.models.hf.checkpoints import load_model, load_processor
from pekit_agents.models.hf.thin_photos import stretched
from pekit_agents.models.hf.torch_runtime import in_batches, transformers
from pekit_agents.types import Box, Proposal

if TYPE_CHECKING:
    from pekit_agents.models.spec import ModelSpec
    from pekit_agents.types import RGBImage

__all__ = ["LOADERS", "GroundingDino", "pixels_of"]

LOADERS = {
    "grounding-dino": "GroundingDinoForObjectDetection",
    "mm-grounding-dino": "MMGroundingDinoForObjectDetection",
}
_LONGEST = 1333 / 800  # of the shorter side, as in training


class GroundingDino:
    """A :class:`~pekit_agents.models.hf.detection.Detector`.

    Args:
        folder: Where the checkpoint is.
        spec: How to run it; ``image_size`` is the shorter side in pixels.
        kind: Its ``model_type``.

    Raises:
        ModelError: The checkpoint cannot be loaded.
    """

    def __init__(self, folder: Path, spec: ModelSpec, kind: str = "grounding-dino") -> None:
        self._model = load_model(getattr(transformers, LOADERS[kind]), folder, spec)
        images = load_processor(transformers.AutoImageProcessor, folder, spec, backend="pil")
        tokenizer = load_processor(transformers.AutoTokenizer, folder, spec)
        self._processor = transformers.GroundingDinoProcessor(images, tokenizer)
        self._batch_size = spec.batch_size
        self._size = spec.image_size

    def detect(self, image: RGBImage, concepts: Sequence[str], threshold: float) -> list[Proposal]:
        """Return the boxes that score above the threshold for any of the concepts.

        Args:
            image: The photo.
            concepts: Lower-case words without full stops.
            threshold: In [0, 1]; a box's score is that of its best matching word.

        Returns:
            Boxes in pixels of the photo, which may reach over its edges a little.
        """
        pixels = pixels_of(image, self._processor.image_processor, self._size)
        pixels = pixels.to(self._model.device)
        found = in_batches(
            lambda batch: self._run(pixels, batch, threshold, image.size),
            list(concepts),
            size=self._batch_size,
            name=self._model.name,
        )
        return [proposal for proposals in found for proposal in proposals]

    def _run(
        self, pixels: Any, concepts: Sequence[str], threshold: float, size_wh: tuple[int, int]
    ) -> list[list[Proposal]]:
        with self._model.running():
            words = self._words(concepts)
            batch = pixels.expand(len(concepts), -1, -1, -1)
            outputs = self._model.network(pixel_values=batch, **words)
            results = self._processor.post_process_grounded_object_detection(
                _in_float32(outputs),
                words["input_ids"],
                threshold=threshold,
                text_threshold=threshold,
                target_sizes=[size_wh[::-1]] * len(concepts),
            )
        return [_proposals(result) for result in results]

    def _words(self, concepts: Sequence[str]) -> Any:
        return self._processor.tokenizer(
            [f"{concept}." for concept in concepts],
            padding=True,
            truncation=True,
            max_length=self._model.config.max_text_len,
            return_tensors="pt",
        ).to(self._model.device)


def pixels_of(image: RGBImage, processor: Any, size: int | None) -> Any:
    """Return the network's input: (1, 3, h, w) float32, normalised, without padding.

    Args:
        image: The photo.
        processor: Grounding DINO's image processor.
        size: Shorter side in pixels; None is the processor's own.
    """
    options = (
        {}
        if size is None
        else {"size": {"shortest_edge": size, "longest_edge": round(size * _LONGEST)}}
    )
    longest = options.get("size", processor.size)["longest_edge"]
    photo = stretched(image, longest)
    return processor(images=photo, return_tensors="pt", **options)["pixel_values"]


def _in_float32(outputs: Any) -> Any:
    """Return the outputs with scores and boxes of full precision, after any autocast."""
    outputs.logits, outputs.pred_boxes = outputs.logits.float(), outputs.pred_boxes.float()
    return outputs


def _proposals(result: Any) -> list[Proposal]:
    boxes, scores = result["boxes"].cpu().tolist(), result["scores"].cpu().tolist()
    return [Proposal(Box(*box), min(1.0, score)) for box, score in zip(boxes, scores, strict=True)]
