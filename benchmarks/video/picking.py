"""``python -m benchmarks video picking``: references picked from a clip against three at random.

The clips are composed, and not filmed: photos of one thing are shown one after the other, with
shake, zoom and blur, and photos of something else between them. Nothing turns: a clip has as many
sides as it has photos. Each thing is introduced in three ways, each way into a memory of its own,
and photos that were in no clip are searched.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from PIL import Image
from rich.box import SIMPLE_HEAD
from rich.table import Table

from benchmarks.recognition.turned import answer
from pekit_agents.cli.evaluation.options import DataArgument, LayoutOption, photos_of
from pekit_agents.cli.evaluation.output import advancing
from pekit_agents.cli.options import JsonOption
from pekit_agents.cli.output import out as console
from pekit_agents.cli.output import print_json
from pekit_agents.errors import NoObjectFound
from pekit_agents.images.loading import load_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.evaluation.records import Dataset
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.kit.references import References
    from pekit_agents.types import RGBImage
    from pekit_agents.video.picking import Picked

__all__ = ["TurningClip", "compose_turning", "picking"]

_SIZE = (800, 600)
_RATE = 10  # frames a second
_SHOWN, _BETWEEN = 1.2, 0.6  # seconds of each photo of the thing, and of something else
_BLUR = 48  # pixels of the longest blur
_RANDOM = 3  # references at random, as one is advised to take
_WAYS = ("picked", "3 frames", "3 photos")


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    """One frame: which photo, how it lies, and how blurred it is."""

    photo: Path
    of_thing: bool
    turned: float
    zoom: float
    moved: tuple[float, float]
    blur: int


@dataclass(frozen=True, slots=True, eq=False)
class TurningClip:
    """A clip that is drawn while it is read.

    Attributes:
        moments: Its frames, in order.
    """

    moments: tuple[_Moment, ...]

    def frames(self) -> Iterator[tuple[float, RGBImage]]:
        """Yield (seconds, frame)."""
        for number in range(len(self.moments)):
            yield number / _RATE, self.frame(number)

    def frame(self, number: int) -> RGBImage:
        """Draw one frame."""
        moment = self.moments[number]
        return _blurred(_laid(_reduced(moment.photo), moment), moment.blur)

    def shown_at(self, time: float) -> Path | None:
        """Return which photo of the thing is shown; None where it is something else."""
        moment = self.moments[round(time * _RATE)]
        return moment.photo if moment.of_thing else None


@lru_cache(maxsize=2)
def _reduced(photo: Path) -> RGBImage:
    picture = load_image(photo)
    picture.thumbnail((2 * _SIZE[0], 2 * _SIZE[1]))
    return picture


def compose_turning(
    photos: Sequence[Path], others: Sequence[Path], rng: np.random.Generator
) -> TurningClip:
    """Return a clip of the photos of one thing, with something else between them.

    Args:
        photos: Of the thing.
        others: Of something else.
        rng: Decides what is moved, blurred and shown between.
    """
    moments = list[_Moment]()
    for photo in photos:
        moments += _stretch(photo, True, _SHOWN, rng)
        moments += _stretch(others[int(rng.integers(len(others)))], False, _BETWEEN, rng)
    return TurningClip(tuple(moments))


def _stretch(
    photo: Path, of_thing: bool, seconds: float, rng: np.random.Generator
) -> Iterator[_Moment]:
    """Yield the frames of one photo: blurred while it comes and goes, stiller in between."""
    count = round(seconds * _RATE)
    at, turned, zoom = rng.uniform(-0.05, 0.05, 2), rng.uniform(-10, 10), rng.uniform(0.9, 1.1)
    for number in range(count):
        at = at + rng.normal(0, 0.01, 2)
        moving = abs(2 * (number + 0.5) / count - 1)  # 1 at the ends, 0 in the middle
        yield _Moment(
            photo,
            of_thing,
            float(turned + rng.normal(0, 1)),
            float(zoom),
            (float(at[0]), float(at[1])),
            int(_BLUR * moving * rng.uniform(0.2, 1)),
        )


def _laid(photo: RGBImage, moment: _Moment) -> RGBImage:
    """Return a photo in the size of the clip, as a camera sees it: whole, before grey."""
    scale = moment.zoom * min(_SIZE[0] / photo.width, _SIZE[1] / photo.height)
    small = photo.resize((max(1, round(photo.width * scale)), max(1, round(photo.height * scale))))
    turned = small.rotate(
        moment.turned, Image.Resampling.BILINEAR, expand=True, fillcolor=(110, 110, 110)
    )
    frame = Image.new("RGB", _SIZE, (110, 110, 110))
    left = (_SIZE[0] - turned.width) / 2 + moment.moved[0] * _SIZE[0]
    top = (_SIZE[1] - turned.height) / 2 + moment.moved[1] * _SIZE[1]
    frame.paste(turned, (round(left), round(top)))
    return frame


def _blurred(frame: RGBImage, length: int) -> RGBImage:
    """Return a frame as it is when it moves across while it is exposed."""
    if length < 2:
        return frame
    pixels = np.pad(np.asarray(frame, np.float32), ((0, 0), (length, 0), (0, 0)), mode="edge")
    sums: NDArray[np.float32] = np.cumsum(pixels, axis=1, dtype=np.float32)
    mean = (sums[:, length:] - sums[:, :-length]) / length
    return Image.fromarray(mean.round().clip(0, 255).astype(np.uint8))


@dataclass(slots=True)
class _Way:
    """What came of one way to introduce things."""

    kit: PeKit
    refused: int = 0  # clips in which nothing was sure to be the thing
    views: int = 0
    right: int = 0  # views that show the thing
    sides: int = 0  # different photos among them
    said: Counter[str] = field(default_factory=Counter)

    def introduce(self, name: str, images: References, shown: Sequence[Path | None]) -> None:
        self.kit.remember(name, images, category="object")
        self.views += len(shown)
        self.right += sum(photo is not None for photo in shown)
        self.sides += len({photo for photo in shown if photo is not None})


def picking(
    data: DataArgument,
    backgrounds: Annotated[Path, typer.Option(help="folder of photos without any of the things")],
    things: Annotated[int, typer.Option(min=2, help="how many to introduce")] = 12,
    sides: Annotated[int, typer.Option(min=3, help="photos of a thing in its clip")] = 4,
    held_out: Annotated[int, typer.Option(min=1, help="photos of each that are searched")] = 2,
    seed: Annotated[int, typer.Option(help="gives the same clips again")] = 0,
    layout: LayoutOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Compare references picked from clips (composed, not filmed) with three at random."""
    from pekit_agents.evaluation.datasets import load_dataset
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.profiles import load_profile

    dataset = load_dataset(data, layout)
    others = photos_of("--backgrounds", backgrounds)
    parts = list(_parts(dataset, things, sides, held_out, seed))
    tools = load_profile("embedded")
    with advancing() as step, tempfile.TemporaryDirectory(prefix="pekit-picking-") as root:
        ways = {way: _Way(PeKit.open(Path(root) / str(n), tools)) for n, way in enumerate(_WAYS)}
        for number, (name, photos, _) in enumerate(parts):
            step("introducing", number, len(parts))
            rng = np.random.default_rng([seed, number])
            _introduce(ways, name, compose_turning(photos, others, rng), rng)
        for number, (name, _, searched) in enumerate(parts):
            step("searching", number, len(parts))
            for photo in searched:
                picture = load_image(photo)
                for way in ways.values():
                    way.said[answer(way.kit.find(picture), name)] += 1
    _show(dataset.name, len(parts), ways, as_json)


