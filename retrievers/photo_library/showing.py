"""Which photos and clips show what is asked for: ``showing`` compares and decides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, islice, tee
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from pekit_agents.retrievers.photo_library.found import FoundClip, FoundPhoto, InClip
from pekit_agents.types import Candidate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.retrievers.photo_library.asking import Asked
    from pekit_agents.retrievers.photo_library.found import Span
    from pekit_agents.retrievers.photo_library.table import Looks, Photo
    from pekit_agents.types import Box, FloatArray, Match

    #: The boxes and vectors of a photo, or of one frame of a clip.
    Picture: TypeAlias = tuple[Sequence[Box], FloatArray]
    #: What is named in a picture and what is possible.
    Answer: TypeAlias = tuple[list[Match], list[Match]]
    #: A match, and which of the objects that are looked for it is or may be.
    Shown: TypeAlias = tuple[Match, Candidate]

__all__ = ["RegionTest", "showing", "strength"]

#: Says for (R, D) float32 unit vectors which of them may be something that is looked for.
RegionTest: TypeAlias = "Callable[[FloatArray], NDArray[np.bool_]]"

#: Seconds out of sight after which a thing comes anew, as in a search of a clip: a frame between
#: two that show it may be blurred.
_APART = 1.0


def showing(
    photos: Iterable[Photo],
    asked: Asked,
    may_show: RegionTest,
    match: Callable[[Iterator[Picture]], Iterator[Answer]],
) -> Iterator[FoundPhoto]:
    """Yield the photos and clips that show, or may show, what is asked for.

    Args:
        photos: Those with a region that may be something of it.
        asked: What is asked for.
        may_show: Says which regions may.
        match: Returns what is in each of many pictures.
    """
    compared, told = tee((photo, _frames_to_compare(photo, asked, may_show)) for photo in photos)
    pictures = chain.from_iterable(_pictures(photo, frames) for photo, frames in compared)
    answers = match(pictures)
    for photo, frames in told:
        own = list(islice(answers, len(frames)))
        if any(_showing_some(named, asked.excluded) for named, _ in own):
            continue
        if photo.looks is None:
            found = _found_photo(photo, own[0], asked)
        else:
            found = _found_clip(photo, photo.looks, frames, own, asked)
        if found is not None:
            yield found


def strength(sure: Candidate | FoundPhoto) -> float:
    """Return what is ranked by; the same kind for everything that one profile finds."""
    return sure.score if sure.probability is None else sure.probability


def _frames_to_compare(photo: Photo, asked: Asked, may_show: RegionTest) -> Sequence[int]:
    """Return which frames may tell: of a clip those with a region that may be what is wanted.

    What is not to be shown may be in any.
    """
    if photo.looks is None:
        return [0]
    if asked.excluded:
        return range(len(photo.looks.times))
    passed = may_show(photo.vectors)
    frames: list[int] = np.unique(photo.looks.seen[passed[photo.looks.seen[:, 1]], 0]).tolist()
    return frames


def _pictures(photo: Photo, frames: Iterable[int]) -> Iterator[Picture]:
    if photo.looks is None:
        yield photo.boxes, photo.vectors
        return
    in_frame, shown = photo.looks.seen.T
    for frame in frames:
        begin, end = np.searchsorted(in_frame, (frame, frame + 1)).tolist()
        yield photo.boxes[begin:end], photo.vectors[shown[begin:end]]


def _found_photo(photo: Photo, answer: Answer, asked: Asked) -> FoundPhoto | None:
    shown, perhaps = (_showing_some(matches, asked.wanted) for matches in answer)
    decides = _deciding((each for _, each in (*shown, *perhaps)), asked)
    if decides is None:
        return None
    return FoundPhoto(
        photo.photo_id,
        photo.size_wh,
        tuple(match for match, _ in shown),
        decides.score,
        tuple(match for match, _ in perhaps),
        decides.probability,
        asked.passed_over,
    )


def _found_clip(
    photo: Photo, looks: Looks, frames: Sequence[int], answers: Sequence[Answer], asked: Asked
) -> FoundClip | None:
    """Return a clip, unless it does not show what is asked for.

    Args:
        photo: The clip.
        looks: Its frames.
        frames: Which of them were compared.
        answers: What is in each of these.
        asked: What is asked for.
    """
    shown = [(n, each) for n, both in zip(frames, answers, strict=True) for each in chain(*both)]
    seen: dict[str, dict[int, Shown]] = {}
    for number, match in shown:
        for of_it in _showing_some([match], asked.wanted):
            best = seen.setdefault(of_it[1].object.object_id, {})
            if number not in best or _worth(of_it) > _worth(best[number]):
                best[number] = of_it
    decides = _deciding((c for best in seen.values() for _, c in best.values()), asked)
    if decides is None:
        return None
    in_clip = {object_id: list(_in_clip(best, looks)) for object_id, best in seen.items()}
    times = sorted(chain.from_iterable(in_clip.values()), key=_surest_first)
    spans = {
        object_id: [span for each, _ in found for span in each.spans]
        for object_id, found in in_clip.items()
    }
    of_parts = [
        _united(chain.from_iterable(spans.get(object_id, ()) for object_id in part))
        for part in asked.parts
    ]
    told = tuple(each for each, _ in times)
    return FoundClip(
        photo.photo_id,
        photo.size_wh,
        tuple(each.match for each in told if not each.match.possible),
        decides.score,
        tuple(each.match for each in told if each.match.possible),
        decides.probability,
        asked.passed_over,
        told,
        _common(of_parts),
    )


def _in_clip(best: dict[int, Shown], looks: Looks) -> Iterator[tuple[InClip, Candidate]]:
    """Yield when an object is named in a clip, and when it only may be it.

    What is named once stays so as long as it may be it.

    Args:
        best: Its best match in each frame that has one, by the frame's number.
        looks: The clip's frames.
    """
    runs: list[list[int]] = []
    for number in sorted(best):
        if runs and looks.times[number, 1] - looks.times[runs[-1][-1], 2] <= _APART:
            runs[-1].append(number)
        else:
            runs.append([number])
    named = [run for run in runs if not all(best[number][0].possible for number in run)]
    for some in (named, [run for run in runs if run not in named]):
        if some:
            number = max(chain.from_iterable(some), key=lambda number: _worth(best[number]))
            match, candidate = best[number]
            spans = tuple(
                (float(looks.times[run[0], 1]), float(looks.times[run[-1], 2])) for run in some
            )
            yield InClip(match, float(looks.times[number, 0]), spans), candidate


def _worth(shown: Shown) -> tuple[bool, float, float]:
    """Return what is best to show: of frames that share a vector the one with the largest box."""
    match, candidate = shown
    return not match.possible, candidate.score, match.box.area


def _surest_first(each: tuple[InClip, Candidate]) -> tuple[bool, float, str]:
    in_clip, candidate = each
    return in_clip.match.possible, -strength(candidate), candidate.object.object_id


def _united(spans: Iterable[Span]) -> list[Span]:
    """Return times in order, those that overlap or touch as one."""
    united: list[Span] = []
    for start, end in sorted(spans):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united


def _common(of_parts: Sequence[Sequence[Span]]) -> tuple[Span, ...]:
    """Return the times that are in all of some lists."""
    common = list(of_parts[0])
    for spans in of_parts[1:]:
        pairs = [(a, b) for a in common for b in spans]
        both = [(max(a[0], b[0]), min(a[1], b[1]), a == b) for a, b in pairs]
        # What begins when the other ends is not there with it; a single frame takes no time.
        common = sorted((start, end) for start, end, alike in both if start < end or alike)
    return tuple(common)


def _showing_some(matches: Iterable[Match], wanted: Collection[str]) -> list[Shown]:
    """Return the matches of wanted objects, each with the likeliest of these that it may be."""
    found = []
    for match in matches:
        first = Candidate(match.object, match.score, match.probability)
        some = [c for c in (first, *match.alternatives) if c.object.object_id in wanted]
        found += [(match, each) for each in some[:1]]
    return found


def _deciding(candidates: Iterable[Candidate], asked: Asked) -> Candidate | None:
    """Return whose score is that of the whole; None where not all is shown that is to be."""
    ranked = sorted(candidates, key=strength, reverse=True)
    best = (next((c for c in ranked if c.object.object_id in part), None) for part in asked.parts)
    there = [each for each in best if each is not None]
    if len(there) < (1 if asked.either else len(asked.parts)):
        return None
    return (max if asked.either else min)(there, key=strength)
