"""How many photos, which photos: what is wrong with a reference, and what would help.

A photo that shows what another one shows adds nothing. One that resembles none of the others may
show something else. A blurred, dark or small object has features of another kind than one seen
well, so that it is found in worse photos only, and without a discriminant other things are taken
for it there. The limits were measured on development photos, see
``docs/guides/reference-photos.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from PIL import Image

from pekit_agents.scoring import Grouped
from pekit_agents.types import Advice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.scoring import Discriminant
    from pekit_agents.types import Box, FloatArray, RGBImage, View

__all__ = [
    "ENOUGH",
    "OUTLIER_REMEDY",
    "Fault",
    "advise",
    "advise_on_region",
    "fault_of",
    "sharpness",
]

#: What makes a view a bad one, whatever it shows; see :class:`Advice`.
Fault: TypeAlias = Literal["small", "blurred", "poor"]

#: With fewer different views than this another side helps most.
ENOUGH = 3
_DUPLICATE = 0.95  # the cosine of two views of one photo, saved, scaled or not
_SIDE = 128  # pixels of the longer side at which sharpness is compared
_BLURRED = 0.08
_SMALL = 48  # pixels of the shorter side
_FLAT = 4.0  # variance of grey values below which there is nothing to be sharp


def sharpness(photo: RGBImage, box: Box) -> float | None:
    """Return how sharp an object is at a common size: the energy of edges over all contrast.

    The variance of the Laplacian over that of the grey values, both of the box scaled down to at
    most 128 pixels a side; about 0.1 to 1 in sharp photos.

    Args:
        photo: The photo.
        box: Where the object is, xyxy in its pixels.

    Returns:
        The ratio; None where the box is too small or too plain to tell.
    """
    part = photo.crop(box.pixels).convert("L")
    scale = _SIDE / max(part.size)
    if scale < 1:
        width, height = (max(1, round(side * scale)) for side in part.size)
        part = part.resize((width, height), Image.Resampling.BOX)
    grey = np.asarray(part, np.float32)
    if min(grey.shape) < 3 or grey.var() < _FLAT:
        return None
    edges = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2]
    return float((edges - grey[1:-1, 2:]).var() / grey.var())


def advise(
    views: Sequence[View],
    held: FloatArray,
    discriminant: Discriminant | None,
    names: Sequence[str] | None = None,
) -> tuple[Advice, ...]:
    """Return what to know about new reference photos of an object, the photos in their order.

    Args:
        views: What the photos gave.
        held: (V, D) float32 unit vectors of the views that the object had before.
        discriminant: Says whether views are of one thing; None cannot tell outliers.
        names: What to call the photos; None for "photo 1" and so on.
    """
    called = [f"photo {n}" for n in range(1, len(views) + 1)] if names is None else names
    vectors = np.concatenate([held, np.stack([view.vector for view in views])])
    cosines = vectors @ vectors.T  # (V + K, V + K)
    poor = discriminant.seen_badly(vectors) if discriminant else np.zeros(len(vectors), bool)
    advice: list[Advice] = []
    for photo, (view, name) in enumerate(zip(views, called, strict=True), start=1):
        place = len(held) + photo - 1
        earlier = cosines[place, :place]
        repeats = len(earlier) > 0 and earlier.max() > _DUPLICATE
        if repeats:
            other = int(earlier.argmax()) - len(held)
            same = called[other] if other >= 0 else "one that is remembered already"
            advice.append(Advice(photo, "duplicate", _DUPLICATED.format(name, same)))
        if fault := fault_of(view, poor=bool(poor[place])):
            advice.append(Advice(photo, fault, _FAULTS[fault].format(name)))
        elif not repeats and _is_outlier(
            vectors, place, (cosines[place] > _DUPLICATE) | poor, discriminant
        ):
            advice.append(Advice(photo, "outlier", _OUTLIER.format(name)))
    repeated = (np.tril(cosines, -1) > _DUPLICATE).any(axis=1).sum()
    if len(vectors) - repeated < ENOUGH:
        advice.append(Advice(0, "more", _MORE))
    return tuple(advice)


def fault_of(view: View, *, poor: bool) -> Fault | None:
    """Return what makes a view a bad one; None where nothing does.

    Args:
        view: What a photo gave.
        poor: Whether the discriminant takes it for a thing seen badly.
    """
    if min(view.proposal.box.width, view.proposal.box.height) < _SMALL:
        return "small"
    if view.sharpness is not None and view.sharpness < _BLURRED:
        return "blurred"
    return "poor" if poor else None


def advise_on_region(vector: FloatArray, discriminant: Discriminant | None) -> tuple[Advice, ...]:
    """Return what to know about a region, (D,) float32, that becomes a view of an object."""
    if discriminant is None or not discriminant.seen_badly(vector[None])[0]:
        return ()
    return (Advice(1, "poor", _POOR.format("the photo")),)


#: What to do about an outlier, for who has the object and the photo at hand.
OUTLIER_REMEDY = (
    "if it shows something else, remove it; if the object is small in it, point it out with a box"
)
_OUTLIER = f"{{}} resembles none of the others: {OUTLIER_REMEDY}"
_TOO_SMALL = f"{{}} shows the object less than {_SMALL} pixels wide or high: use one from closer by"
_UNSHARP = "{} is blurred: use a sharp one"
_DUPLICATED = "{} adds nothing to {}: use one from another side"
_POOR = "{} shows the object badly (blurred, dark, overexposed or noisy): use a clear one"
_FAULTS: dict[Fault, str] = {"small": _TOO_SMALL, "blurred": _UNSHARP, "poor": _POOR}
_MORE = "one or two photos from other sides, or in other light, would help to recognise it"


def _is_outlier(
    vectors: FloatArray,
    place: int,
    no_witness: NDArray[np.bool_],
    discriminant: Discriminant | None,
) -> bool:
    """Return whether a view is less likely of the thing that the others show than of another.

    Neither a copy of it nor a view that shows the thing badly is a witness.
    """
    others = vectors[~no_witness]
    if discriminant is None or len(others) == 0 or (len(others) == 1 and place == 0):
        return False  # of two photos that differ the second is said to
    views = Grouped.of([others], vectors.shape[1])
    rejected = Grouped.of([others[:0]], vectors.shape[1])
    return bool(discriminant.identities(views, rejected).scores(vectors[[place]])[0, 0] < 0)
