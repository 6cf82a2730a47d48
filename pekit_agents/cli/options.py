"""The options that commands share, and opening a kit as they say."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, cast, get_type_hints

import typer

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.kit import PeKit


__all__ = [
    "DEFAULT_MEMORY",
    "ForceOption",
    "JsonOption",
    "KeepCropsOption",
    "MemoryOption",
    "ProfileOption",
    "StrictnessOption",
    "UserOption",
    "YesOption",
    "on_kit",
    "open_kit",
    "strict",
]

# Text and no path, which would take a slash of "s3://" away.
MemoryOption = Annotated[
    str,
    typer.Option(
        "--memory",
        "-m",
        envvar="PEKIT_MEMORY",
        help="directory of the memory, or an s3:// or db:// URI",
    ),
]
UserOption = Annotated[str, typer.Option("--user", "-u", envvar="PEKIT_USER", help="whose memory")]
ProfileOption = Annotated[
    str, typer.Option("--profile", "-p", envvar="PEKIT_PROFILE", help="which vision tools")
]
KeepCropsOption = Annotated[
    bool,
    typer.Option("--keep-crops", envvar="PEKIT_KEEP_CROPS", help="store a small picture, too"),
]
StrictnessOption = Annotated[
    str | None,
    typer.Option(help="recall, balanced, precision, or false alarms to bear in a photo (0-1)"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON for machines")]
ForceOption = Annotated[bool, typer.Option("--force", help="replace a file that is there")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="do not ask")]

DEFAULT_MEMORY = "pekit-memory"


def strict(text: str | None) -> Strictness | None:
    """Return a word as it is and a number as a rate."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return cast("Strictness", text)


def open_kit(memory: str, user: str, profile: str, *, keep_crops: bool = False) -> PeKit:
    """Open a user's kit."""
    from pekit_agents.kit import PeKit

    return PeKit.open(memory, profile=profile, user_id=user, keep_crops=keep_crops)


def on_kit(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say whose memory it works on, with which profile.

    Args:
        command: Its first parameter gets the kit, opened as they say.
    """

    def run(
        *,
        memory: MemoryOption = DEFAULT_MEMORY,
        user: UserOption = "default",
        profile: ProfileOption = "embedded",
        **given: Any,
    ) -> None:
        command(open_kit(memory, user, profile), **given)

    _, *own = _parameters(command)
    *added, _ = _parameters(run)
    wrapped = wraps(command)(run)
    # What Typer makes options of; the kit is not on the command line.
    every = [parameter.replace(kind=parameter.KEYWORD_ONLY) for parameter in (*own, *added)]
    vars(wrapped)["__signature__"] = inspect.Signature(every)
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in every}
    return wrapped


def _parameters(function: Callable[..., None]) -> list[inspect.Parameter]:
    hints = get_type_hints(function, localns={"PeKit": object}, include_extras=True)
    parameters = inspect.signature(function).parameters.values()
    return [parameter.replace(annotation=hints[parameter.name]) for parameter in parameters]
