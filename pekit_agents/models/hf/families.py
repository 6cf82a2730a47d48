"""Which class runs a checkpoint: detectors, segmenters and encoders by their families."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

from pekit_agents.models.hf.clip import ClipEncoder
from pekit_agents.models.hf.deferred import DeferredDetector, DeferredSegmenter
from pekit_agents.models.hf.dinov2 import DinoEncoder
from pekit_agents.models.hf.grounding_dino import LOADERS, GroundingDino
from pekit_agents.models.hf.hub import checkpoint_folder, model_type, original_file
from pekit_agents.models.hf.owlv2 import Owlv2
from pekit_agents.models.hf.sam import Sam, Sam2

if TYPE_CHECKING:
    from pekit_agents.models.hf.detection import Detector
    from pekit_agents.models.hf.grounded_sam import Segmenter
    from pekit_agents.models.spec import ModelSpec
    from pekit_agents.protocols import Encoder

__all__ = ["load_detector", "load_encoder", "load_segmenter"]


@cache
def load_detector(spec: ModelSpec) -> Detector:
    """Return the Grounding DINO, MM-Grounding-DINO or OWLv2 of a spec; the same for an equal one.

    It is looked up now and loaded for the first photo.

    Raises:
        ModelError: The model is not there, or is no detector of these families.
    """
    families: dict[str, Callable[..., Detector]] = {
        **dict.fromkeys(LOADERS, GroundingDino),
        "owlv2": Owlv2,
    }
    if spec.is_original:
        from pekit_agents.models.reference.grounding_dino import OriginalGroundingDino

        return DeferredDetector(partial(OriginalGroundingDino, original_file(spec), spec))
    folder = checkpoint_folder(spec)
    kind = model_type(folder, spec, families, "a detector")
    return DeferredDetector(partial(families[kind], folder, spec, kind))


@cache
def load_segmenter(spec: ModelSpec) -> Segmenter:
    """Return the SAM or SAM 2 of a spec; the same for an equal one.

    It is looked up now and loaded for the first box.

    Raises:
        ModelError: The model is not there, or is no segmenter of these families.
    """
    if spec.is_original:
        from pekit_agents.models.reference.sam import OriginalSam

        return DeferredSegmenter(partial(OriginalSam, original_file(spec), spec))
    families = {"sam": Sam, "sam2": Sam2, "sam2_video": Sam2}
    folder = checkpoint_folder(spec)
    kind = model_type(folder, spec, families, "a segmenter")
    return DeferredSegmenter(partial(families[kind], folder, spec))


@cache
def load_encoder(spec: ModelSpec) -> Encoder:
    """Return the DINOv2, DINOv3 or CLIP of a spec, loaded; the same for an equal one.

    Raises:
        ModelError: The model is not there, is no encoder of these families, or cannot be loaded.
    """
    families = {
        **dict.fromkeys(DinoEncoder.LOADERS, DinoEncoder),
        **dict.fromkeys(ClipEncoder.LOADERS, ClipEncoder),
    }
    folder = checkpoint_folder(spec)
    kind = model_type(folder, spec, families, "an encoder")
    return families[kind](folder, spec, kind)
