"""Composed clips as files: ``write_clips`` encodes H.264, and writes what is true beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.clips.truth import write_truths
from pekit_agents.video.encoding import ClipWriter

if TYPE_CHECKING:
    from pekit_agents.evaluation.clips.composing import ClipSet, ComposedClip

__all__ = ["TRUTH_FILE", "write_clip", "write_clips"]

#: The file with what is true of the clips beside it.
TRUTH_FILE = "truth.json"


def write_clips(
    clips: ClipSet, out: Path, *, progress: Callable[[int, int], None] | None = None
) -> list[Path]:
    """Write each clip as ``<name>.mp4``, and ``truth.json``.

    Args:
        clips: What was composed.
        out: An empty folder; created.
        progress: Called after each clip with (done, in all).

    Returns:
        The files, in the order of the clips.

    Raises:
        InvalidInput: The folder is not empty.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidInput(
            f"{out}: expected an empty folder for clips, found files; choose another"
        )
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for index, clip in enumerate(clips.clips):
        files.append(out / f"{clip.truth.name}.mp4")
        write_clip(clip, files[-1])
        if progress is not None:
            progress(index + 1, len(clips.clips))
    about: dict[str, Any] = {
        "note": "composed from photos, and not filmed",
        "of": clips.name,
        "things": {thing.name: [str(path) for path in thing.references] for thing in clips.things},
        "strangers": list(clips.strangers),
    }
    write_truths(out / TRUTH_FILE, [clip.truth for clip in clips.clips], **about)
    return files


def write_clip(clip: ComposedClip, path: Path) -> None:
    """Write one clip as H.264 in an MP4 file."""
    with ClipWriter(path, str(path)) as writer:
        for time, picture in clip.frames():
            writer.write(time, picture)
