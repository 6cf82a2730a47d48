"""A timeline as text that other programs read: chapters (WebVTT), a table (CSV) and JSON."""

from __future__ import annotations

import csv
import io
import json
from html import escape
from typing import TYPE_CHECKING

from pekit_agents.prompting.match_text import answer_of
from pekit_agents.video.interpolation import sampling_step

if TYPE_CHECKING:
    from pekit_agents.video.timeline import Sighting, Timeline

__all__ = ["to_csv", "to_json", "to_webvtt"]

_COLUMNS = (
    "number",
    "name",
    "or",
    "possible",
    "category",
    "start",
    "end",
    "probability",
    "score",
    "looks",
    "key_frame",
    "x0",
    "y0",
    "x1",
    "y1",
    "object_id",
)
#: What spreadsheets take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_SHORTEST = 0.001  # seconds: a cue has to end after it begins


def to_webvtt(timeline: Timeline) -> str:
    """Return a cue for each sighting, for ``<track kind="chapters">``, subtitles and editors.

    A cue says "Biscuit", "Biscuit or Bella" or "may be Biscuit". What was seen in one frame alone
    lasts until the next.

    Args:
        timeline: What was found in a clip.
    """
    step = max(sampling_step(timeline), _SHORTEST)
    cues = [_cue(each, step) for each in timeline.sightings]
    return "\n\n".join(["WEBVTT", *cues]) + "\n"


def to_csv(timeline: Timeline) -> str:
    """Return a table with a row for each sighting, and a row of titles.

    Times are in seconds, boxes those of the key frame in pixels of the upright clip. Before a name
    that a spreadsheet would take for a formula stands an apostrophe.

    Args:
        timeline: What was found in a clip.
    """
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(_COLUMNS)
    for each in timeline.sightings:
        said = each.to_dict()
        table.writerow(
            [
                each.number,
                _plain(each.object.name),
                _plain(" or ".join(other.object.name for other in each.alternatives)),
                "yes" if each.possible else "no",
                _plain(each.object.category),
                said["start"],
                said["end"],
                said["probability"],
                said["score"],
                each.looks,
                said["key_frame"]["time"],
                *said["key_frame"]["box_xyxy"],
                _plain(each.object.object_id),
            ]
        )
    return file.getvalue()


def to_json(timeline: Timeline) -> str:
    """Return all of a timeline but its pictures, as :meth:`Timeline.from_dict` reads it.

    Args:
        timeline: What was found in a clip.
    """
    return json.dumps(timeline.to_dict(), ensure_ascii=False) + "\n"


def _cue(sighting: Sighting, step: float) -> str:
    end = sighting.end if sighting.end > sighting.start else sighting.start + step
    said = escape(_one_line(answer_of(sighting.match())), quote=False)
    return f"{sighting.number}\n{_stamp(sighting.start)} --> {_stamp(end)}\n{said}"


def _stamp(seconds: float) -> str:
    """Return a time as WebVTT writes it, 00:01:02.500."""
    thousandths = round(1000 * seconds)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    line = _one_line(text)
    return f"'{line}" if line.startswith(_FORMULA) else line
