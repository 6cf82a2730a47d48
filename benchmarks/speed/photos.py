"""The photos that builds are timed on: ``written_photos`` makes new ones of those given.

Each photo is new to the process that is timed, so that nothing kept from another helps: the given
photos come again at other sizes, with other edges cut off. What is written depends on nothing but
the photos and how many are asked for.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from pekit_agents.demo.scenes import OBJECTS, SCENES, photo_path
from pekit_agents.errors import InvalidInput
from pekit_agents.images.albums import list_photos
from pekit_agents.images.loading import load_image

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = [
    "Given",
    "Sizes",
    "Thing",
    "Written",
    "demo_photos",
    "photos_of_things",
    "written_photos",
]

REMEMBERED = 3  # things in the memory that scenes are searched with
_LONG_SIDES = (480, 960)
_CUT = 0.02  # of each edge, at most: what is whole stays whole
_CELL = (480, 400)  # of a collage, 3 x 2 of them
_QUALITY = 92
_SECOND_PHOTO = {"motorcycle_left.png": "motorcycle_right.png"}
_CUT_OFF = "chelsea.png"  # by edges of the photo: no simple one


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing, the photo it is remembered by, and those it is searched in."""

    name: str
    category: str
    reference: Path
    seen: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """Things, and photos of other things."""

    things: tuple[Thing, ...]
    others: tuple[Path, ...]

    @property
    def remembered(self) -> tuple[Thing, ...]:
        """What a memory of several things holds."""
        return self.things[:REMEMBERED]

    @property
    def of_users(self) -> tuple[Thing, ...]:
        """What each of many users remembers."""
        return self.things[:2]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of each is done in a round; of ``folder`` all rounds together."""

    remembers: int = 8
    finds: int = 12
    scenes: int = 8
    scenes_in_ram: int = 20
    passes: int = 20
    folder: int = 1000
    users: int = 50
    finds_each: int = 2
    crowd: int = 10_000

    @classmethod
    def quick(cls) -> Sizes:
        """Return sizes that show only that it runs."""
        return cls(2, 2, 1, 1, 2, 4, 2, 1, 50)


@dataclass(frozen=True, slots=True)
class Written:
    """The photos, as files; simple ones with the thing that is large in them."""

    warm: Path
    references: list[Path]
    simple: list[tuple[Thing, Path]]
    scenes: list[Path]
    folder: list[Path]
    users: list[list[Path]]


def demo_photos() -> Given:
    """Return the photos of ``pekit demo``.

    Raises:
        MissingDependency: The scikit-image package is not installed.
    """
    things = tuple(
        Thing(each.name, each.category, photo_path(each.photo), (photo_path(seen),))
        for each in OBJECTS
        if (seen := _SECOND_PHOTO.get(each.photo, each.photo)) != _CUT_OFF
    )
    unknown = {item.photo for scene in SCENES for item in scene.prints if item.name is None}
    return Given(things, tuple(photo_path(name) for name in sorted({*unknown, _CUT_OFF})))


def photos_of_things(folder: Path) -> Given:
    """Return the photos in a folder of folders, one for each thing.

    Raises:
        InvalidInput: There are fewer than four things with photos.
    """
    found = {each: _photos_in(each) for each in sorted(folder.glob("*")) if each.is_dir()}
    things = [
        Thing(each.name, "object", photos[0], tuple(photos[1:] or photos))
        for each, photos in found.items()
        if photos
    ]
    if len(things) <= REMEMBERED:
        raise InvalidInput(
            f"expected a folder with at least {REMEMBERED + 1} folders of photos, one for each "
            f"thing, found {len(things)} in {folder}"
        )
    others = [photo for thing in things[REMEMBERED:] for photo in thing.seen]
    return Given(tuple(things), tuple(others))


def _photos_in(folder: Path) -> list[Path]:
    return sorted(list_photos(folder).photos)


def written_photos(given: Given, sizes: Sizes, folder: Path) -> Written:
    """Write the photos that are timed into a folder."""
    things = given.things
    # Once each: of a folder of things, the others are photos of things.
    sources = list(dict.fromkeys([p for each in things for p in each.seen] + [*given.others]))

    def turn(photos: Sequence[Path], number: int, name: str) -> Path:
        return _altered(photos[number % len(photos)], folder / f"{name}.jpg")

    def simple(number: int) -> tuple[Thing, Path]:
        turns, which = divmod(number, len(searched))
        return searched[which], turn(searched[which].seen, turns, f"simple-{number}")

    def mixed(number: int) -> Path:
        name = f"folder-{number}"
        if number % 4 == 3:
            return _collage(given, folder / f"{name}.jpg")
        return turn(sources, number, name)

    def of_user(user: int, number: int) -> Path:
        return turn(given.of_users[number % 2].seen, user, f"user-{user}-{number}")

    # To find a thing in the very photo it was remembered by would say little.
    searched = [each for each in things if each.reference not in each.seen] or things
    scenes = range(max(sizes.scenes, sizes.scenes_in_ram))
    return Written(
        warm=_altered(given.others[0], folder / "warm.jpg"),
        references=[turn(sources, k, f"reference-{k}") for k in range(sizes.remembers)],
        simple=[simple(number) for number in range(sizes.finds)],
        scenes=[_collage(given, folder / f"scene-{number}.jpg") for number in scenes],
        folder=[mixed(number) for number in range(sizes.folder)],
        users=[
            [of_user(user, number) for number in range(sizes.finds_each)]
            for user in range(sizes.users)
        ],
    )


def _altered(source: Path, path: Path) -> Path:
    """Write a photo at another size, with other edges cut off."""
    chance = random.Random(path.name)
    photo = _cut(load_image(source), chance)
    side = chance.randint(*_LONG_SIDES)
    ImageOps.contain(photo, (side, side)).save(path, quality=_QUALITY)
    return path


def _collage(given: Given, path: Path) -> Path:
    """Write a collage of six photos: of each thing that is remembered, and of others."""
    chance = random.Random(path.name)
    shown = [chance.choice(thing.seen) for thing in given.remembered]
    shown += [chance.choice(given.others) for _ in range(6 - len(shown))]
    chance.shuffle(shown)
    width, height = _CELL
    scene = Image.new("RGB", (3 * width, 2 * height))
    for place, source in enumerate(shown):
        cell = ImageOps.fit(_cut(load_image(source), chance), _CELL)
        scene.paste(cell, (place % 3 * width, place // 3 * height))
    scene.save(path, quality=_QUALITY)
    return path


def _cut(photo: RGBImage, chance: random.Random) -> RGBImage:
    width, height = photo.size
    left, right = (round(chance.uniform(0, _CUT) * width) for _ in range(2))
    top, bottom = (round(chance.uniform(0, _CUT) * height) for _ in range(2))
    return photo.crop((left, top, width - right, height - bottom))
