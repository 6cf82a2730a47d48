"""Photos that no cache knows: ``Photos`` draws another part of a few photos each time."""

from __future__ import annotations

import random
from io import BytesIO

from PIL import Image

from pekit_agents.demo.scenes import photo_path

__all__ = ["Photos"]

_NAMES = ("chelsea.png", "coffee.png", "rocket.jpg", "astronaut.png")
_WIDTH, _HEIGHT = 400, 280


class Photos:
    """Draws photos as files.

    Args:
        seed: What is drawn.
    """

    def __init__(self, seed: int = 0) -> None:
        self._rng = random.Random(seed)
        self._photos = []
        for name in _NAMES:
            with Image.open(photo_path(name)) as photo:
                self._photos.append(photo.convert("RGB"))

    def next(self) -> bytes:
        """Return a photo that was not returned before."""
        rng, photo = self._rng, self._rng.choice(self._photos)
        left, top = rng.randrange(photo.width - _WIDTH), rng.randrange(photo.height - _HEIGHT)
        part = photo.crop((left, top, left + _WIDTH, top + _HEIGHT))
        for _ in range(8):  # the same part may be drawn twice
            at = rng.randrange(_WIDTH), rng.randrange(_HEIGHT)
            part.putpixel(at, (rng.randrange(256), rng.randrange(256), rng.randrange(256)))
        file = BytesIO()
        part.save(file, "PNG" if rng.random() < 0.5 else "JPEG", quality=90)
        return file.getvalue()
