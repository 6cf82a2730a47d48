"""``pekit``'s commands on what is remembered: list, change, merge, move and forget."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from pekit_agents.cli.options import (
    DEFAULT_MEMORY,
    ForceOption,
    JsonOption,
    KeepCropsOption,
    MemoryOption,
    ProfileOption,
    UserOption,
    YesOption,
    limited,
    on_filled_kit,
    on_kit,
    open_filled_kit,
    remembered_objects,
)
from pekit_agents.cli.output import (
    complain,
    out,
    plain,
    print_json,
    say,
    show_objects,
    shown,
    working,
)
from pekit_agents.cli.photo_files import PhotosArgument, photos_of, why_not
from pekit_agents.cli.references import id_of, nothing_in, object_of, require_something
from pekit_agents.errors import (
    ImageError,
    InvalidInput,
    MissingDependency,
    NoObjectFound,
    PeKitError,
)
from pekit_agents.types import OnConflict

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.types import StoredView

__all__ = ["commands"]

commands = typer.Typer()

NameArgument = Annotated[str, typer.Argument(help="the object's name or id")]
RegionOption = Annotated[
    int | None, typer.Option(min=1, help="of one photo: the number that `pekit find` shows")
]


@commands.command("list")
def list_objects(
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """List what is remembered."""
    objects = remembered_objects(memory, user, profile)
    if not objects and not as_json:
        say(nothing_in(memory, user))
        return
    show_objects(objects, as_json, title="Remembered")


@commands.command()
@on_filled_kit
def show(
    kit: PeKit,
    name: NameArgument,
    folder: Annotated[
        Path | None, typer.Option("--out", "-o", help="folder to write the kept crops to")
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show everything that is stored about one object."""
    obj = object_of(kit, name)
    crops = [] if folder is None else _write_crops(kit.views(obj.object_id), folder, force)
    if as_json:
        print_json(obj.to_dict() | ({} if folder is None else {"crops": list(map(str, crops))}))
        return
    table = Table(show_header=False)
    for key, value in obj.to_dict().items():
        table.add_row(key.replace("_", " "), plain(value))
    out.print(table)
    for crop in crops:
        say(f"Crop: {crop}")


@commands.command()
@on_filled_kit
def views(
    kit: PeKit,
    name: NameArgument,
    as_json: JsonOption = False,
) -> None:
    """List the reference views of one object."""
    obj = object_of(kit, name)
    stored = kit.views(obj.object_id)
    if as_json:
        print_json([view.to_dict() for view in stored])
        return
    table = Table(title=plain(f"Views of {obj.name}"))
    for column in ("id", "added", "crop"):
        table.add_column(column)
    for view in stored:
        added = "unknown" if view.added_at is None else f"{view.added_at:%Y-%m-%d %H:%M} UTC"
        table.add_row(view.view_id, added, "no" if view.crop is None else "kept")
    out.print(table)


