"""Reference crops: what may be kept of a photo, to embed it anew from that.

A crop holds the object's box with a margin, so an encoder that comes later sees about what this
one saw, and a person can look at what a view is of. Nothing is kept unless it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from pekit_agents.boxes import resized_proposal
from pekit_agents.embedding.pooling import coverage
from pekit_agents.images.loading import ImageLimits, load_image
from pekit_agents.introduction.view_extraction import around
from pekit_agents.types import Box, Crop, Mask, Proposal

if TYPE_CHECKING:
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.types import Match, RGBImage

__all__ = ["CROP_SIDE", "crop_of", "make_crop", "open_crop", "with_crops"]

#: The longer side of a crop in pixels, at most.
CROP_SIDE = 512
_QUALITY = 90
_RASTER = 64  # cells a side of the mask: more than any encoder has patches a side
_LIMITS = ImageLimits(max_side=CROP_SIDE, min_side=1)


def make_crop(photo: RGBImage, proposal: Proposal) -> Crop:
    """Return what is kept of a photo in which ``proposal`` is the object."""
    window = around(proposal.box, photo)
    picture = photo.crop(window.pixels)
    picture.thumbnail((CROP_SIDE, CROP_SIDE), Image.Resampling.LANCZOS)
    inside = coverage(proposal, window, (_RASTER, _RASTER))
    mask = Image.fromarray((inside * 255).round().astype(np.uint8))
    return Crop(_encoded(picture, "JPEG", quality=_QUALITY), _encoded(mask, "PNG"))


def crop_of(finding: Finding, region: int) -> Crop:
    """Return what is kept of a photo in which one of its regions is the object.

    Args:
        finding: What was found in the photo.
        region: The region's number, from 1.
    """
    photo = finding.image
    proposal = finding.proposals[region - 1]
    return make_crop(photo, resized_proposal(proposal, finding.size_wh, photo.size))


def with_crops(finding: Finding) -> Finding:
    """Return a finding whose matches carry what is kept of them when they are confirmed."""

    def cropped(matches: Sequence[Match]) -> tuple[Match, ...]:
        return tuple(replace(match, crop=crop_of(finding, match.region)) for match in matches)

    return replace(finding, matches=cropped(finding.matches), possible=cropped(finding.possible))


def open_crop(crop: Crop) -> tuple[RGBImage, Proposal]:
    """Return a crop's picture, and its object in it.

    Raises:
        ImageError: The crop is damaged.
    """
    picture = load_image(crop.picture, limits=_LIMITS)
    values = np.asarray(load_image(crop.mask, limits=_LIMITS), np.float32)[..., 0] / np.float32(255)
    frame = Box(0, 0, *picture.size)
    return picture, Proposal(frame, 1.0, Mask(values, frame))


def _encoded(picture: Image.Image, kind: str, **options: int) -> bytes:
    buffer = BytesIO()
    # A bare copy: an encoder writes along whatever metadata it finds.
    Image.fromarray(np.asarray(picture)).save(buffer, kind, **options)
    return buffer.getvalue()
