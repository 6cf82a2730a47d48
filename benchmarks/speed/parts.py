"""The command ``parts``: of what the time of a cold search and the RAM of a process are made.

It tells what bounds a row of ``speed``: which share of it is the model's, and which the packages'.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

__all__ = ["parts"]

_out = Console()


def parts(
    photos: Annotated[
        Path | None,
        typer.Option(help="a folder of folders of photos, one for each thing; else the demo's"),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="processes, of which the median counts")] = 5,
    scenes: Annotated[int, typer.Option(min=1, help="collages that are searched")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for machines")] = False,
) -> None:
    """Measure the parts of a cold search and of the RAM of a process."""
    from dataclasses import replace
    from statistics import median

    from benchmarks.memory.process import machine
    from benchmarks.speed.builds import this_build
    from benchmarks.speed.photos import Sizes, demo_photos, photos_of_things, written_photos

    given = demo_photos() if photos is None else photos_of_things(photos)
    where = machine()
    with tempfile.TemporaryDirectory(prefix="pekit-parts-") as root:
        folder = Path(root)
        build = this_build(folder / "this")
        (folder / "photos").mkdir()
        sizes = replace(Sizes.quick(), scenes=scenes, scenes_in_ram=scenes)
        written = written_photos(given, sizes, folder / "photos")
        things = [
            {"name": each.name, "category": each.category, "photo": each.reference, "users": ["a"]}
            for each in given.remembered
        ]
        build.run("prepare", memory=folder / "memory", things=things)
        task: dict[str, Any] = {"memory": folder / "memory", "photo": written.simple[0][1]}
        task |= {"scenes": written.scenes[:scenes]}
        found = [build.run("stages", **task) for _ in range(rounds)]
    figures = {
        stage: {of: median(each[stage][of] for each in found) for of in found[0][stage]}
        for stage in found[0]
    }
    if as_json:
        typer.echo(json.dumps({"machine": where, "rounds": rounds, "stages": figures}, indent=2))
        return
    table = Table(title="Parts of a cold search", caption=f"{where}; {rounds} processes")
    for column in ("stage", "processor time, s", "RAM afterwards, MB"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    for stage, each in figures.items():
        table.add_row(stage, f"{each['cpu']:.2f}", f"{each['MB']:.0f}")
    _out.print(table)