def _parts(
    dataset: Dataset, things: int, sides: int, held_out: int, seed: int
) -> Iterator[tuple[str, list[Path], list[Path]]]:
    """Yield name, photos for the clip and photos to search, of things that have enough."""
    from pekit_agents.evaluation.draws import candidates

    enough = 0
    for thing in dataset.things:
        own = list(candidates(dataset, thing))
        order = np.random.default_rng([seed, len(thing.name), len(own)]).permutation(len(own))
        own = [own[i] for i in order]
        if enough < things and len(own) >= 3 + held_out:
            enough += 1
            searched = own[:held_out]
            yield thing.name, own[held_out:][:sides], searched


def _introduce(
    ways: dict[str, _Way], name: str, clip: TurningClip, rng: np.random.Generator
) -> None:
    from pekit_agents.video.clips import Clip

    first, second, third = ways.values()
    try:
        picked: Picked = first.kit.pick_views(Clip(clip.frames()), category="object")
    except NoObjectFound:
        first.refused += 1
    else:
        first.introduce(name, picked, [clip.shown_at(frame.time) for frame in picked.frames])
    frames = _random_frames(second.kit, clip, rng)
    images = [clip.frame(number) for number in frames]
    second.introduce(name, images, [clip.shown_at(number / _RATE) for number in frames])
    shown = sorted({moment.photo for moment in clip.moments if moment.of_thing})
    photos = [shown[i] for i in sorted(rng.permutation(len(shown))[:_RANDOM])]
    third.introduce(name, photos, photos)


def _random_frames(kit: PeKit, clip: TurningClip, rng: np.random.Generator) -> list[int]:
    """Return three frames at random, of those in which anything stands out."""
    taken = list[int]()
    for number in rng.permutation(len(clip.moments)):
        try:
            kit.extract_view(clip.frame(int(number)), category="object")
        except NoObjectFound:
            continue
        taken.append(int(number))
        if len(taken) == _RANDOM:
            break
    return sorted(taken)


def _show(name: str, things: int, ways: dict[str, _Way], as_json: bool) -> None:
    rows = [
        {
            "references": title,
            "refused": way.refused,
            "views": way.views,
            "of the thing": way.right,
            "different photos": way.sides,
            **{said: way.said[said] for said in ("named", "asked", "missed", "wrong")},
        }
        for title, way in ways.items()
    ]
    if as_json:
        print_json({"clips": "composed from photos, and not filmed", "rows": rows})
        return
    table = Table(
        title=f"{name}: {things} things, clips composed from photos, not filmed",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for column in rows[0]:
        table.add_column(column, justify="left" if column == "references" else "right")
    for row in rows:
        table.add_row(*map(str, row.values()))
    console.print(table)


if __name__ == "__main__":
    typer.run(picking)
