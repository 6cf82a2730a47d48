"""The options that commands share, and opening a kit as they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

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
    "open_kit",
    "strict",
]

# Text and no path, which would take a slash of "s3://" away.
MemoryOption = Annotated[
    str,
    typer.Option(
        "--memory", "-m", envvar="PEKIT_MEMORY", help="directory of the memory, or an s3:// URI"
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
