"""Frames of videos as the PeKit paper takes them from This-Is-My: clear ones, and every tenth.

Five clear frames of each thing from its training segments introduce it; every tenth frame of an
evaluation segment is searched. Segments are looked for as the published download script leaves
them: ``train_segment/<id>.mp4`` and ``eval_segment/<id>.mp4``, or cut by their times from
``train_video/<video>_<title>.mp4`` and ``eval_video/...``.

The annotations say what a segment shows, not what a frame does: the paper's authors sorted the
frames by hand into those that show the thing and those that do not, and looked for references
that show it whole. Whoever wants that too moves names in ``dataset.json``.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from pekit_agents.errors import InvalidInput, MissingDependency
from pekit_agents.evaluation.datasets.manifest import write_manifest
from pekit_agents.evaluation.datasets.segments import Place, Segment, place_of, read_segments
from pekit_agents.evaluation.records import Dataset, Photo, Thing
from pekit_agents.video.upright import display_matrix, upright_frame

try:
    import av
except ImportError as exc:
    raise MissingDependency(
        'PyAV, which reads videos, is not installed; type: pip install "pekit-agents[eval]"'
    ) from exc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.types import RGBImage

__all__ = ["SampledFrames", "sample_frames", "sharpness"]

_LOGGER = logging.getLogger(__name__)
_SETTINGS = "sampling.json"
_COMPARED = 320  # pixels of the longer side at which sharpness is compared


@dataclass(frozen=True, slots=True)
class SampledFrames:
    """What came of sampling.

    Attributes:
        dataset: Things with their reference frames, and the frames to search.
        skipped: Segment -> why it gave no frames, or not all: its file is missing or broken.
    """

    dataset: Dataset
    skipped: Mapping[str, str]


def sample_frames(
    root: Path,
    out: Path,
    *,
    references: int = 5,
    every: int = 10,
    progress: Callable[[int, int], None] | None = None,
) -> SampledFrames:
    """Write frames of This-Is-My style videos, and ``dataset.json`` for ``load_dataset``.

    A call that was stopped goes on where it was when it is made again with the same folder:
    what a thing or a segment gave is there as a whole or not at all.

    Args:
        root: The folder with the videos and ``this-is-my-dataset``.
        out: Folder for ``references/<thing>/``, ``validation/<segment>/`` and the manifest.
        references: N, how many frames introduce a thing: its training segments are laid end to
            end and divided into N equal parts, and the sharpest frame of each is taken.
        every: Frames 0, ``every``, 2 ``every``, ... of each evaluation segment are searched.
        progress: Called after each thing and segment with (done, in all).

    Raises:
        InvalidInput: The annotations are missing, a number is below 1, the folder holds frames
            that were taken with other settings, or no thing or no evaluation segment gave any.
    """
    if references < 1 or every < 1:
        raise InvalidInput(
            f"expected references and every of at least 1, found {references} and {every}"
        )
    things, segments = read_segments(root)
    _claim(out, {"references": references, "every": every})
    searched = [segment for segment in segments if not segment.training]
    total = len(things) + len(searched)
    skipped: dict[str, str] = {}
    introduced: list[Thing] = []
    for index, (name, category) in enumerate(things.items()):
        training = [one for one in segments if one.training and name in one.things]
        folder = out / "references" / _folder_name(name)
        if not folder.exists():
            clips = _clips(root, training, skipped)
            _write(folder, _clearest(clips, references, skipped))
        if frames := _frames_in(folder):
            introduced.append(Thing(name, category, tuple(frames)))
        _tell(progress, index + 1, total)
    photos: list[Photo] = []
    for index, segment in enumerate(searched):
        folder = out / "validation" / _folder_name(segment.id)
        if not folder.exists():
            _write(folder, _every(_clips(root, [segment], skipped), every, skipped))
        shows = frozenset(segment.things)
        photos += [Photo(path, shows, group="validation") for path in _frames_in(folder)]
        _tell(progress, len(things) + index + 1, total)
    if not introduced or not photos:
        raise InvalidInput(_nothing(root, introduced, skipped))
    dataset = Dataset("This-Is-My frames", out, tuple(introduced), tuple(photos))
    write_manifest(dataset, {"references": references, "every": every, "skipped": skipped})
    return SampledFrames(dataset, skipped)


def sharpness(grey: NDArray[Any]) -> float:
    """Return the variance of the Laplacian of a picture: higher is sharper.

    Args:
        grey: (H, W) brightness, at least 3 x 3.
    """
    values = np.asarray(grey, np.float64)
    middle = values[1:-1, 1:-1]
    around = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:]
    return float((around - 4 * middle).var())


def _clearest(
    clips: Sequence[tuple[str, Place]], count: int, skipped: dict[str, str]
) -> Iterator[tuple[str, RGBImage]]:
    """Yield the sharpest frame of each of ``count`` equal parts of all clips' frames."""
    scores: list[tuple[float, int, int]] = []  # sharpness, clip, frame
    for at, (segment, clip) in enumerate(clips):
        scores += [
            (sharpness(_small_grey(picture)), at, number)
            for number, picture in _decoded(segment, clip, skipped)
        ]
    parts = np.array_split(np.arange(len(scores)), min(count, len(scores)) or 1)
    chosen = set()
    for part in parts:
        if part.size:  # of equals the first
            _, at, number = max((scores[i] for i in part), key=lambda score: score[0])
            chosen.add((at, number))
    for at, (segment, clip) in enumerate(clips):
        if not any(clip_at == at for clip_at, _ in chosen):
            continue
        for number, picture in _decoded(segment, clip, skipped):
            if (at, number) in chosen:
                yield f"{_folder_name(segment)}-{number:06}", picture


