"""``pekit review``: decide on doubtful matches that ``pekit find --review`` kept."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from pekit_agents.cli.options import JsonOption, on_kit
from pekit_agents.cli.output import out, plain, print_json, say, show_objects
from pekit_agents.cli.references import id_of, object_of
from pekit_agents.errors import InvalidInput
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.kit.review import ReviewItem

__all__ = ["commands", "kept_for_review"]

commands = typer.Typer()

review = typer.Typer(
    help="Decide on doubtful matches that `pekit find --review` kept.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
commands.add_typer(review, name="review")

_SHOWN = 10  # ids in one sentence; `pekit review list` has them all

IdArgument = Annotated[str, typer.Argument(help="the item's id, see `pekit review list`")]


@review.command("list")
@on_kit
def list_items(
    kit: PeKit,
    folder: Annotated[
        Path | None, typer.Option("--out", "-o", help="folder to write the pictures to")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List what waits for a decision."""
    from pekit_agents.prompting.match_text import answer_of, chances_of

    items = kit.review.list()
    if folder is not None:
        _write(items, folder)
    if as_json:
        print_json([item.to_dict() for item in items])
        return
    table = Table(title="To review")
    for column in ("id", "answer", "why", "probability", "photo"):
        right = column == "probability"
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for item in items:
        match, reason = item.doubt.match, item.doubt.reason
        cells = (item.review_id, answer_of(match), reason, chances_of(match), item.label)
        table.add_row(*(plain(cell) for cell in cells))
    out.print(table)


@review.command()
@on_kit
def confirm(
    kit: PeKit,
    review_id: IdArgument,
    name: Annotated[
        str | None, typer.Argument(help="name or id of the object that it is, if not the first")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Decide that an item is right, or which object it is."""
    ref = None if name is None else object_of(kit, name).object_id
    obj = kit.review.confirm(_item(kit, review_id), ref)
    show_objects([obj], as_json, title="Learnt")


@review.command()
@on_kit
def reject(
    kit: PeKit,
    review_id: IdArgument,
    as_json: JsonOption = False,
) -> None:
    """Decide that an item is nothing that it was taken for."""
    show_objects(kit.review.reject(_item(kit, review_id)), as_json, title="Learnt")


@review.command()
@on_kit
def dismiss(
    kit: PeKit,
    review_id: Annotated[str | None, typer.Argument(help="the item's id; none for --all")] = None,
    everything: Annotated[bool, typer.Option("--all", help="all items")] = False,
) -> None:
    """Remove an item, or all, and learn nothing."""
    if (review_id is None) != everything:
        raise typer.BadParameter("give the id of one item, or say --all")
    if review_id is None:
        kit.review.clear()
    else:
        kit.review.dismiss(_item(kit, review_id))
    say("Removed.")


def kept_for_review(review_ids: Sequence[str], options: Sequence[str]) -> str:
    """Return a sentence about what was kept: how many, their ids, and how to decide.

    Args:
        review_ids: The ids of the items; one that was kept twice is one.
        options: What says which memory it is, as it is typed.
    """
    ids = list(dict.fromkeys(review_ids))
    if not ids:
        return "Nothing is doubtful: nothing was kept for review."
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    listing = shlex.join(("pekit", "review", "list", *options))
    return (
        f"Kept {counted(len(ids), 'doubtful match', 'doubtful matches')} for review: "
        f"{', '.join(ids[:_SHOWN])}{more}. `{listing}` shows what waits; decide with "
        "`pekit review confirm ID`, `reject ID` or `dismiss ID`."
    )


def _item(kit: PeKit, review_id: str) -> str:
    """Return the id of an item by its beginning."""
    return id_of(review_id, [item.review_id for item in kit.review.list()])


def _write(items: list[ReviewItem], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for item in items:
            if item.picture is not None:
                (folder / f"{item.review_id}.jpg").write_bytes(item.picture)
    except OSError as exc:
        raise InvalidInput(f"{folder} cannot be written to: {exc.strerror}") from exc
