"""How things lie in composed scenes."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

__all__ = ["ARRANGEMENTS", "Arrangement"]

#: Mosaics and cut-outs in turns; or of one kind: collages of so many photos, one large thing half
#: hidden, or the two in turns as people send them on: turned, from a screen, or small.
Arrangement: TypeAlias = Literal[
    "mixed",
    "collage-4",
    "collage-6",
    "collage-9",
    "hidden",
    "turned-90",
    "turned-180",
    "screenshot",
    "thumbnail",
]
#: All of them.
ARRANGEMENTS: tuple[Arrangement, ...] = get_args(Arrangement)
