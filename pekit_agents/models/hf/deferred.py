"""Models that are read from disk when they are first used, once for all who share them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from pekit_agents.models.hf.detection import Detector
    from pekit_agents.models.hf.grounded_sam import Segmenter
    from pekit_agents.types import Box, Mask, Proposal, RGBImage

__all__ = ["DeferredDetector", "DeferredSegmenter"]

_Tool = TypeVar("_Tool")


class DeferredDetector:
    """A detector that is loaded for its first photo.

    Args:
        load: Makes it.
    """

    def __init__(self, load: Callable[[], Detector]) -> None:
        self._tool = _once(load)

    def detect(self, image: RGBImage, concepts: Sequence[str], threshold: float) -> list[Proposal]:
        """Return what the detector returns.

        Raises:
            ModelError: It cannot be loaded.
        """
        return self._tool().detect(image, concepts, threshold)


class DeferredSegmenter:
    """A segmenter that is loaded for its first photo.

    Args:
        load: Makes it.
    """

    def __init__(self, load: Callable[[], Segmenter]) -> None:
        self._tool = _once(load)

    def outline(self, image: RGBImage, boxes: Sequence[Box]) -> list[Mask]:
        """Return what the segmenter returns.

        Raises:
            ModelError: It cannot be loaded.
        """
        return self._tool().outline(image, boxes)


def _once(load: Callable[[], _Tool]) -> Callable[[], _Tool]:
    """Return a function that loads for whichever thread comes first; a failure is tried again."""
    lock = threading.Lock()
    loaded: list[_Tool] = []

    def get() -> _Tool:
        with lock:
            if not loaded:
                loaded.append(load())
            return loaded[0]

    return get
