"""The command ``speed``: time and memory of this build, beside another."""

from __future__ import annotations

import json
import os
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from pekit_agents.errors import InvalidInput

if TYPE_CHECKING:
    from benchmarks.speed.table import Row

__all__ = ["speed"]

_out, _err = Console(), Console(stderr=True)
_WIDTH = 140  # of a table in a file
_VERDICTS = {True: "pass", False: "FAIL", None: "-"}


class Work(StrEnum):
    """What can be measured by itself."""

    REMEMBER = "remember"
    SIMPLE = "simple"
    SCENE = "scene"
    CROWD = "crowd"
    FOLDER = "folder"
    LIST = "list"
    FIND = "find"
    RAM = "ram"
    USERS = "users"


def speed(
    against: Annotated[
        str | None,
        typer.Option(
            help="another build: a checkout (run by its .venv, or else by this environment), a "
            "Python that has it installed, or a version to install; without one this build alone"
        ),
    ] = None,
    photos: Annotated[
        Path | None,
        typer.Option(help="a folder of folders of photos, one for each thing; else the demo's"),
    ] = None,
    rows: Annotated[list[Work] | None, typer.Option(help="these only; repeatable")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="builds take turns in each")] = 5,
    folder_photos: Annotated[int, typer.Option(min=2, help="photos of the folder")] = 1000,
    quick: Annotated[bool, typer.Option("--quick", help="minutes: does it run at all?")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for machines")] = False,
) -> None:
    """Measure time and memory, beside another build; exit code 1 if a row misses its target."""
    from benchmarks.memory.process import machine
    from benchmarks.speed.builds import other_build, this_build
    from benchmarks.speed.photos import Sizes, demo_photos, photos_of_things, written_photos
    from benchmarks.speed.rounds import Comparison
    from benchmarks.speed.table import speed_rows

    if not hasattr(os, "wait4"):
        raise InvalidInput("expected a system that tells what processes took, such as Linux")
    sizes, rounds = (Sizes.quick(), 1) if quick else (Sizes(folder=folder_photos), rounds)
    given = demo_photos() if photos is None else photos_of_things(photos)
    where = machine()
    with tempfile.TemporaryDirectory(prefix="pekit-speed-") as root:
        folder = Path(root)
        builds = [this_build(folder / "this")]
        if against is not None:
            builds.append(other_build(against, folder / "other"))
        _tell("photos")
        (folder / "photos").mkdir()
        written = written_photos(given, sizes, folder / "photos")
        comparison = Comparison(builds, given, written, sizes, folder, _tell)
        figures = comparison.figures([each.value for each in rows or Work], rounds)
    counts = sizes.folder, sizes.users, sizes.scenes_in_ram, sizes.crowd
    table = list(speed_rows(figures, *counts, judged=not quick))
    names = [build.name for build in builds]
    if as_json:
        report = {"machine": where, "builds": names, "rounds": rounds}
        typer.echo(json.dumps({**report, "rows": [row.to_dict() for row in table]}, indent=2))
    else:
        _show(table, names, f"{where}; {rounds} rounds")
    if any(row.passed is False for row in table):
        raise typer.Exit(1)


def _tell(words: str) -> None:
    _err.print(words, markup=False, highlight=False)


def _show(rows: list[Row], names: list[str], where: str) -> None:
    table = Table(title="Speed", caption=where)
    for column in ("work", "measure", names[0], *(names[1:] or ["beside"])):
        table.add_column(column, justify="left" if column in ("work", "measure") else "right")
    for column in ("ratio", "target", "verdict"):
        table.add_column(column, justify="right")
    before = None
    for row in rows:
        target = "" if row.target is None else f"{'>=' if row.more else '<='} {row.target:g}"
        table.add_row(
            row.work if row.work != before else "",
            row.measure,
            *("" if each is None else f"{each:.3g}" for each in (row.here, row.other, row.ratio)),
            target,
            _VERDICTS[row.passed],
        )
        before = row.work
    _out.print(table, width=None if _out.is_terminal else _WIDTH)
