"""How often a search asks the network: ``counted_passes`` counts pictures that go through it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pekit_agents.profiles import Profile

__all__ = ["Passes", "counted_passes"]


class Passes:
    """Counts the forward passes of searches as if nothing had been kept of what came before.

    For a profile with the embedded model it counts the pictures whose features are asked for; the
    extractor, the proposer and the encoder share these. For another it counts those that the
    encoder encodes. A picture that is asked for again counts once until :meth:`taken` is called.
    """

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def note(self, images: Sequence[Any]) -> None:
        """Count pictures."""
        self._seen |= {
            hashlib.blake2b(image.tobytes() + str(image.size).encode()).digest() for image in images
        }

    def taken(self) -> int:
        """Return how many there were since the last call."""
        count = len(self._seen)
        self._seen.clear()
        return count


@contextmanager
def counted_passes(profile: Profile) -> Iterator[Passes]:
    """Watch a profile's network, and let go of it afterwards."""
    passes = Passes()
    encoder: Any = profile.encoder
    model = getattr(encoder, "model", None)
    watched, name = (model, "features") if hasattr(model, "features") else (encoder, "encode")
    asked = getattr(watched, name)

    def noted(images: Sequence[Any]) -> Any:
        passes.note(images)
        return asked(images)

    setattr(watched, name, noted)
    try:
        yield passes
    finally:
        delattr(watched, name)
