"""The command ``targets``: recognition against its targets, in one table."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from pekit_agents.cli.evaluation.options import (
    CacheOption,
    DataArgument,
    ForceOption,
    LayoutOption,
    OutOption,
    default_out,
    photos_of,
)
from pekit_agents.cli.evaluation.output import advancing, between
from pekit_agents.cli.options import JsonOption
from pekit_agents.cli.output import out as console
from pekit_agents.cli.output import plain, print_json, say

if TYPE_CHECKING:
    from benchmarks.recognition.targets import Row

__all__ = ["targets"]


def targets(
    data: DataArgument,
    look_alikes: Annotated[
        Path | None, typer.Option(help="data set of things that are taken for each other")
    ] = None,
    backgrounds: Annotated[
        Path | None, typer.Option(help="photos without any of the things, to compose scenes on")
    ] = None,
    more: Annotated[
        list[Path] | None, typer.Option(help="further data sets of things to calibrate on")
    ] = None,
    statistics: Annotated[
        list[Path] | None, typer.Option(help="photos of anything else, for statistics")
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="random draws of things and references")] = 5,
    scene_draws: Annotated[
        int | None,
        typer.Option(min=1, help="draws of scenes and look-alikes (default: as many)"),
    ] = None,
    seed: Annotated[int, typer.Option(help="of the first draw; the next add one each")] = 0,
    count: Annotated[int, typer.Option(min=1, help="scenes for each draw")] = 20,
    held_out: Annotated[
        bool,
        typer.Option(
            "--held-out/--as-shipped",
            help="calibrate on things that are not measured, or take the calibration that ships",
        ),
    ] = True,
    layout: LayoutOption = "auto",
    out: OutOption = None,
    cache: CacheOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Measure the embedded profile against its targets, beside a fixed cosine."""
    from benchmarks.recognition.targets import MISTAKES, measure, rows
    from pekit_agents.evaluation.bench import Bench, default_cache
    from pekit_agents.evaluation.datasets import load_dataset

    dataset = load_dataset(data, layout)
    folder = out or default_out(dataset, "targets")
    bench = Bench(
        dataset,
        seeds=range(seed, seed + draws),
        held_out=held_out,
        more=[load_dataset(each) for each in more or []],
        statistics=[p for each in statistics or [] for p in photos_of("--statistics", each)],
        cache=cache or default_cache(),
        force=force,
    )
    with advancing() as step:
        runs = measure(
            replace(bench, progress=step),
            folder,
            look_alikes=None if look_alikes is None else load_dataset(look_alikes),
            backgrounds=() if backgrounds is None else photos_of("--backgrounds", backgrounds),
            count=count,
            scene_seeds=None if scene_draws is None else range(seed, seed + scene_draws),
        )
    table = rows(runs)
    if as_json:
        print_json({"folder": str(folder), "rows": [_as_json(row) for row in table]})
        return
    title = f"{dataset.name}: {draws} draws"
    if scene_draws not in (None, draws):
        title += f", {scene_draws} of scenes and look-alikes"
    console.print(_table(table, title))
    say(f"Reports: {', '.join(str(folder / part / 'report.html') for part in runs)}")
    say(f"The worst mistakes of each: {MISTAKES} beside its report")


def _table(rows: list[Row], title: str) -> Table:
    table = Table(
        title=f"{title}, 95 % intervals over things", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    table.add_column("measure", overflow="fold")
    for heading in ("target", "found", "verdict", "cosine"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        target = row.target
        cosine = "" if row.cosine is None else between(replace(row.cosine, interval=None), 1, 3)
        table.add_row(
            plain(target.title),
            f"{'<=' if target.lower else '>='} {target.reach:g}",
            between(row.reached, 1, 3),
            row.verdict,
            cosine,
        )
    return table


def _as_json(row: Row) -> dict[str, object]:
    return {**asdict(row), "verdict": row.verdict}
