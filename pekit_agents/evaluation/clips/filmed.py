"""Clips of This-Is-My: ``filmed_clips`` gives its segments, of which only what they show is known.

Five clear frames of the training segments introduce a thing, as in
:mod:`pekit_agents.evaluation.datasets.frames`. A segment shows its things as a whole, at no known
place: a thing is found if it is named anywhere in it, and wrong is what is named and not listed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.clips.measuring import SearchedClip
from pekit_agents.evaluation.clips.truth import Appearance, ClipTruth
from pekit_agents.evaluation.datasets.frames import sample_frames
from pekit_agents.evaluation.datasets.segments import Place, Segment, place_of, read_segments
from pekit_agents.evaluation.records import Thing
from pekit_agents.video.decoding import describe_clip

__all__ = ["FILMED", "filmed_clips"]

#: The group of these clips.
FILMED = "filmed"
_FIRST_ONLY = 10**9  # frames between two that are written: no segment has so many


def filmed_clips(
    root: Path,
    out: Path,
    *,
    references: int = 5,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[tuple[Thing, ...], tuple[SearchedClip, ...]]:
    """Return the things with references, and the evaluation segments that are there.

    Args:
        root: The folder with the videos and ``this-is-my-dataset``.
        out: Folder for the frames that introduce the things.
        references: How many of each.
        progress: As for :func:`sample_frames`.

    Raises:
        InvalidInput: The annotations are missing, or nothing can be decoded.
    """
    sampled = sample_frames(root, out, references=references, every=_FIRST_ONLY, progress=progress)
    things = sampled.dataset.things
    names = frozenset(thing.name for thing in things)
    _, segments = read_segments(root)
    clips = tuple(_searched(root, [one for one in segments if not one.training], names))
    if not clips:
        raise InvalidInput(f"{root}: expected evaluation segments that can be decoded, found none")
    return things, clips


def _searched(root: Path, segments: list[Segment], names: frozenset[str]) -> Iterator[SearchedClip]:
    for segment in segments:
        place = place_of(root, segment)
        if place is None:
            continue
        end = _end(place)
        shown = tuple(
            Appearance(name, place.start, end, remembered=name in names) for name in segment.things
        )
        truth = ClipTruth(segment.id, FILMED, end - place.start, (0, 0), shown, composed=False)
        until = None if math.isinf(place.end) else place.end
        yield SearchedClip(truth, place.path, place.start, until)


def _end(place: Place) -> float:
    if not math.isinf(place.end):
        return place.end
    return describe_clip(place.path).duration or 0.0