def _every(
    clips: Sequence[tuple[str, Place]], step: int, skipped: dict[str, str]
) -> Iterator[tuple[str, RGBImage]]:
    for segment, clip in clips:
        for number, picture in _decoded(segment, clip, skipped):
            if number % step == 0:
                yield f"{number:06}", picture


def _decoded(segment: str, clip: Place, skipped: dict[str, str]) -> Iterator[tuple[int, RGBImage]]:
    """Yield (number, picture) of a clip's frames, from 0; a broken clip ends, and is noted."""
    number = 0
    try:
        with av.open(str(clip.path)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            ratio = stream.sample_aspect_ratio or 1
            matrix, asked = None, False
            if clip.start > 0 and stream.time_base:
                container.seek(int(clip.start / stream.time_base), stream=stream)
            for frame in container.decode(stream):
                if not asked:  # once: a frame that was asked stays until garbage is collected
                    matrix, asked = display_matrix(frame), True
                time = frame.time or 0.0
                if time >= clip.end:
                    break
                if time >= clip.start:
                    yield (
                        number,
                        upright_frame(frame.to_image(), float(ratio), matrix),
                    )
                    number += 1
    except (av.FFmpegError, IndexError, OSError) as exc:
        skipped[segment] = f"{clip.path}: cannot be decoded after {number} frames ({exc!s:.200})"
        _LOGGER.warning("%s", skipped[segment])
        return
    if not number:
        skipped[segment] = f"{clip.path}: no frame between {clip.start} and {clip.end} seconds"


def _clips(
    root: Path, segments: Sequence[Segment], skipped: dict[str, str]
) -> list[tuple[str, Place]]:
    """Return where each segment lies; those that lie nowhere are noted."""
    found = []
    for segment in segments:
        if (place := place_of(root, segment)) is not None:
            found.append((segment.id, place))
            continue
        part = "train" if segment.training else "eval"
        own = root / f"{part}_segment" / f"{segment.id}.mp4"
        skipped[segment.id] = f"{own}: missing, and no {part}_video/{segment.video}_*.mp4"
        _LOGGER.warning("%s", skipped[segment.id])
    return found


def _small_grey(picture: RGBImage) -> NDArray[Any]:
    grey = picture.convert("L")
    grey.thumbnail((_COMPARED, _COMPARED))
    return np.asarray(grey)


def _write(folder: Path, frames: Iterator[tuple[str, RGBImage]]) -> None:
    """Write frames to a folder that appears as a whole; without frames there is none."""
    aside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    for name, picture in frames:
        picture.save(aside / f"{name}.jpg", quality=95)
    if any(aside.iterdir()):
        aside.rename(folder)
    else:
        aside.rmdir()


def _frames_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jpg"))


def _folder_name(name: str) -> str:
    """Return a name fit for a folder, another one for each name."""
    return quote(name, safe=" ").replace(".", "%2E")


def _claim(out: Path, settings: dict[str, int]) -> None:
    """Raise when a folder holds frames that were taken with other settings."""
    path = out / _SETTINGS
    out.mkdir(parents=True, exist_ok=True)
    if path.is_file():
        if (found := json.loads(path.read_text("utf-8"))) != settings:
            raise InvalidInput(
                f"{out}: expected frames taken with {settings}, found {found}; choose another "
                "folder or delete this one"
            )
    elif any(out.iterdir()):
        raise InvalidInput(f"{out}: expected an empty folder, found files; choose another")
    else:
        path.write_text(json.dumps(settings) + "\n", "utf-8")


def _tell(progress: Callable[[int, int], None] | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def _nothing(root: Path, introduced: Sequence[Thing], skipped: Mapping[str, str]) -> str:
    what = "evaluation segment" if introduced else "training segment"
    listed = "\n".join(f"- {reason}" for reason in list(skipped.values())[:5])
    return (
        f"{root}: expected at least one {what} that can be decoded, found none; download the "
        f"videos with the script of https://github.com/danielchyeh/this-is-my:\n{listed}"
    )
