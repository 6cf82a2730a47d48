"""``pekit ingest`` and ``pekit optimize``: many objects at once, and keeping the files small."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pekit_agents.cli.options import (
    DEFAULT_MEMORY,
    JsonOption,
    MemoryOption,
    ProfileOption,
    UserOption,
)
from pekit_agents.cli.output import err, print_json
from pekit_agents.cli.output import out as console
from pekit_agents.wording import counted

if TYPE_CHECKING:
    from pekit_agents.introduction.folders import IngestReport, Runner

__all__ = ["ingest", "optimize"]

_SHOWN = 20


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
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Remember a whole folder of photos; run again, it goes on where it stopped."""
    from pekit_agents.introduction.folders import find_jobs, read_metadata
    from pekit_agents.introduction.folders import ingest as run_ingest
    from pekit_agents.memory import Memory
    from pekit_agents.profiles import load_profile

    known = None if metadata is None else read_metadata(metadata)
    jobs = find_jobs(folder, category=category, metadata=known)
    encoder = load_profile(profile).encoder
    store = Memory.open(memory, user_id=user, encoder_id=encoder.id, dim=encoder.dim)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True) as progress:
        task = progress.add_task("remembering", total=len(jobs))
        report = run_ingest(
            store,
            jobs,
            profile,
            workers=workers,
            run=_runner(on_ray),
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
                "already": report.already,
                "skipped": [{"photo": str(path), "why": why} for path, why in report.skipped],
                "failed": [{"name": name, "why": why} for name, why in report.failed],
            }
        )
        return
    problems = [f"{path}: {why}" for path, why in report.skipped]
    problems += [f"{name} was not stored: {why}" for name, why in report.failed]
    for line in problems[:_SHOWN]:
        err.print(line, markup=False, highlight=False, soft_wrap=True)
    if len(problems) > _SHOWN:
        err.print(f"... and {len(problems) - _SHOWN} more; --json lists them all")
    views = sum(obj.n_views for obj in report.stored)
    console.print(
        f"Remembered {counted(len(report.stored), 'object')} with {counted(views, 'view')}; "
        f"{counted(report.already, 'was', 'were')} there already, {len(report.failed)} failed, "
        f"{counted(len(report.skipped), 'photo was', 'photos were')} skipped.",
        highlight=False,
        soft_wrap=True,
    )


def optimize(
    everybody: Annotated[bool, typer.Option("--all", help="of all users")] = False,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
) -> None:
    """Make the files small, and bring the index of a very large memory up to date."""
    from pekit_agents.memory.place.place import user_place, user_places
    from pekit_agents.memory.table import optimizing

    found = user_places(memory, "Optimizing memories") if everybody else [user_place(memory, user)]
    places = list(found)
    with Progress(console=err, transient=True) as progress:
        bar = progress.add_task("optimizing")
        done = optimizing.optimize(
            places, progress=lambda step, of: progress.update(bar, completed=step, total=of)
        )
    console.print(f"Optimized {counted(done, 'memory', 'memories')}.", highlight=False)
