"""A made-up photo library: regions that show nothing, but for those of one photo in many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.memory.objects import ENCODER, described, made_up, open_memory
from benchmarks.memory.search import shown
from pekit_agents.memory.place.place import user_place
from pekit_agents.memory.table.transactions import Transactions
from pekit_agents.retrievers.photo_library.library import PhotoLibrary
from pekit_agents.retrievers.photo_library.table import Photo, photo_schema, put_rows, to_rows
from pekit_agents.settings import MatchSettings
from pekit_agents.testing import ColourEncoder, fake_profile
from pekit_agents.types import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.memory.place.place import Place
    from pekit_agents.types import FloatArray

#: The views of the objects that are looked for, the first ones; others have more.
VIEWS = (1, 3)
#: One photo in so many shows the first of them, and as many the second.
EVERY = 100
#: What shows an object scores about .8, what shows nothing .3 at most.
TAU = 0.5
_USER = "ann"
_OBJECTS = 20
_FEWEST, _MOST = 4, 12  # regions of a photo
_AT_ONCE = 1000  # photos a commit


@dataclass(frozen=True, slots=True, eq=False)
class MadeUpLibrary:
    """What was stored.

    Attributes:
        root: The folder of the memories.
        regions: (R, D) float32 unit vectors of all photos' regions.
        views: Those of the objects that are looked for, (V, D) each.
        showing: The ids of the photos that show each of them.
    """

    root: Path
    regions: FloatArray
    views: tuple[FloatArray, ...]
    showing: tuple[set[str], ...]

    @property
    def place(self) -> Place:
        """Where the table of photos lies."""
        return user_place(self.root, _USER).child("photos")

    def opened(self) -> PhotoLibrary:
        """Return the library, opened anew."""
        encoder = ColourEncoder(ENCODER)
        encoder.dim = self.regions.shape[1]  # it is asked for nothing else
        settings = MatchSettings(threshold=TAU)
        profile = replace(fake_profile(), encoder=encoder, matching=settings)
        return PhotoLibrary.open(self.root, _USER, profile)


def fill_library(root: Path, photos: int, dim: int) -> MadeUpLibrary:
    """Store objects and photos, these by the thousand, as no user does.

    Args:
        root: Where to.
        photos: How many.
        dim: D.
    """
    rng = np.random.default_rng(11)
    views = _remember(root, dim)
    starts = np.cumsum([0, *rng.integers(_FEWEST, _MOST + 1, photos)])
    regions = rng.standard_normal((int(starts[-1]), dim), np.float32)
    regions /= np.linalg.norm(regions, axis=1, keepdims=True)
    showing = []
    for first, seen in enumerate(views):
        photos_of = np.arange(first, photos, EVERY)
        regions[starts[photos_of]] = shown(seen[photos_of % len(seen)], rng)
        showing.append({_photo_id(number) for number in photos_of.tolist()})
    made = MadeUpLibrary(root, regions, views, tuple(showing))
    schema = photo_schema(ENCODER, dim)
    transactions = Transactions(made.place, schema)
    for begin in range(0, photos, _AT_ONCE):
        some = list(_photos(regions, starts[begin : begin + _AT_ONCE + 1], begin))
        transactions.commit(partial(put_rows, rows=to_rows(some, schema), changed=()))
    return made


def _remember(root: Path, dim: int) -> tuple[FloatArray, ...]:
    """Store the objects; return the views of those that are looked for."""
    memory = open_memory(root, _USER, dim=dim)
    looked_for = []
    for number, views in enumerate(next(made_up(_OBJECTS, dim=dim))):
        held = views[: VIEWS[number]] if number < len(VIEWS) else views
        memory.insert(described(number), held)
        looked_for.append(held)
    return tuple(looked_for[: len(VIEWS)])


def _photos(regions: FloatArray, starts: NDArray[np.int64], first: int) -> Iterator[Photo]:
    for number, (begin, end) in enumerate(pairwise(starts), first):
        boxes = [Box(10 * i, 0, 10 * i + 9, 9) for i in range(end - begin)]
        size_wh = (10 * len(boxes), 10)
        yield Photo(_photo_id(number), "made up", size_wh, boxes, regions[begin:end])


def _photo_id(number: int) -> str:
    return f"photo-{number:08d}"
