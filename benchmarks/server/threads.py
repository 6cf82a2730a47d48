"""``together``: how long a search takes where several run at once, without any server."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.server.photos import ONE_THING, Photos
from pekit_agents.kit.kit import PeKit
from pekit_agents.profiles import load_profile

__all__ = ["together"]


def together(folder: Path, users: int, one: int, each: int) -> float:
    """Return the 95th percentile of searches at once, in times of the median of one alone.

    Users of a server cannot wait less: its threads do the same on the same cores.

    Args:
        folder: Where memories are made, of one thing each.
        users: How many search at once, each in a thread and without pauses.
        one: Searches one after the other.
        each: Searches of each of the users at once.
    """
    profile = load_profile("embedded")
    photos = [Photos(2 + n, ONE_THING) for n in range(users)]
    kits = [PeKit.open(folder, profile=profile, user_id=str(n)) for n in range(users)]
    for kit, drawn in zip(kits, photos, strict=True):
        kit.remember("thing", [drawn.next()], category="thing")
    given = [[drawn.next() for _ in range(each)] for drawn in photos]
    alone = _seconds(kits[0].find, [photos[0].next() for _ in range(one)])
    with ThreadPoolExecutor(users) as pool:
        at_once = pool.map(_seconds, [kit.find for kit in kits], given)
        many = [seconds for taken in at_once for seconds in taken]
    return float(np.percentile(many, 95)) / statistics.median(alone)


def _seconds(find: Callable[[bytes], object], photos: Sequence[bytes]) -> list[float]:
    taken = []
    for photo in photos:
        begun = time.perf_counter()
        find(photo)
        taken.append(time.perf_counter() - begun)
    return taken
