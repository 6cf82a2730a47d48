"""What a search of a clip writes: the files that were asked for, and the timeline to go on from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pekit_agents.cli.new_files import require_new_file
from pekit_agents.cli.output import inform, shown
from pekit_agents.errors import InvalidInput
from pekit_agents.files import atomic_write

if TYPE_CHECKING:
    from pekit_agents.video.timeline import Timeline

__all__ = ["SHEETS", "ClipFiles", "TimelineFile"]

#: How the name of a picture of frames may end.
SHEETS = (".png", ".jpg", ".jpeg")

_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "sheet": SHEETS,
    "annotated": (".mp4",),
    "vtt": (".vtt",),
    "csv": (".csv",),
}


@dataclass(frozen=True, slots=True)
class ClipFiles:
    """The files that a search is to write.

    Attributes:
        clip: What is searched.
        wanted: Each option, and where its file is to be.
        force: Whether files that are there are replaced.
        start: From where on it is searched, in seconds: the annotated clip begins there.
        end: Up to where; None for its end.

    Raises:
        InvalidInput: One cannot be written, or should not.
    """

    clip: Path
    wanted: Mapping[str, Path] = field(default_factory=dict)
    force: bool = False
    start: float = 0.0
    end: float | None = None

    def __post_init__(self) -> None:
        for option, path in self.wanted.items():
            suffixes = _SUFFIXES[option]
            there = path.exists() and self.clip.exists() and path.samefile(self.clip)
            if there and path.suffix.lower() in suffixes:
                raise InvalidInput(f"{shown(path)} is the clip itself; give another --{option}")
            require_new_file(path, option, force=self.force, suffixes=suffixes)

    def write(self, timeline: Timeline, *, annotated: bool = True) -> None:
        """Write what was asked for.

        Args:
            timeline: What was found.
            annotated: Whether the annotated clip, too, which takes a while.

        Raises:
            InvalidInput: A file cannot be written.
        """
        from pekit_agents.video.annotating import annotated_video
        from pekit_agents.video.chapters import to_csv, to_webvtt
        from pekit_agents.video.contact_sheet import contact_sheet
        from pekit_agents.video.rereading import with_pictures

        for option, path in self.wanted.items():
            if option == "annotated" and not annotated:
                continue
            try:
                if option == "sheet":
                    contact_sheet(with_pictures(timeline, self.clip)).save(path)
                elif option == "annotated":
                    annotated_video(
                        self.clip,
                        timeline,
                        path,
                        start=self.start,
                        end=self.end,
                        overwrite=self.force,
                    )
                else:
                    text = to_webvtt(timeline) if option == "vtt" else to_csv(timeline)
                    path.write_text(text, "utf-8", newline="")
            except OSError as exc:
                raise InvalidInput(f"{shown(path)} cannot be written: {exc.strerror}") from exc
            inform(f"Wrote {shown(path)}.")


@dataclass(frozen=True, slots=True)
class TimelineFile:
    """A timeline on disk, with what tells its clip from others.

    Attributes:
        path: Where it lies.
        clip: The clip that is searched.
    """

    path: Path
    clip: Path

    def load(self) -> Timeline | None:
        """Return what is there; None where nothing is.

        Raises:
            InvalidInput: It is no timeline, or one of another clip.
        """
        from pekit_agents.video.timeline import Timeline

        if not self.path.exists():
            return None
        try:
            values: Any = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError) as exc:
            raise InvalidInput(
                f"{shown(self.path)}: expected a timeline to go on from, found something else; "
                "give another --timeline"
            ) from exc
        timeline = Timeline.from_dict(values)
        if values.get("clip") not in (None, self._digest()):
            raise InvalidInput(
                f"{shown(self.path)}: expected the timeline of {shown(self.clip)}, found that of "
                "another clip; give another --timeline"
            )
        return timeline

    def save(self, timeline: Timeline) -> None:
        """Write what was found, whole or not at all.

        Raises:
            InvalidInput: It cannot be written.
        """
        values = {**timeline.to_dict(), "clip": self._digest()}
        try:
            with atomic_write(self.path, shared=False) as file:
                file.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")
        except OSError as exc:
            raise InvalidInput(f"{shown(self.path)} cannot be written: {exc.strerror}") from exc

    def _digest(self) -> str:
        with self.clip.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
