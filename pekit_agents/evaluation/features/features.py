"""What recognizers compare: features of photos, made once and kept on disk.

All features are kept as they were pooled, before the encoder's ``normalize``. So one cache
serves recognizers that centre and whiten them in different ways, or not at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pekit_agents.embedding.local_features import as_details
from pekit_agents.evaluation.features import compute
from pekit_agents.evaluation.features.entries import Entries
from pekit_agents.evaluation.features.provenance import content_hash, processing_version
from pekit_agents.evaluation.features.records import Introduced, Regions, Whole, patches_in
from pekit_agents.protocols import GuidedProposer
from pekit_agents.types import Box

if TYPE_CHECKING:
    from pekit_agents.evaluation.features.records import Arrays
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import Encoder, Guide, SearchMode
    from pekit_agents.types import Details, FloatArray, Proposal

__all__ = ["Features"]

_IN_RAM = 1024  # photos; some 0.3 MB each
_REGIONS = {"boxes", "pooled", "plain"}


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
                "patches": compute.describes(profile),
                "processing": processing_version(),
            },
        )
        self.introduced = lru_cache(_IN_RAM)(self._introduced)
        self.regions = lru_cache(_IN_RAM)(self._regions)
        self.whole = lru_cache(_IN_RAM)(self._whole)

    @property
    def describes(self) -> bool:
        """Whether the profile describes regions by its encoder's patches."""
        return compute.describes(self.profile)

    @property
    def has_tokens(self) -> bool:
        """Whether the encoder gives class tokens."""
        return isinstance(self.profile.encoder, compute.TokenEncoder)

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
            return None, Regions.of(stored, None)
        asked = False

        def watched(pooled: FloatArray) -> FloatArray:
            nonlocal asked
            asked = True
            return guide(pooled)

        proposals, made, seconds = compute.propose_guided(
            photo, categories, self.mode, self.profile, proposer, watched
        )
        if not asked:
            self._entries.write(key, made)
            return None, Regions.of(made, seconds)
        return proposals, Regions.of(made, seconds)

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
        key = f"patches/{self.mode}/{content_hash(photo)}/{region.xyxy}"
        make = compute.patches
        made, _ = self._entry(key, lambda: make(photo, categories, region, self.mode, self.profile))
        return as_details(patches_in(made), encoder)

    def _introduced(self, photo: Path, category: str) -> Introduced | None:
        """Return the object in a reference photo; None when none is found in it.

        Raises:
            ImageError: The photo cannot be read; the message names it.
        """
        key = f"introduced/{category}/{content_hash(photo)}"
        make = compute.introduce
        made, seconds = self._entry(key, lambda: make(photo, category, self.profile))
        if not len(made["looks"]):
            self.unseen.add(photo)
            return None
        patches = patches_in(made) if self.describes else None
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
                return Regions.of(stored, None)
        words = _Watched(categories)
        made, seconds = compute.propose(photo, words, self.mode, self.profile)
        self._entries.write(worded if words.read else base, made)
        return Regions.of(made, seconds)

    def _whole(self, photo: Path) -> Whole:
        """Return a photo as one vector.

        Raises:
            ImageError: The photo cannot be read; the message names it.
        """
        key = f"whole/{content_hash(photo)}"
        made, seconds = self._entry(key, lambda: compute.whole(photo, self.profile))
        return Whole(made["mean"], made["token"], seconds)

    def _entry(self, key: str, make: Callable[[], Arrays]) -> tuple[Arrays, float | None]:
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
