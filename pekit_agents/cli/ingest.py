"""``pekit ingest`` and ``pekit optimize``: many objects at once, and keeping the files small."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pekit_agents.cli.options import (
    DEFAULT_MEMORY,
    JsonOption,
    KeepCropsOption,
    MemoryOption,
    ProfileOption,
    UserOption,
    limited,
    limits_given,
)
from pekit_agents.cli.output import err, print_json, say
from pekit_agents.cli.output import out as console
from pekit_agents.cli.references import require_folder, require_something
from pekit_agents.cli.terminal_words import terminal_words
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.introduction.folders import IngestReport
    from pekit_agents.introduction.jobs import Runner
    from pekit_agents.types import PersonalObject

__all__ = ["commands", "ingest", "optimize"]

commands = typer.Typer()

_SHOWN = 20


@commands.command()
@limited
def ingest(
    folder: Annotated[Path, typer.Argument(help="holds a folder of photos for each object")],
    category: Annotated[
        str, typer.Option("--category", "-c", help="of objects that the metadata do not name")
    ] = "object",
    metadata: Annotated[
        Path | None, typer.Option(help="CSV or JSON with name, category and context")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", "-w", min=1, help="processes")] = 1,
    on_ray: Annotated[
        bool, typer.Option("--ray", help="run them on Ray: RAY_ADDRESS, else this machine")
    ] = False,
    keep_crops: KeepCropsOption = False,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Remember a whole folder of photos; run again, it goes on and takes in what is new."""
    from pekit_agents.introduction.folders import find_jobs, read_metadata
    from pekit_agents.introduction.folders import ingest as run_ingest
    from pekit_agents.memory import Memory
    from pekit_agents.profiles import load_profile

    known = None if metadata is None else read_metadata(metadata)
    jobs = find_jobs(folder, category=category, metadata=known)
    encoder = load_profile(profile).encoder
    store = Memory.open(memory, user_id=user, encoder_id=encoder.id, dim=encoder.dim)
    # A folder may be called like markup.
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True) as progress:
        task = progress.add_task("remembering", total=len(jobs))
        report = run_ingest(
            store,
            jobs,
            profile,
            workers=workers,
            run=_runner(on_ray),
            keep_crops=keep_crops,
            limits=limits_given(),
            progress=lambda job: progress.update(task, advance=1, description=job.name),
        )
    _show(report, as_json)
    if report.failed:
        raise typer.Exit(1)


def _runner(on_ray: bool) -> Runner:
    if on_ray:
        from pekit_agents.introduction.ray_cluster import run_on_ray

        return run_on_ray
    from pekit_agents.introduction.folders import run_in_processes

    return run_in_processes


def _show(report: IngestReport, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "stored": [obj.to_dict() for obj in report.stored],
                "added": [obj.to_dict() for obj in report.added],
                "already": report.already,
                "views": report.views,
                "skipped": [{"photo": _utf8(path), "why": why} for path, why in report.skipped],
                "failed": [{"name": _utf8(name), "why": why} for name, why in report.failed],
            }
        )
        return
    _print_some([f"{name} was not stored: {why}" for name, why in report.failed], style="red")
    _print_some(_left_out(report.skipped))
    _print_some(_advice([*report.stored, *report.added]))
    say(
        f"Remembered {counted(len(report.stored), 'object')} and added photos to "
        f"{counted(len(report.added), 'object')} ({counted(report.views, 'view')}); "
        f"{report.already} were there already, {len(report.failed)} failed, "
        f"{counted(len(report.skipped), 'file')} left out."
    )


def _left_out(skipped: Sequence[tuple[Path, str]]) -> list[str]:
    """Return a line for each reason that files are left out, the rarest reasons first."""
    from pekit_agents.images.loading import describe_source

    by_reason: dict[str, list[Path]] = {}
    for path, why in skipped:
        by_reason.setdefault(why.removeprefix(f"{describe_source(path)}: "), []).append(path)
    lines = []
    for why, paths in sorted(by_reason.items(), key=lambda item: len(item[1])):
        more = f" and {counted(len(paths) - 1, 'other file')}" if len(paths) > 1 else ""
        lines.append(f"Left out {paths[0]}{more}: {why}")
    return lines


def _advice(objects: Sequence[PersonalObject]) -> list[str]:
    told = [(obj, each) for obj in objects for each in obj.advice]
    lines = [
        f"Advice on {obj.name}: {terminal_words(each.text)}."
        for obj, each in told
        if each.kind != "more"
    ]
    few = [(obj.name, each.text) for obj, each in told if each.kind == "more"]
    if few:
        more = f" and {counted(len(few) - 1, 'other object')}" if len(few) > 1 else ""
        lines.append(f"Advice on {few[0][0]}{more}: {few[0][1]}.")
    return lines


def _print_some(lines: Sequence[str], style: str | None = None) -> None:
    for line in lines[:_SHOWN]:
        # A name of a file may hold anything, also what moves a terminal's cursor.
        shown = "".join(char if char.isprintable() else "?" for char in line)
        err.print(shown, style=style, markup=False, highlight=False, soft_wrap=True)
    if len(lines) > _SHOWN:
        err.print(f"... and {len(lines) - _SHOWN} more; --json lists them all", highlight=False)


def _utf8(name: object) -> str:
    """Return a name as text; bytes that are no text come as escapes."""
    return str(name).encode(errors="backslashreplace").decode()


@commands.command()
def optimize(
    everybody: Annotated[bool, typer.Option("--all", help="of all users")] = False,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
) -> None:
    """Make the files small, update the index of a very large memory, and finish what was erased."""
    from pekit_agents.memory.place.forgetting import finish_forgotten_users
    from pekit_agents.memory.place.place import user_place, user_places
    from pekit_agents.memory.table import optimizing

    if everybody:
        places = list(user_places(memory, "Optimizing memories"))
        require_folder(memory)
        finish_forgotten_users(memory)
    else:
        require_something(memory, user)
        places = [user_place(memory, user)]
    with Progress(console=err, transient=True) as progress:
        bar = progress.add_task("optimizing")
        done = optimizing.optimize(
            places, progress=lambda step, of: progress.update(bar, completed=step, total=of)
        )
    console.print(f"Optimized {counted(done, 'memory', 'memories')}.", highlight=False)
