"""The annotations of This-Is-My: which pieces of which videos show which thing.

Read from the files of github.com/danielchyeh/this-is-my. ``this-is-my-dataset/segments.csv`` has
the columns segment_id, is_anchor, instance_name, video_id, channel_id, start_time, end_time,
query; times are seconds of the video, and only anchors have a name and a query (the category).
``this-is-my-dataset/this-is-my_test-set.json`` lists for an anchor the other segments that show
its thing. As in the code beside them, a segment is for training when it was cut from a video
that an anchor was cut from, and for evaluation otherwise; anchors without a list do not count.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.datasets.files import read_json
from pekit_agents.wording.messages import clause, counted

__all__ = ["Place", "Segment", "place_of", "read_segments"]

_FOLDER = "this-is-my-dataset"
_SEGMENTS, _LISTS = "segments.csv", "this-is-my_test-set.json"
_COLUMNS = ("segment_id", "is_anchor", "instance_name", "video_id", "start_time", "end_time")
_SOURCE = "get both files from https://github.com/danielchyeh/this-is-my"


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a video that shows things.

    Attributes:
        id: Names its own file, ``<id>.mp4``.
        video: Begins the name of the whole video's file, ``<video>_<title>.mp4``.
        start: Where it begins in the whole video, in seconds.
        end: Where it ends there, in seconds.
        things: The names of the things that it shows, sorted.
        training: Whether it introduces its things; else they are to be found in it.
    """

    id: str
    video: str
    start: float
    end: float
    things: tuple[str, ...]
    training: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a video file, in seconds.

    Attributes:
        path: The file.
        start: Where the part begins.
        end: Where it ends.
    """

    path: Path
    start: float = 0.0
    end: float = math.inf


def place_of(root: Path, segment: Segment) -> Place | None:
    """Return where a segment lies: a file of its own, or a part of its video; None if nowhere.

    Args:
        root: The folder with the videos, as the published download script leaves them.
        segment: Which one.
    """
    part = "train" if segment.training else "eval"
    own = root / f"{part}_segment" / f"{segment.id}.mp4"
    if own.is_file():
        return Place(own)
    whole = sorted((root / f"{part}_video").glob(f"{escape(segment.video)}_*.mp4"))
    return Place(whole[0], segment.start, segment.end) if whole else None


def read_segments(root: Path) -> tuple[dict[str, str], list[Segment]]:
    """Return the things with their categories, and the segments that show them.

    Args:
        root: The folder with ``this-is-my-dataset``, or that folder itself.

    Returns:
        Name -> category, and the segments, both in the order of the files.

    Raises:
        InvalidInput: A file is missing or is not as published.
    """
    folder = root / _FOLDER if (root / _FOLDER).is_dir() else root
    rows = _rows(folder / _SEGMENTS)
    lists = read_json(folder / _LISTS)
    if not isinstance(lists, dict):
        raise InvalidInput(f"{folder / _LISTS}: expected anchor -> segments; {_SOURCE}")
    anchors = [row for row in rows.values() if row["is_anchor"] == "True"]
    anchors = [row for row in anchors if row["segment_id"] in lists]
    things = {row["instance_name"]: row.get("query") or "object" for row in anchors}
    shown: dict[str, set[str]] = {}
    for row in anchors:
        for name in (row["segment_id"], *lists[row["segment_id"]]):
            shown.setdefault(name, set()).add(row["instance_name"])
    if not shown or (missing := sorted(set(shown) - set(rows))):
        lost = counted(len(missing), "segment") if shown else ""
        found = f"{lost} without a row" if shown else "no anchor with segments"
        raise InvalidInput(f"{folder}: expected segments of named things, found {found}; {_SOURCE}")
    training = {row["video_id"] for row in anchors}
    return things, [_segment(rows[name], shown[name], training) for name in shown]


def _rows(path: Path) -> dict[str, dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or []
            rows = {row.get("segment_id", ""): row for row in reader}
    except (OSError, ValueError, csv.Error) as exc:
        raise InvalidInput(
            f"{path}: expected a CSV file, cannot read it ({clause(exc)}); {_SOURCE}"
        ) from exc
    if absent := [name for name in _COLUMNS if name not in columns]:
        raise InvalidInput(f"{path}: expected the columns {_COLUMNS}, {absent} missing; {_SOURCE}")
    return rows


def _segment(row: dict[str, str], things: set[str], training: set[str]) -> Segment:
    try:
        start, end = float(row["start_time"]), float(row["end_time"])
    except ValueError as exc:
        raise InvalidInput(f"segment {row['segment_id']}: expected times, found {exc}") from exc
    video = row["video_id"]
    return Segment(row["segment_id"], video, start, end, tuple(sorted(things)), video in training)
