"""Reading clips into a library: some frames are searched, and what looks the same is stored once.

Which frames, is as in a search of a clip. A region whose look is that of a region of the frame
searched before is the same: one vector, the mean, stands for all of its looks, so that a minute of
somebody who sits still takes as little room as a photo or two.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from pekit_agents.boxes import resized
from pekit_agents.errors import ClipError
from pekit_agents.images.reading import describe_source
from pekit_agents.retrievers.photo_library.table import Looks, Photo
from pekit_agents.video.clips import Clip, looks_like_a_clip
from pekit_agents.video.picking import SAME_LOOK
from pekit_agents.video.stretches import stretches

if TYPE_CHECKING:
    from pekit_agents.images.loading import ImageSource
    from pekit_agents.types import Box, FloatArray, RGBImage
    from pekit_agents.video.frames import Frame

__all__ = ["MOST_SEARCHED", "as_clip", "content_of", "indexed_clip", "looks_in"]

#: Returns the boxes of a picture's regions, in its pixels, and their (K, D) float32 unit vectors.
Propose: TypeAlias = "Callable[[RGBImage], tuple[Sequence[Box], FloatArray]]"

#: Frames of one clip that are kept at most: those of ten minutes in which something always moves.
#: Of a longer clip every second one is searched, or every fourth, and so on.
MOST_SEARCHED = 1000


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """A frame that was searched.

    Attributes:
        time: When it is, in seconds.
        start: When the stretch begins that it is of.
        boxes: K boxes, in pixels of the clip.
        vectors: (K, D) float32 unit vectors.
    """

    time: float
    start: float
    boxes: Sequence[Box]
    vectors: FloatArray


def as_clip(source: ImageSource | Clip) -> ImageSource | Clip:
    """Return a clip for a path whose file begins like one; anything else as it is.

    Bytes are a photo unless a :class:`Clip` says otherwise: who takes a stranger's picture need not
    expect minutes of work.
    """
    is_path = isinstance(source, str | os.PathLike)
    return Clip(source) if is_path and looks_like_a_clip(source) else source


def content_of(clip: Clip) -> str:
    """Return a hash of a clip's bytes and of the part of it that is meant.

    Raises:
        ClipError: It is no file and no bytes: a camera shows something else each time.
        OSError: The file cannot be read.
    """
    source = clip.source
    if isinstance(source, bytes | bytearray | memoryview):
        told = hashlib.sha256(source)
    elif isinstance(source, str | os.PathLike) and Path(os.fsdecode(source)).is_file():
        with Path(os.fsdecode(source)).open("rb") as file:
            told = hashlib.file_digest(file, "sha256")
    else:
        raise ClipError(
            f"{describe_source(source)}: expected the path of a clip, or its bytes, found another "
            "source or no file; record what a camera shows, and index the recording."
        )
    if clip.start or clip.end is not None:
        told.update(f" {clip.start} {clip.end}".encode())
    return told.hexdigest()


def indexed_clip(photo_id: str, clip: Clip, content: str, propose: Propose) -> Photo:
    """Return what is stored of a clip.

    Args:
        photo_id: The caller's name for it.
        clip: A file or bytes.
        content: A hash of it.
        propose: Searches a picture for regions.

    Raises:
        ClipError: It cannot be read, or has no frame between the given times.
        MissingDependency: The extra ``video`` is not installed.
    """
    from pekit_agents.video.decoding import frames_of

    sizes: list[tuple[int, int]] = []

    def noting_size() -> Iterable[Frame]:
        for frame in frames_of(clip.source, start=clip.start, end=clip.end):
            sizes[:] = [frame.size_wh]
            yield frame

    boxes, vectors, looks = looks_in(noting_size(), propose)
    if not sizes:
        raise ClipError(
            f"{describe_source(clip.source)}: expected frames, found none between the given times; "
            "give others."
        )
    return Photo(photo_id, content, sizes[0], boxes, vectors, looks)


def looks_in(
    frames: Iterable[Frame], propose: Propose, *, most: int = MOST_SEARCHED
) -> tuple[list[Box], FloatArray, Looks]:
    """Return the boxes of a clip, the vectors of what they show, and in which frames they are.

    Args:
        frames: The sampled ones, in order of time.
        propose: Searches a picture for regions.
        most: How many searched frames to keep; an even number.
    """
    kept: list[_Look] = []
    every, count, end = 1, 0, 0.0
    for stretch in stretches(frames):
        end = stretch.frames[-1].time
        if stretch.searched is None or stretch.image is None:
            continue
        if count % every == 0:
            frame = stretch.frames[stretch.searched]
            found, vectors = propose(stretch.image)
            boxes = [resized(box, frame.image_wh, frame.size_wh) for box in found]
            kept.append(_Look(frame.time, stretch.frames[0].time, boxes, vectors))
        count += 1
        if len(kept) > most:
            kept, every = kept[::2], 2 * every
    return _drawn_together(kept, end)


def _drawn_together(looks: Sequence[_Look], end: float) -> tuple[list[Box], FloatArray, Looks]:
    """Return all looks as what is stored; regions that look the same share a vector."""
    totals: list[FloatArray] = []
    before: list[int] = []  # whose the regions of the look before are
    seen: list[tuple[int, int]] = []
    for number, look in enumerate(looks):
        owners = _owners(look.vectors, before, totals)
        for vector, owner in zip(look.vectors, owners, strict=True):
            if owner == len(totals):
                totals.append(vector.copy())
            else:
                totals[owner] += vector
        seen += [(number, owner) for owner in owners]
        before = owners
    ends = [*(look.start for look in looks[1:]), end]
    times = [(look.time, look.start, until) for look, until in zip(looks, ends, strict=False)]
    boxes = [box for look in looks for box in look.boxes]
    return (
        boxes,
        _unit(totals, looks),
        Looks(np.array(times, np.float64).reshape(-1, 3), np.array(seen, np.int32).reshape(-1, 2)),
    )


def _owners(vectors: FloatArray, before: Sequence[int], totals: Sequence[FloatArray]) -> list[int]:
    """Return whose each region is: of what the look before shows, or of something new.

    Of the pairs that are the same look the most alike count, and none has two of one frame.

    Args:
        vectors: (K, D) float32 unit vectors of a look.
        before: Whose the regions of the look before are, as indices into ``totals``.
        totals: The sums of the vectors of each.
    """
    owners: dict[int, int] = {}
    if before and len(vectors):
        sums = np.stack([totals[owner] for owner in before])
        cosines = vectors @ (sums / np.linalg.norm(sums, axis=1, keepdims=True)).T
        for pair in np.argsort(-cosines, axis=None, kind="stable"):
            region, place = divmod(int(pair), len(before))
            if cosines[region, place] <= SAME_LOOK:
                break
            if region not in owners and before[place] not in owners.values():
                owners[region] = before[place]
    fresh = iter(range(len(totals), len(totals) + len(vectors)))
    return [owners[k] if k in owners else next(fresh) for k in range(len(vectors))]


def _unit(totals: Sequence[FloatArray], looks: Sequence[_Look]) -> FloatArray:
    """Return (R, D) float32 unit vectors, of no rows where there is no region at all."""
    if not totals:
        dim = looks[0].vectors.shape[1] if looks else 0
        return np.zeros((0, dim), np.float32)
    sums = np.stack(totals)
    unit: FloatArray = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return unit.astype(np.float32)
