"""The embedded profile's view extraction: the object of a reference photo is what stands out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pekit_agents.models.embedded.windows import PhotoWindows

if TYPE_CHECKING:
    from pekit_agents.models.embedded.model import FocusModel
    from pekit_agents.types import Proposal, RGBImage

__all__ = ["FocusExtractor"]


class FocusExtractor:
    """View extraction by saliency: the object is what stands out; the category is not read."""

    def __init__(self, model: FocusModel) -> None:
        self._model = model

    def extract(self, image: RGBImage, category: str) -> list[Proposal]:  # noqa: ARG002
        """Return the salient regions of a reference photo, the whole salient area first."""
        windows = PhotoWindows(self._model, image)
        return windows.salient([windows.whole])
