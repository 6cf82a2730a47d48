"""What recognizers compare: features of photos, made once and kept on disk.

All features are kept as they were pooled, before the encoder's ``normalize``. So one cache
serves recognizers that centre and whiten them in different ways, or not at all.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

import pekit_agents
from pekit_agents.details import PatchDescriber, Patches, as_details, cut_patches
from pekit_agents.embedding import pool, pool_closer, pool_proposals, pool_reference
from pekit_agents.errors import ImageError, NoObjectFound
from pekit_agents.evaluation.entries import Entries
from pekit_agents.images import load_image
from pekit_agents.protocols import GuidedProposer
from pekit_agents.types import Box, Proposal
from pekit_agents.views import Reference, find_object

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import Encoder, Guide, SearchMode
    from pekit_agents.types import Details, FloatArray, RGBImage

__all__ = ["Features", "Introduced", "Regions", "TokenEncoder", "Whole", "load"]

_IN_RAM = 1024  # photos; some 0.3 MB each
#: The sources that shape features: when one changes, features are made anew.
_PROCESSING = (
    "augment.py",
    "boxes.py",
    "details.py",
    "embedding.py",
    "images.py",
    "pixels.py",
    "views.py",
)
_Arrays = Mapping[str, "NDArray[Any]"]


@runtime_checkable
class TokenEncoder(Protocol):
    """An encoder that also gives one vector for a whole image."""

    def class_tokens(self, images: Sequence[RGBImage]) -> FloatArray:
        """Return the class token of each image, (N, D) float32."""
        ...


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


class Features:
    """Features of photos by one profile, from the cache or made now.

    Args:
        profile: The vision tools; its matching is not used.
        cache: The folder to keep them in.
        tools: Names extractor and proposer with all their settings: features that were made by
            other tools are not used.
        mode: How hard to look for proposals.

    Attributes:
        unseen: The reference photos asked for so far in which no object was found.
    """

    def __init__(
        self, profile: Profile, cache: Path, *, tools: str, mode: SearchMode = "auto"
    ) -> None:
        self.profile = profile
        self.mode: SearchMode = mode
        self.unseen: set[Path] = set()
        self._entries = Entries(
            cache,
            {
                "encoder": profile.encoder.id,
                "tools": tools,
                "augment": profile.augment,
                "patches": _describes(profile),
                "processing": processing_version(),
            },
        )
        self.introduced = lru_cache(_IN_RAM)(self._introduced)
        self.regions = lru_cache(_IN_RAM)(self._regions)
        self.whole = lru_cache(_IN_RAM)(self._whole)

    @property
    def describes(self) -> bool:
        """Whether the profile tells near twins apart by its encoder's patches."""
        return _describes(self.profile)

    @property
    def has_tokens(self) -> bool:
        """Whether the encoder gives class tokens."""
        return isinstance(self.profile.encoder, TokenEncoder)

    def size(self) -> int:
        """Return the bytes that this profile's features take on disk."""
        return self._entries.size()

    def guided(
        self, photo: Path, categories: tuple[str, ...], guide: Guide
    ) -> tuple[list[Proposal] | None, Regions]:
        """Return the proposals of a photo under a guide, and its regions.

        What the guide had a say in depends on what is remembered and is made each time; the
        proposals themselves are then returned as well.

        Raises:
            ImageError: The photo cannot be read; the message names it.
        """
        proposer = self.profile.proposer
        if not isinstance(proposer, GuidedProposer):
            return None, self.regions(photo, categories)
        key = f"unguided/{self.mode}/{content_hash(photo)}"
        stored = self._entries.read(key)
        if stored is not None:
            return None, _as_regions(stored, None)
        asked = False

        def watched(pooled: FloatArray) -> FloatArray:
            nonlocal asked
            asked = True
            return guide(pooled)

        image = load(photo)
        start = time.perf_counter()
        proposals = proposer.propose_guided(image, categories, self.mode, watched)
        pooled = pool_proposals(image, proposals, self.profile.encoder)
        seconds = time.perf_counter() - start
        # Nobody asks for plain features here: they are those of another rule.
        made: _Arrays = {"boxes": _xyxy(proposals), "pooled": pooled, "plain": pooled[:0]}
        if not asked:
            self._entries.write(key, made)
            return None, _as_regions(made, seconds)
        return proposals, _as_regions(made, seconds)

    def closer(self, photo: Path, categories: tuple[str, ...], region: Box) -> FloatArray:
        """Return the pooled features, (D,) float32, of one of the regions seen close up.

        Raises:
            ImageError: The photo cannot be read; the message names it.
        """
        key = f"closer/{self.mode}/{content_hash(photo)}/{region.xyxy}"
        made, _ = self._entry(key, lambda: self._look_closer(photo, categories, region))
        return made["closer"]

    def _look_closer(self, photo: Path, categories: tuple[str, ...], region: Box) -> _Arrays:
        image = load(photo)
        proposal = self._again(image, categories, region)
        return {"closer": pool_closer(image, [proposal], self.profile.encoder)[0]}

    def _again(self, image: RGBImage, categories: tuple[str, ...], region: Box) -> Proposal:
        """Return a region with its mask: masks are not kept, but the tools draw the same again."""
        proposals = self.profile.proposer.propose(image, categories, self.mode)
        (proposal,) = [p for p in proposals if p.box == region][:1] or [Proposal(region, 1.0)]
        return proposal

    def details(
        self, photo: Path, categories: tuple[str, ...], region: Box, encoder: Encoder
    ) -> Details:
        """Return what one of the regions looks like.

        Args:
            photo: The file.
            categories: As for :meth:`regions`.
            region: Its box.
            encoder: Normalises features.

        Raises:
            ImageError: The photo cannot be read; the message names it.
        """

        def cut() -> _Arrays:
            image = load(photo)
            proposal = self._again(image, categories, region)
            return _as_arrays(cut_patches(image, proposal, self.profile.encoder))

        key = f"patches/{self.mode}/{content_hash(photo)}/{region.xyxy}"
        made, _ = self._entry(key, cut)
        return as_details(_as_patches(made), encoder)

    def _introduced(self, photo: Path, category: str) -> Introduced | None:
        """Return the object in a reference photo; None when none is found in it.

        Raises:
            ImageError: The photo cannot be read; the message names it.
        """
        key = f"introduced/{category}/{content_hash(photo)}"
        made, seconds = self._entry(key, lambda: _introduce(photo, category, self.profile))
        if not len(made["looks"]):
            self.unseen.add(photo)
            return None
        patches = _as_patches(made) if self.describes else None
        box = Box(*made["box"].tolist())
        return Introduced(made["looks"], made["plain"], box, patches, seconds)

    def _regions(self, photo: Path, categories: tuple[str, ...]) -> Regions:
        """Return the proposals of a photo.

        Args:
            photo: The file.
            categories: What is remembered; of no account to a proposer that does not read it.

        Raises:
            ImageError: The photo cannot be read; the message names it.
        """
        base = f"regions/{self.mode}/{content_hash(photo)}"
        worded = f"{base}/{categories!r}"
        for key in (base, worded):
            stored = self._entries.read(key)
            if stored is not None and set(stored) >= _REGIONS:
                return _as_regions(stored, None)
        words = _Watched(categories)
        made, seconds = _propose(photo, words, self.mode, self.profile)
        self._entries.write(worded if words.read else base, made)
        return _as_regions(made, seconds)

    def _whole(self, photo: Path) -> Whole:
        """Return a photo as one vector.

        Raises:
            ImageError: The photo cannot be read; the message names it.
        """
        key = f"whole/{content_hash(photo)}"
        made, seconds = self._entry(key, lambda: _describe(photo, self.profile))
        return Whole(made["mean"], made["token"], seconds)

    def _entry(self, key: str, make: Callable[[], _Arrays]) -> tuple[_Arrays, float | None]:
        stored = self._entries.read(key)
        if stored is not None:
            return stored, None
        start = time.perf_counter()
        made = make()
        seconds = time.perf_counter() - start
        self._entries.write(key, made)
        return made, seconds


