"""Features of a photo as records, and as the arrays that are kept of them.

Features are as they were pooled, before the encoder's ``normalize``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pekit_agents.embedding.local_features import Patches
from pekit_agents.types import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.types import FloatArray

__all__ = ["Arrays", "Introduced", "Regions", "Whole", "arrays_of", "patches_in"]

#: What is kept, by name.
Arrays = Mapping[str, "NDArray[Any]"]


@dataclass(frozen=True, slots=True, eq=False)
class Introduced:
    """An object in a reference photo (Eq. 2).

    Attributes:
        looks: (L, D) float32, the pooled region and its synthetic views.
        plain: (D,) float32, the region pooled over the whole photo, as the paper does.
        box: Where it is, in pixels of the upright photo.
        patches: The region's, close up; None where the profile does not describe by them.
        seconds: How long this took; None when it was read from disk.
    """

    looks: FloatArray
    plain: FloatArray
    box: Box
    patches: Patches | None
    seconds: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """The proposals of a photo (Eq. 4).

    Attributes:
        boxes: Their K boxes, in pixels of the upright photo.
        pooled: (K, D) float32, each pooled in the window it was proposed in.
        plain: (K, D) float32, each pooled over the whole photo, as the paper does.
        seconds: How long boxes and ``pooled`` took; None when they were read from disk.
    """

    boxes: tuple[Box, ...]
    pooled: FloatArray
    plain: FloatArray
    seconds: float | None

    @classmethod
    def of(cls, arrays: Arrays, seconds: float | None) -> Regions:
        """Return the regions that were kept as arrays."""
        boxes = tuple(Box(*map(float, xyxy)) for xyxy in arrays["boxes"])
        return cls(boxes, arrays["pooled"], arrays["plain"], seconds)


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """A photo as one vector.

    Attributes:
        mean: (D,) float32, the mean of all patch features.
        token: (D,) float32, the encoder's class token; the mean where it gives none.
        seconds: How long this took; None when it was read from disk.
    """

    mean: FloatArray
    token: FloatArray
    seconds: float | None


def arrays_of(patches: Patches) -> Arrays:
    """Return what is kept of patches."""
    # Half the precision is more than the codes keep.
    return {
        "patches": patches.features.astype(np.float16),
        "colours": patches.colours,
        "weights": patches.weights,
    }


def patches_in(arrays: Arrays) -> Patches:
    """Return the patches that were kept."""
    features = arrays["patches"].astype(np.float32)
    return Patches(features, arrays["colours"], arrays["weights"])
