"""Pictures of mistakes: a photo with its true boxes and what was named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pekit_agents.errors import ImageError, MissingDependency
from pekit_agents.evaluation.report.content import Tile
from pekit_agents.evaluation.report.numbers import percent
from pekit_agents.images.loading import load_image
from pekit_agents.prompting.drawing import Colour, annotate
from pekit_agents.types import Box, Match, PersonalObject

if TYPE_CHECKING:
    from pekit_agents.evaluation.records import Named, Trial
    from pekit_agents.evaluation.report.mistakes import Mistake
    from pekit_agents.types import RGBImage

__all__ = ["mistake_tile"]

_SIDE = 320  # pixels of a thumbnail's longer side
_SMALL_SIDE = 90
_MOST_BESIDE = 3
_TRUE = Colour("dashed blue", (30, 90, 230), (4, 2))
_NAMED = Colour("orange", (238, 135, 30))
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def mistake_tile(mistake: Mistake, root: Path, stem: str) -> Tile:
    """Return the tile of a mistake; one whose photo cannot be read says so.

    Dashed blue is where a thing truly is, solid orange what was named, with its score. The lines
    say how likely the answers were, and what was possible. Beside it are photos that the missed or
    wrongly named thing was remembered from.

    Args:
        mistake: What went wrong.
        root: The data set's folder; a photo outside it is not opened.
        stem: Of the names of its files.
    """
    trial = mistake.trial
    draws = f"{mistake.chances} draw{'' if mistake.chances == 1 else 's'}"
    lines = (
        _score_line(mistake),
        f"Shows: {_shown(mistake)}",
        f"Named: {', '.join(map(_said, trial.named)) or 'nothing'}",
        *([f"Possible: {', '.join(map(_said, trial.possible))}"] if trial.possible else ()),
        f"Went wrong in {mistake.times} of {draws}",
        trial.photo,
    )
    photo = _read(trial.photo, root)
    if isinstance(photo, str):
        return Tile(f"{stem}.jpg", None, _title(mistake), (*lines, photo))
    beside = []
    for number, name in enumerate(mistake.references[:_MOST_BESIDE], start=1):
        reference = _read(name, root)
        if not isinstance(reference, str):
            reference.thumbnail((_SMALL_SIDE, _SMALL_SIDE))
            beside.append((f"{stem}-reference-{number}.jpg", _jpeg(reference)))
    words = f"{mistake.thing} was remembered from:" if beside else ""
    picture = _jpeg(_annotated(photo, trial))
    return Tile(f"{stem}.jpg", picture, _title(mistake), lines, tuple(beside), words)


def _read(name: str, root: Path) -> RGBImage | str:
    """Return a photo of the data set, or why there is none."""
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts or "\\" in name or ":" in name:
        return "The photo is not shown: its path leads out of the data set's folder."
    try:
        return load_image(root / place)
    except MissingDependency as exc:
        return f"The photo is not shown: {exc}"
    except ImageError:
        return "The photo is not shown: there is no readable picture in the data set's folder."


def _jpeg(picture: RGBImage) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=82)
    return buffer.getvalue()


def _annotated(photo: RGBImage, trial: Trial) -> RGBImage:
    scale = min(1.0, _SIDE / max(photo.size))
    size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
    factors = (size[0] / photo.width, size[1] / photo.height)
    colours, matches = {}, []
    for number, (label, box, colour) in enumerate(_labels(trial)):
        thing = PersonalObject(str(number), label, "", "", 0, _LONG_AGO)
        matches.append(Match(thing, _scaled(box, *factors), 0.0))
        colours[thing.object_id] = colour
    return annotate(photo.resize(size), matches, colours=colours)


def _labels(trial: Trial) -> Iterator[tuple[str, Box, Colour]]:
    for named in trial.named:
        if named.box is not None:
            yield f"{named.score:.2f} {named.name}", named.box, _NAMED
    for name, boxes in sorted(trial.boxes.items()):
        for box in boxes:
            yield f"is {name}", box, _TRUE


def _scaled(box: Box, across: float, down: float) -> Box:
    return Box(box.x0 * across, box.y0 * down, box.x1 * across, box.y1 * down)


def _title(mistake: Mistake) -> str:
    if mistake.kind == "missed":
        return f"Missed {mistake.thing}"
    return f"Named {mistake.thing}, which is not there"


def _score_line(mistake: Mistake) -> str:
    if mistake.score is None:
        return f"No score for {mistake.thing}"
    return f"Score of {mistake.thing}: {mistake.score:.2f}"


def _said(named: Named) -> str:
    chance = "" if named.probability is None else f", {percent(named.probability)}"
    text = f"{named.name} ({named.score:.2f}{chance})"
    if named.alternatives:
        text += f", undecided: or {' or '.join(named.alternatives)}"
    return text


def _shown(mistake: Mistake) -> str:
    names = ", ".join(mistake.trial.shows)
    if not names:
        return "nothing of the data set"
    return f"{names} (not remembered)" if mistake.kind == "false alarm" else names
