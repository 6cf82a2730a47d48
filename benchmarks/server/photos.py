"""Photos that no cache knows: ``Photos`` draws a few photos anew each time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from io import BytesIO

from PIL import Image

from pekit_agents.demo.scenes import photo_path

__all__ = ["ONE_THING", "SEVERAL", "Photos"]

#: Of one thing each, which a look or two finds where it is remembered.
ONE_THING = ("motorcycle_left.png", "motorcycle_right.png")
#: Of several: what is not remembered, or small, is looked for more closely.
SEVERAL = ("motorcycle_left.png", "motorcycle_right.png", "coffee.png", "rocket.jpg")
_SIDES = (480, 960)  # the longer one
_CUT = 0.02  # of each edge, at most: what is whole stays whole


class Photos:
    """Draws photos as files: each at another size, with other edges cut off.

    Args:
        seed: What is drawn.
        names: The photos of the demo that they are drawn from.
    """

    def __init__(self, seed: int = 0, names: Sequence[str] = SEVERAL) -> None:
        self._rng = random.Random(seed)
        self._photos = []
        for name in names:
            with Image.open(photo_path(name)) as photo:
                self._photos.append(photo.convert("RGB"))

    def next(self) -> bytes:
        """Return a photo that was not returned before."""
        rng, photo = self._rng, self._rng.choice(self._photos)
        cuts = [rng.uniform(0, _CUT) for _ in range(4)]
        left, top = (round(share * side) for share, side in zip(cuts, photo.size, strict=False))
        right, bottom = (
            round((1 - share) * side) for share, side in zip(cuts[2:], photo.size, strict=True)
        )
        part = photo.crop((left, top, right, bottom))
        side = rng.randint(*_SIDES)
        part.thumbnail((side, side))
        for _ in range(8):  # the same part may be drawn twice
            at = rng.randrange(part.width), rng.randrange(part.height)
            part.putpixel(at, (rng.randrange(256), rng.randrange(256), rng.randrange(256)))
        file = BytesIO()
        part.save(file, "PNG" if rng.random() < 0.5 else "JPEG", quality=90)
        return file.getvalue()
