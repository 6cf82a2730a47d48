"""What a region looks like patch by patch, from any encoder's patch features and the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms

from pekit_agents.boxes import framed
from pekit_agents.embedding.pooling import coverage
from pekit_agents.types import Details

if TYPE_CHECKING:
    from pekit_agents.protocols import Encoder
    from pekit_agents.types import ByteArray, FloatArray, Proposal, RGBImage

__all__ = ["CODE_WIDTH", "PatchDescriber", "Patches", "as_details", "cut_patches"]

#: W, the width of a code. Twins are told apart as well with whole features, which take six times
#: the room.
CODE_WIDTH = 128
_LEAST = 0.3  # of a patch that the object must cover
_FEW = 4  # patches that are taken even if it covers less
_FULL = 127


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """The patches of a region, close up, as the encoder gives them.

    Attributes:
        features: (C, D) float32, not normalised.
        colours: (C, 2) int8: a* and b* of CIELAB.
        weights: (C,) int8 from 1 to 127: how much of each patch the region covers.
    """

    features: FloatArray
    colours: ByteArray
    weights: ByteArray


class PatchDescriber:
    """Describes regions with an encoder's patch features, in a close-up of each.

    Args:
        encoder: Gives the patch features and normalises them.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def describe(self, image: RGBImage, proposal: Proposal) -> Details:
        """Return what a region looks like; one forward pass, unless that was made before.

        Args:
            image: The photo.
            proposal: A region of it.
        """
        return as_details(cut_patches(image, proposal, self._encoder), self._encoder)


def cut_patches(image: RGBImage, proposal: Proposal, encoder: Encoder) -> Patches:
    """Return the patches that a region covers in the window that it nearly fills.

    Args:
        image: The photo.
        proposal: A region of it.
        encoder: Gives the patch features.
    """
    window = framed(proposal.box, *image.size)
    closer = image if window.pixels == (0, 0, *image.size) else image.crop(window.pixels)
    grid = encoder.encode([closer])[0]
    covered = coverage(proposal, window, grid.shape[:2]).ravel()
    chosen = np.flatnonzero(covered > _LEAST)
    if len(chosen) < _FEW:
        chosen = np.sort(np.argsort(-covered, kind="stable")[:_FEW])
    weights = np.clip(np.round(covered[chosen] * _FULL), 1, _FULL).astype(np.int8)
    colours = _colours(closer, grid.shape[1], grid.shape[0])
    return Patches(grid.reshape(-1, grid.shape[2])[chosen], colours[chosen], weights)


def as_details(patches: Patches, encoder: Encoder) -> Details:
    """Return patches as they are compared and stored.

    Args:
        patches: Of a region.
        encoder: Normalises their features.
    """
    codes = _shortened(encoder.normalize(patches.features))
    largest = np.abs(codes).max(axis=1, keepdims=True)
    whole = np.round(codes * (_FULL / np.maximum(largest, 1e-6))).astype(np.int8)
    # Sorted, so that what is stored does not say where in the photo each patch was.
    order = np.lexsort(whole.T)
    return Details(whole[order], patches.colours[order], patches.weights[order])


def _shortened(vectors: FloatArray) -> FloatArray:
    """Return (C, W): sums of features with random signs, which keep the cosines on average."""
    width = vectors.shape[1]
    if width <= CODE_WIDTH:
        return vectors
    places, signs = _hashing(width)
    codes = np.zeros((len(vectors), CODE_WIDTH), np.float32)
    np.add.at(codes.T, places, (vectors * signs).T)
    return codes


@cache
def _hashing(width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the place in a code and the sign of each feature; the same ones for ever."""
    random = np.random.RandomState(0)  # the one generator whose numbers numpy never changes
    places = random.permutation(np.arange(width) % CODE_WIDTH)
    return places, random.choice(np.array([-1, 1], np.float32), width)


def _colours(picture: RGBImage, columns: int, rows: int) -> ByteArray:
    """Return (rows * columns, 2) int8: the mean a* and b* of each cell."""
    small = picture.resize((columns, rows), Image.Resampling.BOX)
    lab = _to_lab().apply(small)
    # Pillow keeps a* and b* as signed bytes.
    return np.asarray(lab)[..., 1:].reshape(-1, 2).view(np.int8).copy()


@cache
def _to_lab() -> ImageCms.ImageCmsTransform:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    return ImageCms.buildTransform(srgb, lab, "RGB", "LAB")
