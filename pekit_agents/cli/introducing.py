"""``pekit remember`` and ``pekit add``: what an object looks like, from photos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pekit_agents.cli.options import (
    DEFAULT_MEMORY,
    JsonOption,
    KeepCropsOption,
    MemoryOption,
    ProfileOption,
    UserOption,
    limited,
    limits_given,
    memory_options,
    open_filled_kit,
    open_kit,
)
from pekit_agents.cli.output import say, show_objects, shown, working
from pekit_agents.cli.photo_advice import photo_advice
from pekit_agents.cli.photo_files import Photos, PhotosArgument, each_photo, photos_of
from pekit_agents.cli.references import object_of
from pekit_agents.errors import InvalidInput
from pekit_agents.wording.messages import counted

__all__ = ["commands"]

commands = typer.Typer()

BoxOption = Annotated[
    str | None, typer.Option("--box", help="where it is in the one photo: X0,Y0,X1,Y1")
]
NameArgument = Annotated[str, typer.Argument(help="the object's name or id")]


@commands.command()
@limited
def remember(
    name: Annotated[str, typer.Argument(help="what you call it")],
    photos: PhotosArgument,
    category: Annotated[str, typer.Option("--category", "-c", help='what it is: "dog"')],
    context: Annotated[str, typer.Option("--context", help="anything to know about it")] = "",
    box: BoxOption = None,
    keep_crops: KeepCropsOption = False,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Introduce an object with one photo or several."""
    from pekit_agents.introduction.view_extraction import Reference

    given = photos_of(photos)
    for _, unusable in given.unusable:
        raise unusable
    edges = _edges(box, given)
    images = [Reference(photo, box=edges) for photo in given.files]
    kit = open_kit(memory, user, profile, keep_crops=keep_crops)
    with working("remembering") as tell:
        obj = kit.remember(
            name,
            images,
            category=category,
            context=context,
            progress=lambda done, total: tell(f"remembering: photo {done} of {total}"),
        )
    show_objects([obj], as_json, title="Remembered")
    if not as_json:
        view_ids = [view.view_id for view in kit.views(obj.object_id)]
        options = memory_options(memory, user, profile)
        for each in obj.advice:
            say(f"Advice: {photo_advice(obj, each, given.files, view_ids, options=options)}.")


@commands.command()
@limited
def add(
    name: NameArgument,
    photos: PhotosArgument,
    box: BoxOption = None,
    keep_crops: KeepCropsOption = False,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Add photos to an object that is remembered; one that was added already adds nothing."""
    from pekit_agents.images.reading import read_image
    from pekit_agents.introduction.view_extraction import Reference
    from pekit_agents.introduction.views import MAX_VIEWS
    from pekit_agents.memory.records import view_id_of

    given = photos_of(photos)
    edges = _edges(box, given)
    kit = open_filled_kit(memory, user, profile, keep_crops=keep_crops)
    obj = object_of(kit, name)
    if obj.n_views + len(given.files) > MAX_VIEWS:
        room = counted(MAX_VIEWS - obj.n_views, "photo")
        raise InvalidInput(
            f"expected at most {room} more of {obj.name}, found {len(given.files)}: an object "
            f"holds at most {MAX_VIEWS} views; nothing was added"
        )
    advice, of_all = list[str](), list[str]()
    options = memory_options(memory, user, profile)
    held = {view.view_id for view in kit.views(obj.object_id)}

    def learn(photo: Path) -> None:
        # The same photo gives the same id, so that repeating the command adds nothing.
        content = read_image(photo, limits=limits_given()) + str(edges or "").encode()
        view_id = view_id_of(obj.object_id, content)
        if view_id in held:
            advice.append(f"{shown(photo)} was added already: nothing is added for it")
            return
        held.add(view_id)
        reference = Reference(photo, box=edges)
        added = kit.add_views(obj.object_id, [reference], view_ids=[view_id]).advice
        of_all.clear()  # it is as it is with the last one
        for each in added:
            text = photo_advice(obj, each, [photo], [view_id], options=options)
            (advice if each.photo else of_all).append(text)

    failed = each_photo(given, learn, doing="adding")
    show_objects([kit.get(obj.object_id)], as_json, title="Remembered")
    for text in () if as_json else (*advice, *of_all):
        say(f"Advice: {text}.")
    if failed:
        raise typer.Exit(1)


def _edges(box: str | None, photos: Photos) -> list[float] | None:
    """Return the four numbers of ``--box``, which goes with one photo."""
    if box is None:
        return None
    if photos.several:
        count = counted(len(photos.files), "photo")
        raise typer.BadParameter(f"--box goes with one photo, found {count}")
    try:
        return [float(part) for part in box.split(",")]
    except ValueError:
        raise InvalidInput(f"expected --box X0,Y0,X1,Y1 in pixels, found {box!r}") from None
