"""Timelines of things that were seen, without a search."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from PIL import Image

from pekit_agents.types import Box, Candidate, PersonalObject
from pekit_agents.video.timeline import KeyFrame, Sighting, TimedBox, Timeline

SIZE = (320, 240)
GREY = (128, 128, 128)


def thing(name: str, *, context: str = "", category: str = "dog") -> PersonalObject:
    when = datetime(2026, 3, 1, tzinfo=UTC)
    return PersonalObject(f"id-{name}", name, category, context, 2, when)


def picture(colour: tuple[int, int, int] = GREY, size: tuple[int, int] = SIZE) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "JPEG", quality=95)
    return file.getvalue()


def seen(
    name: str,
    boxes: Mapping[float, tuple[float, float, float, float]],
    *,
    number: int = 1,
    either: str = "",
    context: str = "",
    key: float | None = None,
    **rest: Any,
) -> Sighting:
    """Return a sighting; ``boxes`` by time, and ``either`` another name that it may have."""
    timed = tuple(TimedBox(time, Box(*edges)) for time, edges in boxes.items())
    best = next(each for each in timed if key in (None, each.time))
    return Sighting(
        number,
        thing(name, context=context),
        timed[0].time,
        timed[-1].time,
        KeyFrame(best.time, best.box, rest.pop("kept", picture())),
        timed,
        rest.pop("score", 1.5),
        rest.pop("probability", 0.75),
        (Candidate(thing(either), 0.5, 0.2),) if either else (),
        **rest,
    )


def timeline(*sightings: Sighting, until: float = 2.8, **rest: Any) -> Timeline:
    rest = {"size_wh": SIZE, "sampled": 15, "searched": 15, "complete": True, **rest}
    return Timeline(until=until, sightings=sightings, **rest)
