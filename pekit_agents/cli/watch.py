"""``pekit watch``: who comes and who goes before a camera."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pekit_agents.cli.find_video import EveryOption
from pekit_agents.cli.options import (
    DEFAULT_MEMORY,
    MemoryOption,
    ProfileOption,
    StrictnessOption,
    UserOption,
    open_filled_kit,
    strict,
)
from pekit_agents.cli.output import inform, say, shown
from pekit_agents.cli.stopping import stopped_like_ctrl_c
from pekit_agents.cli.webhook import Webhook
from pekit_agents.errors import InvalidInput
from pekit_agents.protocols import SearchMode

if TYPE_CHECKING:
    from pekit_agents.video.presence import Event

__all__ = ["commands"]

commands = typer.Typer()


@commands.command()
def watch(
    source: Annotated[
        str, typer.Argument(help="a camera: rtsp://..., http://..., /dev/video0; or a clip")
    ],
    gone_after: Annotated[
        float, typer.Option(min=0, help="seconds out of sight until something is gone")
    ] = 5.0,
    snapshots: Annotated[
        Path | None, typer.Option("--snapshot", help="folder for a picture of each event")
    ] = None,
    webhook: Annotated[
        str | None,
        typer.Option(envvar="PEKIT_WEBHOOK", help="post each event as JSON to this http(s) URL"),
    ] = None,
    webhook_header: Annotated[
        str,
        typer.Option(
            envvar="PEKIT_WEBHOOK_HEADER", help='to send along: "Authorization: Bearer ..."'
        ),
    ] = "",
    every: EveryOption = 0.2,
    mode: Annotated[
        SearchMode,
        typer.Option(case_sensitive=False, help="look once, close up as well, or as needed"),
    ] = "auto",
    strictness: StrictnessOption = None,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: Annotated[
        bool, typer.Option("--json", help="print a line of JSON for each event")
    ] = False,
) -> None:
    """Tell who comes and who goes before a camera, until you stop it."""
    from pekit_agents.video.presence import Hysteresis
    from pekit_agents.video.sources import name_of
    from pekit_agents.video.watching import watch as events_of

    kit = open_filled_kit(memory, user, profile)
    follow = partial(kit.follow_video, every=every, mode=mode, strictness=strict(strictness))
    with ExitStack() as stack:
        hook = None
        if webhook is not None:
            hook = stack.enter_context(closing(Webhook(webhook, webhook_header, tell=inform)))
        album = None if snapshots is None else _Album(snapshots)
        inform(f"Watching {name_of(source)}. Stop with Ctrl+C.")
        rules = Hysteresis(gone=gone_after)
        try:
            with (
                stopped_like_ctrl_c(),
                closing(events_of(follow, source, rules=rules, tell=inform)) as events,
            ):
                for event in events:
                    told = event.to_dict()
                    if album is not None:
                        told["snapshot"] = album.keep(event)
                    if hook is not None:
                        hook.post(told)
                    if as_json:
                        typer.echo(json.dumps(told, ensure_ascii=False))
                    else:
                        say(_line(event))
        except KeyboardInterrupt:
            inform("Stopped.")


def _line(event: Event) -> str:
    from pekit_agents.video.clock import clock

    when = clock(event.seconds) if event.at is None else f"{event.at.astimezone():%H:%M:%S}"
    return f"{when}  {event.name} {'appeared' if event.kind == 'appeared' else 'is gone'}"


class _Album:
    """A folder of pictures, for their owner's eyes.

    Raises:
        InvalidInput: It cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        from pekit_agents.files import private_folder

        self._folder, self._count = folder, 0
        try:
            private_folder(folder)
        except OSError as exc:
            raise InvalidInput(f"{shown(folder)} cannot be made: {exc.strerror}") from exc

    def keep(self, event: Event) -> str | None:
        """Write the picture of an event and return where it is; None where there is none."""
        from pekit_agents.files import atomic_write
        from pekit_agents.video.watching import snapshot

        picture = snapshot(event)
        if picture is None:
            return None
        when = f"{event.seconds:09.1f}s" if event.at is None else f"{event.at:%Y%m%dT%H%M%S.%fZ}"
        name = re.sub(r"[^\w-]+", "-", event.name)[:40]
        path = self._folder / f"{when}-{event.kind}-{name}.jpg"
        try:
            with atomic_write(path, shared=False) as file:
                picture.save(file, "JPEG", quality=90)
        except OSError as exc:
            inform(f"{shown(path)} cannot be written: {exc.strerror or exc}")
            return None
        return str(path)
