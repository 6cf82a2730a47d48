"""Things in their reference photos, and as vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pekit_agents.evaluation.features.features import Features
    from pekit_agents.evaluation.features.records import Introduced
    from pekit_agents.types import FloatArray

__all__ = ["introduced_things", "vectors_of"]


def introduced_things(
    features: Features,
    references: Mapping[str, Sequence[Path]],
    categories: Mapping[str, str],
) -> dict[str, list[Introduced]]:
    """Return each thing in its reference photos; photos without an object are left out."""
    return {
        thing: [
            found
            for photo in photos
            if (found := features.introduced(photo, categories[thing])) is not None
        ]
        for thing, photos in references.items()
    }


def vectors_of(
    introduced: Mapping[str, Sequence[Introduced]], vector: Callable[[Introduced], FloatArray]
) -> dict[str, FloatArray]:
    """Return the views of each thing, (V, D) float32; V is 0 where no photo gave one."""
    return {
        thing: np.stack([vector(each) for each in found]) if found else np.zeros((0, 1), np.float32)
        for thing, found in introduced.items()
    }