@commands.command()
@on_filled_kit
def update(
    kit: PeKit,
    name: NameArgument,
    new_name: Annotated[str | None, typer.Option("--name", "-n", help="its new name")] = None,
    category: Annotated[str | None, typer.Option("--category", "-c", help="what it is")] = None,
    context: Annotated[
        str | None, typer.Option("--context", help="anything to know about it")
    ] = None,
    purge: Annotated[
        bool, typer.Option("--purge", help="remove the old texts from the disk at once")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Change an object's name, category or context."""
    obj = kit.update(
        object_of(kit, name).object_id, name=new_name, category=category, context=context
    )
    if purge:
        kit.purge()
    show_objects([obj], as_json, title="Updated")


@commands.command()
@on_filled_kit
def merge(
    kit: PeKit,
    name: Annotated[str, typer.Argument(help="name or id of the object that stays")],
    other: Annotated[str, typer.Argument(help="name or id of the one whose views it takes")],
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make one object of two; the second is forgotten."""
    into, gone = object_of(kit, name), object_of(kit, other)
    if not yes and into.object_id != gone.object_id:  # else there is nothing to ask
        question = f"Move all views of {gone.name} to {into.name} and forget it for good?"
        typer.confirm(question, abort=True)
    show_objects([kit.merge(into.object_id, gone.object_id)], as_json, title="Merged")


@commands.command("remove-view")
@on_filled_kit
def remove_view(
    kit: PeKit,
    name: NameArgument,
    view_id: Annotated[str, typer.Argument(help="the view's id, see `pekit views`")],
    as_json: JsonOption = False,
) -> None:
    """Remove one reference view of an object for good."""
    obj = object_of(kit, name)
    chosen = id_of(view_id, [view.view_id for view in kit.views(obj.object_id)])
    obj = kit.remove_view(obj.object_id, chosen)
    show_objects([obj], as_json, title="Left")


@commands.command()
@limited
def confirm(
    name: NameArgument,
    photos: PhotosArgument,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    keep_crops: KeepCropsOption = False,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn that photos show an object, named, possible or neither: "yes, this is Rex"."""
    kit = open_filled_kit(memory, user, profile, keep_crops=keep_crops)
    ref = object_of(kit, name).object_id

    def learn(photo: Path) -> None:
        match = kit.confirm_in(kit.find(photo), ref, region=region or 0)
        if not as_json:
            for each in kit.advice_on(match):
                say(f"Advice: {photo}: {each.text}.")

    _learn_from_each(kit, ref, photos, learn, region, as_json)


@commands.command()
@limited
@on_filled_kit
def reject(
    kit: PeKit,
    name: NameArgument,
    photos: PhotosArgument,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn that photos do not show an object, whatever looks like it: "no, that is not Rex"."""
    ref = object_of(kit, name).object_id

    def learn(photo: Path) -> None:
        finding = kit.find(photo)
        rejected = kit.reject_in(finding, ref, region=region or 0)
        if not rejected and not kit.is_rejected_in(finding, ref):
            kit.not_mine(ref, photo)

    _learn_from_each(kit, ref, photos, learn, region, as_json)


@commands.command("clear-corrections")
@on_filled_kit
def clear_corrections(
    kit: PeKit,
    name: NameArgument,
    as_json: JsonOption = False,
) -> None:
    """Forget what an object was said not to be."""
    obj = kit.clear_corrections(object_of(kit, name).object_id)
    show_objects([obj], as_json, title="Cleared")


@commands.command()
@on_filled_kit
def export(
    kit: PeKit,
    file: Annotated[Path, typer.Argument(help="the file to write")],
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write everything remembered to one file."""
    with working("exporting"):
        manifest = kit.export(file, overwrite=force)
    if as_json:
        print_json(manifest)
        return
    counts = ", ".join(f"{what}: {manifest[what]}" for what in ("objects", "views", "crops"))
    say(f"Exported to {file} ({counts}).")


@commands.command("import")
@on_kit
def import_file(
    kit: PeKit,
    file: Annotated[Path, typer.Argument(help="what `pekit export` wrote")],
    on_conflict: Annotated[
        OnConflict,
        typer.Option(case_sensitive=False, help="what to do with a name or id that is taken"),
    ] = "error",
    as_json: JsonOption = False,
) -> None:
    """Take over the objects of an export; all of them or none."""
    with working("importing"):
        objects = kit.import_memory(file, on_conflict=on_conflict)
    if not objects and not as_json:
        say("Nothing was imported.")
        return
    show_objects(objects, as_json, title="Imported")


@commands.command()
def reembed(
    drop_corrections: Annotated[
        bool, typer.Option("--drop-corrections", help="go on without what was rejected")
    ] = False,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Carry a memory over to the encoder of --profile, from the crops that were kept."""
    from pekit_agents.kit.kit import PeKit

    require_something(memory, user)
    with working("embedding anew") as tell:
        kit = PeKit.reembed(
            memory,
            profile,
            user,
            drop_corrections=drop_corrections,
            progress=lambda done, total: tell(f"embedding anew: view {done} of {total}"),
        )
    objects = kit.objects()
    if as_json:
        print_json({"encoder_id": kit.profile.encoder.id, "objects": len(objects)})
        return
    say(f"Embedded with {kit.profile.encoder.id} (objects: {len(objects)}).")


def _learn_from_each(
    kit: PeKit,
    ref: str,
    photos: list[str],
    learn: Callable[[Path], None],
    region: int | None,
    as_json: bool,
) -> None:
    """Learn from each photo; one of which nothing can be learnt does not stop the others."""
    given = photos_of(photos)
    if region and given.several:
        raise typer.BadParameter(
            f"expected one photo, found {len(given.files)}: a region is of one photo",
            param_hint="--region",
        )
    left_out: list[tuple[str, PeKitError]] = list(given.unusable)
    before = kit.version()
    with working("learning"):
        for photo in given.files:
            try:
                learn(photo)
            except (ImageError, MissingDependency, NoObjectFound) as exc:
                left_out.append((shown(photo), exc))
    title = "Unchanged" if kit.version() == before else "Learnt"
    show_objects([kit.get(ref)], as_json, title=title)
    for name, why in left_out:
        complain(f"Nothing was learnt from {name}: {why_not(name, why)}")
    if left_out:
        raise typer.Exit(1)


def _write_crops(stored: list[StoredView], folder: Path, force: bool) -> list[Path]:
    kept = [(folder / f"{view.view_id}.jpg", view.crop) for view in stored if view.crop is not None]
    if not kept:
        raise InvalidInput(
            "expected kept crops to write, found none: they are stored when an object is "
            "remembered with --keep-crops"
        )
    there = [path.name for path, _ in kept if path.exists()]
    if there and not force:
        raise InvalidInput(f"{', '.join(there)} is in {folder} already; add --force to replace it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, crop in kept:
            path.write_bytes(crop.picture)
    except OSError as exc:
        raise InvalidInput(f"{folder} cannot be written to: {exc.strerror}") from exc
    return [path for path, _ in kept]