class _Watched(Sequence[str]):
    """Words that notice whether anyone reads them: most proposers know no words."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self.read = False

    def __len__(self) -> int:
        self.read = True
        return len(self._words)

    def __getitem__(self, index: Any) -> Any:
        self.read = True
        return self._words[index]


@lru_cache
def processing_version() -> str:
    """Return a hash of the sources that turn photos into features."""
    package = Path(pekit_agents.__file__).parent
    files = [package / name for name in _PROCESSING]
    files += [Path(__file__), *sorted((package / "models").glob("*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def content_hash(photo: Path) -> str:
    """Return the SHA-256 of a file's content.

    Raises:
        ImageError: The file cannot be read.
    """
    try:
        status = photo.stat()
        return _hash(photo, status.st_mtime_ns, status.st_size)
    except OSError as exc:
        raise ImageError(f"expected a photo at {photo}, but it cannot be read: {exc}") from exc


@lru_cache(16384)
def _hash(photo: Path, _changed: int, _size: int) -> str:
    return hashlib.sha256(photo.read_bytes()).hexdigest()


def load(photo: Path) -> RGBImage:
    """Return a photo.

    Raises:
        ImageError: It cannot be read; the message names it.
    """
    try:
        return load_image(photo)
    except ImageError as exc:
        raise ImageError(f"{photo}: {exc}") from exc


def _introduce(photo: Path, category: str, profile: Profile) -> _Arrays:
    image = load(photo)
    try:
        region = find_object(image, Reference(image), category, profile.extractor)
    except NoObjectFound:
        return {"looks": np.zeros((0, profile.encoder.dim), np.float32)}
    return {
        "looks": pool_reference(image, region, profile.encoder, augment=profile.augment),
        "plain": _plain(image, [region], profile)[0],
        "box": np.array(region.box.xyxy, np.float64),
        **(_as_arrays(cut_patches(image, region, profile.encoder)) if _describes(profile) else {}),
    }


_REGIONS = {"boxes", "pooled", "plain"}


def _propose(
    photo: Path, categories: Sequence[str], mode: SearchMode, profile: Profile
) -> tuple[_Arrays, float]:
    image = load(photo)
    start = time.perf_counter()
    proposals = profile.proposer.propose(image, categories, mode)
    pooled = pool_proposals(image, proposals, profile.encoder)
    seconds = time.perf_counter() - start
    plain = _plain(image, proposals, profile)
    return {"boxes": _xyxy(proposals), "pooled": pooled, "plain": plain}, seconds


def _xyxy(proposals: Sequence[Proposal]) -> NDArray[np.float64]:
    return np.array([proposal.box.xyxy for proposal in proposals], np.float64).reshape(-1, 4)


def _plain(image: RGBImage, proposals: Sequence[Proposal], profile: Profile) -> FloatArray:
    """Return the regions pooled over the whole photo, whatever window they were seen in."""
    if not proposals:
        return np.zeros((0, profile.encoder.dim), np.float32)
    grid = profile.encoder.encode([image])[0]
    whole = Box(0, 0, *image.size)
    return np.stack([pool(grid, whole, proposal) for proposal in proposals])


def _describe(photo: Path, profile: Profile) -> _Arrays:
    image = load(photo)
    grid = profile.encoder.encode([image])[0]
    mean = grid.reshape(-1, grid.shape[-1]).mean(axis=0)
    encoder = profile.encoder
    token = encoder.class_tokens([image])[0] if isinstance(encoder, TokenEncoder) else mean
    return {"mean": mean, "token": token}


def _as_regions(arrays: _Arrays, seconds: float | None) -> Regions:
    boxes = tuple(Box(*map(float, xyxy)) for xyxy in arrays["boxes"])
    return Regions(boxes, arrays["pooled"], arrays["plain"], seconds)


def _describes(profile: Profile) -> bool:
    return isinstance(profile.describer, PatchDescriber)


def _as_arrays(patches: Patches) -> _Arrays:
    # Half the precision is more than the codes keep.
    return {
        "patches": patches.features.astype(np.float16),
        "colours": patches.colours,
        "weights": patches.weights,
    }


def _as_patches(arrays: _Arrays) -> Patches:
    features = arrays["patches"].astype(np.float32)
    return Patches(features, arrays["colours"], arrays["weights"])
