"""The options that commands share, and opening a kit as they say."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from pekit_agents.cli.references import nothing_in, require_something
from pekit_agents.cli.signatures import parameters_of, with_parameters
from pekit_agents.errors import InvalidInput

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.images.limits import ImageLimits
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.types import PersonalObject

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
    "limited",
    "limits_given",
    "memory_options",
    "on_filled_kit",
    "on_kit",
    "open_filled_kit",
    "open_kit",
    "remembered_objects",
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
    typer.Option(help="recall, balanced, precision, or the share of look-alikes to name (0-1)"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON for machines")]
ForceOption = Annotated[bool, typer.Option("--force", help="replace a file that is there")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="do not ask")]

MegapixelsOption = Annotated[
    float | None,
    typer.Option(
        "--max-megapixels",
        min=0.0001,
        envvar="PEKIT_MAX_MEGAPIXELS",
        help="refuse larger photos; 200 when not given. Formats other than JPEG take 5 MB of RAM "
        "for each",
    ),
]
MegabytesOption = Annotated[
    float | None,
    typer.Option(
        "--max-megabytes",
        min=0.0001,
        envvar="PEKIT_MAX_MEGABYTES",
        help="refuse larger files; 52 when not given",
    ),
]

DEFAULT_MEMORY = "pekit-memory"

_REMEDIES = {"max_bytes": "raise --max-megabytes", "max_pixels": "raise --max-megapixels"}
_limits: ContextVar[tuple[float | None, float | None]] = ContextVar("limits", default=(None, None))


def strict(text: str | None) -> Strictness | None:
    """Return a word as it is and a number as a rate."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return cast("Strictness", text.strip().casefold())


def memory_options(memory: str, user: str, profile: str) -> list[str]:
    """Return the options that a command needs to work on the same memory, as they are typed."""
    given = (("-m", memory, DEFAULT_MEMORY), ("-u", user, "default"), ("-p", profile, "embedded"))
    return [word for option, value, usual in given if value != usual for word in (option, value)]


def open_kit(memory: str, user: str, profile: str, *, keep_crops: bool = False) -> PeKit:
    """Open a user's kit."""
    from pekit_agents.kit.kit import PeKit

    return PeKit.open(
        memory, profile=profile, user_id=user, keep_crops=keep_crops, limits=limits_given()
    )


def remembered_objects(memory: str, user: str, profile: str) -> list[PersonalObject]:
    """Return everything remembered, the oldest first; to read this, no kit has to be loaded."""
    from pekit_agents.memory.memory import Memory
    from pekit_agents.profiles import load_profile

    encoder = load_profile(profile).encoder
    opened = Memory.open(memory, user_id=user, encoder_id=encoder.id, dim=encoder.dim)
    return list(opened.objects())


def limits_given() -> ImageLimits:
    """Return what a photo may weigh by the options of the command that runs.

    Raises:
        InvalidInput: A limit lets nothing pass.
    """
    from pekit_agents.images.limits import DEFAULT_LIMITS, ImageLimits

    megapixels, megabytes = _limits.get()
    size, pixels, side = (getattr(DEFAULT_LIMITS, f"max_{x}") for x in ("bytes", "pixels", "side"))
    if megabytes is not None:
        size = int(megabytes * 1e6)
    if megapixels is not None:
        pixels = int(megapixels * 1e6)
        side = max(side, pixels)  # who asks for more pixels has a panorama, too
    return ImageLimits(size, pixels, side, remedies=_REMEDIES)


def limited(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say what a photo may weigh; the kit that it opens knows.

    Args:
        command: Opens its kit with :func:`open_kit` or asks for :func:`limits_given`.
    """

    def run(
        *,
        max_megapixels: MegapixelsOption = None,
        max_megabytes: MegabytesOption = None,
        **given: Any,
    ) -> None:
        before = _limits.set((max_megapixels, max_megabytes))
        try:
            command(**given)
        finally:
            _limits.reset(before)

    *added, _ = parameters_of(run)
    return with_parameters(wraps(command)(run), [*parameters_of(command), *added])


def open_filled_kit(memory: str, user: str, profile: str, *, keep_crops: bool = False) -> PeKit:
    """Open a user's kit to look for something in it.

    Raises:
        InvalidInput: Nothing is remembered there; the message says what may be meant.
    """
    require_something(memory, user)
    kit = open_kit(memory, user, profile, keep_crops=keep_crops)
    if not kit.objects():
        raise InvalidInput(nothing_in(memory, user))
    return kit


def on_filled_kit(command: Callable[..., None]) -> Callable[..., None]:
    """Do as :func:`on_kit`, and refuse a memory in which nothing is remembered."""
    return on_kit(command, opened=open_filled_kit)


def on_kit(
    command: Callable[..., None], *, opened: Callable[[str, str, str], PeKit] = open_kit
) -> Callable[..., None]:
    """Give a command the options that say whose memory it works on, with which profile.

    Args:
        command: Its first parameter gets the kit, opened as they say.
        opened: Opens it, by memory, user and profile.
    """

    def run(
        *,
        memory: MemoryOption = DEFAULT_MEMORY,
        user: UserOption = "default",
        profile: ProfileOption = "embedded",
        **given: Any,
    ) -> None:
        command(opened(memory, user, profile), **given)

    _, *own = parameters_of(command)
    *added, _ = parameters_of(run)
    # The kit is not on the command line.
    return with_parameters(wraps(command)(run), [*own, *added])
