"""``pekit remember`` and ``pekit add``: what an object looks like, from photos and clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pekit_agents.cli.clip_files import SHEETS
from pekit_agents.cli.new_files import require_new_file
from pekit_agents.cli.options import (
    DEFAULT_MEMORY,
    ForceOption,
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
from pekit_agents.cli.output import inform, say, show_objects, shown, working
from pekit_agents.cli.photo_advice import photo_advice
from pekit_agents.cli.photo_files import Photos, each_photo, photos_of
from pekit_agents.cli.references import object_of
from pekit_agents.errors import InvalidInput
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.types import Advice
    from pekit_agents.video.picking import Picked

__all__ = ["commands"]

commands = typer.Typer()

BoxOption = Annotated[
    str | None, typer.Option("--box", help="where it is in the one photo: X0,Y0,X1,Y1")
]
#: Text and no path, as for photos alone.
ReferencesArgument = Annotated[
    list[str],
    typer.Argument(metavar="PHOTO", help="photos, folders of photos, and clips that show it"),
]
SheetOption = Annotated[
    Path | None,
    typer.Option("--sheet", help="draw the frames picked from clips on one picture (.png, .jpg)"),
]
NameArgument = Annotated[str, typer.Argument(help="the object's name or id")]


@commands.command()
@limited
def remember(
    name: Annotated[str, typer.Argument(help="what you call it")],
    photos: ReferencesArgument,
    category: Annotated[str, typer.Option("--category", "-c", help='what it is: "dog"')],
    context: Annotated[str, typer.Option("--context", help="anything to know about it")] = "",
    box: BoxOption = None,
    sheet: SheetOption = None,
    force: ForceOption = False,
    keep_crops: KeepCropsOption = False,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Introduce an object with one photo or several, or with a clip in which it is turned."""
    given = photos_of(photos)
    for _, unusable in given.unusable:
        raise unusable
    looking = _Looking(given, _edges(box, given), sheet, force)
    kit = open_kit(memory, user, profile, keep_crops=keep_crops)
    with working("remembering") as tell:
        images = [
            looking.reference(photo, kit, category, progress=_telling(tell, shown(photo), "frame"))
            for photo in given.files
        ]
        obj = kit.remember(
            name,
            images,
            category=category,
            context=context,
            progress=_telling(tell, "remembering", "picture" if looking.clips else "photo"),
        )
    looking.draw()
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
    photos: ReferencesArgument,
    box: BoxOption = None,
    sheet: SheetOption = None,
    force: ForceOption = False,
    keep_crops: KeepCropsOption = False,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Add photos and clips of an object; one that was added already adds nothing."""
    from pekit_agents.introduction.views import MAX_VIEWS

    given = photos_of(photos)
    looking = _Looking(given, _edges(box, given), sheet, force)
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
        # The same photo gives the same ids, so that repeating the command adds nothing.
        view_ids = looking.view_ids(photo, obj.object_id)
        if held.intersection(view_ids):
            advice.append(f"{shown(photo)} was added already: nothing is added for it")
            return
        held.update(view_ids)
        reference = looking.reference(photo, kit, obj.category)
        added = kit.add_views(obj.object_id, [reference], view_ids=view_ids[:1]).advice
        of_all.clear()  # it is as it is with the last one
        for each in added:
            text = photo_advice(obj, each, [photo], view_ids, options=options)
            (of_all if _of_all(each) else advice).append(text)

    failed = each_photo(given, learn, doing="adding")
    looking.draw()
    show_objects([kit.get(obj.object_id)], as_json, title="Remembered")
    for text in () if as_json else (*advice, *of_all):
        say(f"Advice: {text}.")
    if failed:
        raise typer.Exit(1)


class _Looking:
    """What a command was given, as what a kit takes; draws what was picked from clips.

    Args:
        given: Photos and clips.
        edges: Where the object is in the one photo.
        sheet: Where to draw to; None draws nothing.
        force: Whether a file that is there is replaced.

    Raises:
        InvalidInput: The sheet cannot be written, or should not, or there is no clip to draw.
    """

    def __init__(
        self, given: Photos, edges: list[float] | None, sheet: Path | None, force: bool
    ) -> None:
        from pekit_agents.video.clips import looks_like_a_clip

        self.clips = {photo for photo in given.files if looks_like_a_clip(photo)}
        self._edges, self._sheet = edges, sheet
        self._picked = list["Picked"]()
        if edges is not None and self.clips:
            raise InvalidInput("expected --box with a photo, found a clip; leave it out")
        if sheet is None:
            return
        if not self.clips:
            raise InvalidInput(
                "expected a clip for --sheet, which draws the frames that are picked from it, "
                "found photos only; leave it out"
            )
        require_new_file(sheet, "sheet", force=force, suffixes=SHEETS)

    def reference(self, photo: Path, kit: PeKit, category: str, progress: Any = None) -> Any:
        """Return what the kit takes; of a clip that is to be drawn, what was picked from it."""
        if photo in self.clips and self._sheet is not None:
            picked = kit.pick_views(photo, category=category, progress=progress)
            self._picked.append(picked)
            return picked
        from pekit_agents.introduction.view_extraction import Reference

        return photo if photo in self.clips else Reference(photo, box=self._edges)

    def view_ids(self, photo: Path, object_id: str) -> list[str]:
        """Return the ids of the views of a photo or a clip, by what is in it."""
        import hashlib

        from pekit_agents.images.reading import read_image
        from pekit_agents.memory.records import view_id_of
        from pekit_agents.video.clips import clip_view_ids
        from pekit_agents.video.picking import MOST_PICKED

        if photo not in self.clips:
            content = read_image(photo, limits=limits_given()) + str(self._edges or "").encode()
            return [view_id_of(object_id, content)]
        with photo.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        return clip_view_ids(view_id_of(object_id, digest), MOST_PICKED)

    def draw(self) -> None:
        """Write the sheet, if one is wanted and anything was picked."""
        if self._sheet is None or not self._picked:
            return
        from pekit_agents.video.picked_sheet import picked_sheet

        try:
            picked_sheet(self._picked).save(self._sheet)
        except OSError as exc:
            raise InvalidInput(f"{self._sheet} cannot be written: {exc.strerror or exc}") from exc
        inform(f"Wrote the picked frames to {shown(self._sheet)}.")


def _telling(tell: Callable[[str], None], doing: str, what: str) -> Callable[[int, int], None]:
    return lambda done, total: tell(f"{doing}: {what} {done} of {total}")


def _of_all(advice: Advice) -> bool:
    return advice.photo == 0 and advice.kind == "more"


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
