"""``pekit forget``: an object, or everything of a user, for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pekit_agents.cli.options import (
    DEFAULT_MEMORY,
    JsonOption,
    MemoryOption,
    ProfileOption,
    UserOption,
    YesOption,
    open_kit,
)
from pekit_agents.cli.output import print_json, say
from pekit_agents.cli.references import nothing_in, object_of, require_something
from pekit_agents.errors import InvalidInput, ObjectNotFound
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.types import PersonalObject

__all__ = ["commands"]

commands = typer.Typer()


@commands.command()
def forget(
    name: Annotated[str | None, typer.Argument(help="the object's name or id")] = None,
    everything: Annotated[bool, typer.Option("--all", help="everything of the user")] = False,
    yes: YesOption = False,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Forget an object for good, or everything."""
    if (name is None) != everything:
        raise typer.BadParameter("name one object, or say --all")
    if name is None:
        _forget_everything(memory, user, yes, as_json)
        return
    require_something(memory, user)
    kit = open_kit(memory, user, profile)
    obj = _finished(kit, name)
    if obj is None:
        if not kit.objects():
            raise InvalidInput(nothing_in(memory, user))
        obj = object_of(kit, name)
        if not yes:
            views = counted(obj.n_views, "view")
            typer.confirm(f"Forget {obj.name} and its {views} for good?", abort=True)
        kit.forget(obj.object_id)
    if as_json:
        print_json({"forgotten": obj.to_dict()})
        return
    say(f"Forgot {obj.name}.")


def _finished(kit: PeKit, name: str) -> PersonalObject | None:
    """Return what was forgotten already and is erased now; None if the name is of nothing such."""
    try:
        kit.get(name)
    except ObjectNotFound:
        try:
            return kit.forget(name)
        except ObjectNotFound:
            return None
    return None


def _forget_everything(memory: str, user: str, yes: bool, as_json: bool) -> None:
    """Without a profile, so that a memory can be forgotten that cannot be opened."""
    from pekit_agents.memory import forget_user
    from pekit_agents.memory.place.place import user_place

    user_place(memory, user)  # refuses what cannot be one, before it asks
    if not yes:
        question = f"Forget everything in {memory} for user {user!r} for good?"
        typer.confirm(question, abort=True)
    forgotten = forget_user(memory, user)
    if as_json:
        print_json({"forgotten": forgotten})
        return
    found = "Forgot everything" if forgotten else "There was nothing to forget"
    say(f"{found} in {memory} for user {user!r}.")
