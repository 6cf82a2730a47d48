"""Open-vocabulary detection as a vision tool: F_ext with box as mask, and F_prop.

Any :class:`Detector` will do; this module knows no model. What a detector returns is clipped,
filtered and thinned here, one way for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from pekit_agents.boxes import clip, close_up, nms
from pekit_agents.errors import ProfileError
from pekit_agents.types import Proposal

if TYPE_CHECKING:
    from pekit_agents.protocols import SearchMode
    from pekit_agents.types import RGBImage

__all__ = [
    "BoxExtractor",
    "BoxProposer",
    "DetectionSettings",
    "Detector",
    "PromptStyle",
    "as_concept",
    "select",
]

#: What the proposer asks for: the categories in memory (paper 3.5), or anything at all.
PromptStyle: TypeAlias = Literal["categories", "object"]
_ANYTHING = "object"


class Detector(Protocol):
    """Finds what words name, one concept at a time."""

    def detect(self, image: RGBImage, concepts: Sequence[str], threshold: float) -> list[Proposal]:
        """Return all boxes that score above the threshold for any of the concepts.

        Args:
            image: The photo.
            concepts: Lower-case words without full stops, at least one.
            threshold: In [0, 1].

        Returns:
            Boxes in pixels of the photo with scores in [0, 1], in any order; they may overlap
            and reach over the photo's edges.
        """
        ...


@dataclass(frozen=True, slots=True)
class DetectionSettings:
    """Which of a detector's boxes count.

    Attributes:
        threshold: Least score, in [0, 1].
        overlap: Of two boxes with a larger IoU the better one stays. In [0, 1].
        min_area: Least area, as a share of the photo's. In [0, 1].
        limit: How many boxes to keep at most, the best ones.
        close_up: A region with a smaller share of the photo's area is encoded in a crop around
            it instead of in the whole photo. In [0, 1]; the paper has none: 0.
    """

    threshold: float = 0.25
    overlap: float = 0.7
    min_area: float = 0.0
    limit: int = 30
    close_up: float = 0.0

    def __post_init__(self) -> None:
        for name in ("threshold", "overlap", "min_area", "close_up"):
            value = getattr(self, name)
            if (
                isinstance(value, bool)
                or not isinstance(value, (int, float))
                or not 0 <= value <= 1
            ):
                raise ProfileError(f"expected {name} in [0, 1], found {value!r}")
        if isinstance(self.limit, bool) or not isinstance(self.limit, int) or self.limit < 1:
            raise ProfileError(f"expected limit to be a whole number over 0, found {self.limit!r}")


class BoxExtractor:
    """View extraction by detection: the mask S_p is the box (the paper's G-DINO ablation)."""

    def __init__(self, detector: Detector, settings: DetectionSettings) -> None:
        self._detector = detector
        self._settings = settings

    def extract(self, image: RGBImage, category: str) -> list[Proposal]:
        """Return the boxes of the category, the surest first; ``[]`` when there is none."""
        found = self._detector.detect(image, [as_concept(category)], self._settings.threshold)
        return select(found, image.size, self._settings)


class BoxProposer:
    """Object proposals by detection (paper 3.3, 3.5).

    Args:
        detector: Finds the boxes.
        settings: Which of them count.
        prompt: ``"categories"`` asks for each category in memory (paper 3.5), ``"object"`` for
            anything, at one forward pass however many categories there are; it wants a very
            low threshold and a least area.
    """

    def __init__(
        self,
        detector: Detector,
        settings: DetectionSettings,
        prompt: PromptStyle = "categories",
    ) -> None:
        self._detector = detector
        self._settings = settings
        self._prompt = prompt

    def propose(
        self,
        image: RGBImage,
        categories: Sequence[str],
        mode: SearchMode = "auto",  # noqa: ARG002 - a detector looks in one way only
    ) -> list[Proposal]:
        """Return the proposals, the surest first; ``[]`` when there are none."""
        wanted = categories if self._prompt == "categories" else ()
        concepts = list(dict.fromkeys(map(as_concept, wanted))) or [_ANYTHING]
        found = self._detector.detect(image, concepts, self._settings.threshold)
        return select(found, image.size, self._settings)


def as_concept(category: str) -> str:
    """Return a category as one concept of a prompt: full stops would part it in two."""
    words = re.sub(r"[.?]", " ", category.lower()).split()
    return " ".join(words) or _ANYTHING


def select(
    found: Sequence[Proposal], size_wh: tuple[int, int], settings: DetectionSettings
) -> list[Proposal]:
    """Return the proposals that count, the best first, clipped to the photo and thinned.

    Args:
        found: What the detector returned.
        size_wh: Width and height of the photo.
        settings: What counts.
    """
    width, height = size_wh
    least = settings.min_area * width * height
    inside = [
        replace(proposal, box=box)
        for proposal in found
        if proposal.score >= settings.threshold
        and (box := clip(proposal.box, width, height)) is not None
        and box.area >= least
    ]
    boxes = [proposal.box.xyxy for proposal in inside]
    kept = nms(boxes, [proposal.score for proposal in inside], settings.overlap)
    best = [inside[index] for index in kept[: settings.limit]]
    large = settings.close_up * width * height
    return [
        replace(p, window=close_up(p.box, width, height)) if p.box.area < large else p for p in best
    ]
