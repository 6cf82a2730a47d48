"""Features of one photo, computed now, as the arrays that are kept of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from pekit_agents.embedding.local_features import PatchDescriber, cut_patches
from pekit_agents.embedding.pooling import pool, pool_proposals, pool_reference
from pekit_agents.errors import ImageError, NoObjectFound
from pekit_agents.evaluation.features.records import arrays_of
from pekit_agents.images.loading import load_image
from pekit_agents.introduction.view_extraction import Reference, find_object
from pekit_agents.types import Box, Proposal

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from pekit_agents.evaluation.features.records import Arrays
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import Guide, GuidedProposer, SearchMode
    from pekit_agents.types import FloatArray, RGBImage

__all__ = [
    "TokenEncoder",
    "describes",
    "introduce",
    "load",
    "patches",
    "propose",
    "propose_guided",
    "whole",
]


@runtime_checkable
class TokenEncoder(Protocol):
    """An encoder that also gives one vector for a whole image."""

    def class_tokens(self, images: Sequence[RGBImage]) -> FloatArray:
        """Return the class token of each image, (N, D) float32."""
        ...


def describes(profile: Profile) -> bool:
    """Return whether a profile describes regions by its encoder's patches."""
    return isinstance(profile.describer, PatchDescriber)


def load(photo: Path) -> RGBImage:
    """Return a photo.

    Raises:
        ImageError: It cannot be read; the message names it.
    """
    try:
        return load_image(photo)
    except ImageError as exc:
        raise ImageError(f"{photo}: {exc}") from exc


def introduce(photo: Path, category: str, profile: Profile) -> Arrays:
    """Return the object in a reference photo; no ``looks`` where none is found in it."""
    image = load(photo)
    try:
        region = find_object(image, Reference(image), category, profile.extractor)
    except NoObjectFound:
        return {"looks": np.zeros((0, profile.encoder.dim), np.float32)}
    return {
        "looks": pool_reference(image, region, profile.encoder, augment=profile.augment),
        "plain": _plain(image, [region], profile)[0],
        "box": np.array(region.box.xyxy, np.float64),
        **(arrays_of(cut_patches(image, region, profile.encoder)) if describes(profile) else {}),
    }


def propose(
    photo: Path, categories: Sequence[str], mode: SearchMode, profile: Profile
) -> tuple[Arrays, float]:
    """Return the proposals of a photo, and the seconds that all but ``plain`` took."""
    image = load(photo)
    start = time.perf_counter()
    proposals = profile.proposer.propose(image, categories, mode)
    pooled = pool_proposals(image, proposals, profile.encoder)
    seconds = time.perf_counter() - start
    plain = _plain(image, proposals, profile)
    return {"boxes": _xyxy(proposals), "pooled": pooled, "plain": plain}, seconds


def propose_guided(
    photo: Path,
    categories: Sequence[str],
    mode: SearchMode,
    profile: Profile,
    proposer: GuidedProposer,
    guide: Guide,
) -> tuple[list[Proposal], Arrays, float]:
    """Return the proposals of a photo under a guide, as such too, and the seconds they took."""
    image = load(photo)
    start = time.perf_counter()
    proposals = proposer.propose_guided(image, categories, mode, guide)
    pooled = pool_proposals(image, proposals, profile.encoder)
    seconds = time.perf_counter() - start
    # Nobody asks for plain features here: they are those of another rule.
    arrays: Arrays = {"boxes": _xyxy(proposals), "pooled": pooled, "plain": pooled[:0]}
    return proposals, arrays, seconds


def patches(
    photo: Path, categories: Sequence[str], region: Box, mode: SearchMode, profile: Profile
) -> Arrays:
    """Return the patches of a region."""
    image = load(photo)
    proposal = _again(image, categories, region, mode, profile)
    return arrays_of(cut_patches(image, proposal, profile.encoder))


def whole(photo: Path, profile: Profile) -> Arrays:
    """Return a photo as one vector: the mean of its patches, and the class token."""
    image = load(photo)
    grid = profile.encoder.encode([image])[0]
    mean = grid.reshape(-1, grid.shape[-1]).mean(axis=0)
    encoder = profile.encoder
    token = encoder.class_tokens([image])[0] if isinstance(encoder, TokenEncoder) else mean
    return {"mean": mean, "token": token}


def _again(
    image: RGBImage, categories: Sequence[str], region: Box, mode: SearchMode, profile: Profile
) -> Proposal:
    """Return a region with its mask: masks are not kept, but the tools draw the same again."""
    proposals = profile.proposer.propose(image, categories, mode)
    (proposal,) = [p for p in proposals if p.box == region][:1] or [Proposal(region, 1.0)]
    return proposal


def _plain(image: RGBImage, proposals: Sequence[Proposal], profile: Profile) -> FloatArray:
    """Return the regions pooled over the whole photo, whatever window they were seen in."""
    if not proposals:
        return np.zeros((0, profile.encoder.dim), np.float32)
    grid = profile.encoder.encode([image])[0]
    window = Box(0, 0, *image.size)
    return np.stack([pool(grid, window, proposal) for proposal in proposals])


def _xyxy(proposals: Sequence[Proposal]) -> NDArray[np.float64]:
    return np.array([proposal.box.xyxy for proposal in proposals], np.float64).reshape(-1, 4)
