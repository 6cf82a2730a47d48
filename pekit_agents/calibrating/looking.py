"""Looking at the photos of a calibration, each part of each once."""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pekit_agents.calibrating.trials import Seen
from pekit_agents.evaluation.features import Features
from pekit_agents.images import load_image
from pekit_agents.whitening import blocks_of, spread

if TYPE_CHECKING:
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import Encoder
    from pekit_agents.types import FloatArray, RGBImage

__all__ = ["look_at", "plain_features"]

_PER_PHOTO = 256  # patches: all of a square photo's with the embedded model
_IN_ALL = 50_000  # patches, so that statistics of many photos are still made in seconds
_KEPT = 24  # patch grids


class Remembering:
    """An encoder that gives the patch grid of a picture it has just seen without a new pass.

    Args:
        encoder: Gives the patch features.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._grids: OrderedDict[bytes, FloatArray] = OrderedDict()

    @property
    def id(self) -> str:
        """The encoder's."""
        return self._encoder.id

    @property
    def dim(self) -> int:
        """The length of a vector."""
        return self._encoder.dim

    @property
    def blocks(self) -> int:
        """Of how many layers the features are."""
        return blocks_of(self._encoder)

    def encode(self, images: Sequence[RGBImage]) -> list[FloatArray]:
        """Return a (rows, columns, D) float32 patch grid for each image."""
        keys = [hashlib.blake2b(f"{i.size}".encode() + i.tobytes()).digest() for i in images]
        missing = {k: i for k, i in zip(keys, images, strict=True) if k not in self._grids}
        made = dict(zip(missing, self._encoder.encode(list(missing.values())), strict=True))
        found = [made[key] if key in made else self._grids[key] for key in keys]
        self._grids.update(zip(keys, found, strict=True))
        while len(self._grids) > _KEPT:
            self._grids.popitem(last=False)
        return found

    def normalize(self, vectors: FloatArray) -> FloatArray:
        """Return unit vectors as the encoder makes them."""
        return self._encoder.normalize(vectors)


def plain_features(profile: Profile, cache: Path, tools: str) -> Features:
    """Return the features of a profile, in a cache, without the details of its describer.

    Args:
        profile: The vision tools.
        cache: The folder to keep features in.
        tools: Names the tools with all their settings.
    """
    own = replace(profile, encoder=Remembering(profile.encoder), describer=None)
    return Features(own, cache, tools=tools)


def look_at(
    photos: Sequence[tuple[Path, str]],
    features: Features,
    category: str,
    progress: Callable[[int, int], None],
) -> list[Seen]:
    """Return what is seen in photos, in their order.

    Args:
        photos: Each with the name of what it shows.
        features: Of the profile.
        category: What the photos show, for tools that take words.
        progress: Called after each photo with (photos done, photos in all).

    Raises:
        ImageError: A photo cannot be read; the message names it.
    """
    numbers: dict[str, int] = {}
    names = Counter(name for _, name in photos)
    count = max(1, min(_PER_PHOTO, _IN_ALL // len(photos)))
    seen = []
    for done, (path, name) in enumerate(photos, start=1):
        regions = features.regions(path, (category,)).pooled
        # What has one photo is never remembered, so nothing has to introduce it.
        several = names[name] > 1
        introduced = features.introduced(path, category) if several else None
        (grid,) = features.profile.encoder.encode([load_image(path)])
        looks = None if introduced is None else introduced.looks
        number = numbers.setdefault(name, len(numbers))
        seen.append(Seen(path, number, spread(grid, count), regions, looks))
        progress(done, len(photos))
    return seen
