"""``pekit find-video``: when one's own things are in a clip, and where."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pekit_agents.cli.clip_files import ClipFiles, TimelineFile
from pekit_agents.cli.options import (
    DEFAULT_MEMORY,
    ForceOption,
    JsonOption,
    MemoryOption,
    ProfileOption,
    StrictnessOption,
    UserOption,
    open_filled_kit,
    strict,
)
from pekit_agents.cli.output import complain, err, inform, out, plain, say, shown
from pekit_agents.cli.stopping import stopped_like_ctrl_c
from pekit_agents.errors import ClipError
from pekit_agents.protocols import SearchMode
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pekit_agents.video.timeline import Sighting, Timeline

__all__ = ["EveryOption", "commands"]

commands = typer.Typer()

EveryOption = Annotated[
    float, typer.Option("--every", min=0.01, help="seconds between frames that are looked at")
]
_INTERRUPTED = 130


@commands.command("find-video")
def find_video(
    clip: Annotated[Path, typer.Argument(metavar="CLIP", help="a film: MP4, MOV, MKV, WebM, ...")],
    every: EveryOption = 0.2,
    start: Annotated[float, typer.Option(min=0, help="seconds, from where on")] = 0.0,
    end: Annotated[float | None, typer.Option(min=0, help="seconds, up to where")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="one picture of all that was found (.png, .jpg)")
    ] = None,
    annotated: Annotated[
        Path | None, typer.Option(help="the clip with boxes and names (.mp4), without its sound")
    ] = None,
    vtt: Annotated[Path | None, typer.Option(help="chapters for players (.vtt)")] = None,
    csv: Annotated[Path | None, typer.Option(help="a table for spreadsheets (.csv)")] = None,
    timeline: Annotated[
        Path | None,
        typer.Option(help="keep what is found in this file (.json), and go on from it"),
    ] = None,
    mode: Annotated[
        SearchMode,
        typer.Option(case_sensitive=False, help="look once, close up as well, or as needed"),
    ] = "auto",
    strictness: StrictnessOption = None,
    force: ForceOption = False,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Find when your objects are in a clip, and where."""
    if not clip.is_file():
        raise ClipError(f"{shown(clip)}: expected a clip, found no file; check the path")
    given = {"sheet": sheet, "annotated": annotated, "vtt": vtt, "csv": csv}
    wanted = {name: path for name, path in given.items() if path}
    files = ClipFiles(clip, wanted, force, start, end)
    stored = None if timeline is None else TimelineFile(timeline, clip)
    earlier = None if stored is None else stored.load()
    kit = open_filled_kit(memory, user, profile)
    found, stopped = earlier, False
    with stopped_like_ctrl_c(), _seconds_done(clip, end) as step:
        updates = kit.follow_video(
            clip,
            every=every,
            start=start,
            end=end,
            mode=mode,
            strictness=strict(strictness),
            history=None,
            resume=earlier,
        )
        try:
            with closing(updates):
                for update in updates:
                    found = update.timeline
                    step(update.time)
        except KeyboardInterrupt:
            stopped = True
        finally:
            if stored is not None and found is not None and found is not earlier:
                stored.save(found)
    if found is not None:
        _show(found, as_json)
        if stored is None or not stopped:
            files.write(found, annotated=not stopped)
    if stopped:
        inform(_how_to_go_on(found, stored))
        raise typer.Exit(_INTERRUPTED)
    if found is not None and found.damage:
        for what in found.damage:
            complain(f"{shown(clip)}: {what}")
        raise typer.Exit(1)


def _how_to_go_on(found: Timeline | None, stored: TimelineFile | None) -> str:
    from pekit_agents.video.clock import clock

    if found is None:
        return "Stopped before anything was searched."
    at = f"Stopped at {clock(found.until)}."
    if stored is not None:
        return f"{at} {shlex.quote(shown(stored.path))} holds it: the same command goes on."
    return f"{at} Go on with --start {found.until:g}; with --timeline FILE it is kept."


def _show(timeline: Timeline, as_json: bool) -> None:
    from pekit_agents.video.chapters import to_json
    from pekit_agents.video.clock import clock

    if as_json:
        typer.echo(to_json(timeline), nl=False)
        return
    if timeline.named:
        out.print(_table("Found", timeline.named))
    if timeline.possible:
        out.print(_table("Possible", timeline.possible))
    searched = counted(timeline.searched, "frame")
    nothing = "" if timeline.sightings else "None of your objects. "
    say(f"{nothing}Searched {searched} until {clock(timeline.until)}.")


def _table(title: str, sightings: Sequence[Sighting]) -> Table:
    from pekit_agents.prompting.match_text import answer_of, chances_of
    from pekit_agents.video.clock import from_to

    table = Table(title=title)
    for column in ("when", "answer", "category", "how sure"):
        table.add_column(column, justify="right" if column == "how sure" else "left")
    for each in sightings:
        match = each.match()
        kinds = " or ".join(dict.fromkeys(obj.category for obj in match.candidates))
        sure = chances_of(match) or f"{match.score:.2f}"
        table.add_row(from_to(each), plain(answer_of(match)), plain(kinds), sure)
    return table


@contextmanager
def _seconds_done(clip: Path, end: float | None) -> Iterator[Callable[[float], None]]:
    """Show a bar of the clip's seconds with the time left; yields what advances it."""
    from pekit_agents.video.clock import clock
    from pekit_agents.video.decoding import searched_until

    total = searched_until(clip, end)
    whole = "" if total is None else f" of {clock(total)}"
    columns: list[Any] = [TextColumn("searching"), BarColumn(), TextColumn("{task.description}")]
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda time: progress.update(
            task, completed=time, description=f"{clock(time)}{whole}"
        )
