"""What ``pekit eval`` shows: how far it is, and a table to choose from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pekit_agents.cli.output import err, out, plain, print_json, say
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.evaluation.corrected import Effect
    from pekit_agents.evaluation.cost import Cost
    from pekit_agents.evaluation.metrics.bootstrap import Difference, Estimate
    from pekit_agents.evaluation.metrics.summary import Summary
    from pekit_agents.evaluation.records import Run
    from pekit_agents.evaluation.runs.running import Progress as Step

__all__ = ["advancing", "between", "show_cost", "show_run"]

# Short, for a terminal of 80 columns; the report has all measures under their full names.
_COLUMNS = {"weighted": "weighted", "precision": "precision"}
_OPEN = {"top1": "right first", "alarm_share": "false alarms"}


@contextmanager
def advancing() -> Iterator[Step]:
    """Show a bar with counts and the time left on standard error, one stage after another."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        tasks: dict[str, Any] = {}

        def step(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                for other in tasks.values():
                    progress.update(other, visible=False)
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(tasks[stage], completed=done, total=total, visible=True)

        yield step


def show_run(
    run: Run,
    *,
    as_json: bool,
    folder: Path,
    report: Sequence[Path],
    cache: tuple[Path, int],
    unseen: Sequence[Path],
    effects: Sequence[Effect] = (),
) -> None:
    """Print what was measured, what to choose and where the report is.

    Args:
        run: What was measured.
        as_json: Whether to print JSON instead.
        folder: Where the run is.
        report: The files of the report, the one to open first.
        cache: The folder of the features and its size in bytes.
        unseen: Reference photos in which no object was found.
        effects: What corrections changed.
    """
    from pekit_agents.evaluation.metrics.summary import summarise
    from pekit_agents.evaluation.report import BUDGET
    from pekit_agents.evaluation.report.choosing import choose
    from pekit_agents.evaluation.report.verdict import verdict

    summaries = summarise(run.draws)
    advice = verdict(run, choose(summaries, BUDGET), summaries)
    if as_json:
        print_json(
            {
                "run": str(folder),
                "report": [str(path) for path in report],
                "cache": {"folder": str(cache[0]), "bytes": cache[1]},
                "references_without_object": [str(path) for path in unseen],
                "advice": list(advice),
                "configurations": [_as_json(summary) for summary in summaries],
                "effects": [asdict(effect) for effect in effects],
                "seconds": round(run.seconds, 1),
            }
        )
        return
    out.print(_table(run, summaries))
    if effects:
        out.print(_effects(effects))
    for paragraph in advice[:-1]:  # the last one introduces the report's pictures
        say(paragraph)
    if unseen:
        names = ", ".join(path.name for path in unseen[:5])
        say(f"No object was found in {len(unseen)} reference photos, which were left out: {names}")
    say(f"Report: {report[0]}")
    say(f"Run: {folder}, {run.seconds:.0f} s. Features: {cache[0]}, {cache[1] / 1e6:.0f} MB.")


def show_cost(cost: Cost, *, as_json: bool, file: Path) -> None:
    """Print what each stage costs."""
    from pekit_agents.evaluation.cost import STAGES

    if as_json:
        print_json({**cost.to_dict(), "file": str(file)})
        return
    title = (
        f"{cost.profile}, mode {cost.mode}: {counted(cost.photos, 'photo')}, "
        f"{cost.regions:g} regions each, {counted(cost.objects, 'object')} remembered"
    )
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("stage", no_wrap=True)
    for column in ("median", "slowest", "forwards", "peak memory"):
        table.add_column(column, justify="right")
    table.add_column("paper")
    for stage in cost.stages:
        table.add_row(
            stage.stage,
            f"{1000 * stage.seconds:.1f} ms",
            f"{1000 * stage.slowest:.1f} ms",
            f"{stage.forwards:.2f}",
            "" if stage.peak_mb is None else f"{stage.peak_mb:.0f} MB",
            STAGES[stage.stage],
        )
    out.print(table)
    say(f"File: {file}")


def _table(run: Run, summaries: Sequence[Summary]) -> Table:
    """Return a row for each configuration; its open-set draws are columns of the same row."""
    from pekit_agents.evaluation.protocols.recognition import HALF

    halves = {_who(s): s for s in summaries if s.configuration.condition == HALF}
    rows = [s for s in summaries if s.configuration.condition != HALF] or list(summaries)
    title = f"{run.dataset}: {run.protocol}, in %, mean ± sd over draws"
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("configuration", overflow="fold")
    for heading in _COLUMNS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in _OPEN.values():
        text = f"{HALF}:\n{heading}" if halves else heading
        table.add_column(text, justify="right", no_wrap=True)
    for row in rows:
        opened = halves.get(_who(row), row)
        cells = [_cell(row, key) for key in _COLUMNS] + [_cell(opened, key) for key in _OPEN]
        table.add_row(plain(row.configuration.label), *cells)
    return table


def _effects(effects: Sequence[Effect]) -> Table:
    title = "What corrections changed, in %, with 95 % intervals over things"
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("share", overflow="fold")
    for heading in ("before", "after", "change"):
        table.add_column(heading, justify="right", no_wrap=True)
    for effect in effects:
        sides = (effect.before, effect.after, effect.change)
        table.add_row(effect.title, *(between(side) for side in sides))
    return table


def between(side: Estimate | Difference, factor: float = 100, digits: int = 1) -> str:
    """Return a figure with its interval: "93.5 [88.9, 98.1]"; nothing where there is none."""
    if side.mean is None:
        return ""
    ends = side.interval or ()
    shown = [f"{factor * value:.{digits}f}" for value in (side.mean, *ends)]
    return shown[0] if len(shown) == 1 else f"{shown[0]} [{shown[1]}, {shown[2]}]"


def _who(summary: Summary) -> tuple[str, int]:
    return summary.configuration.recognizer, summary.configuration.refs


def _cell(summary: Summary, key: str) -> str:
    estimate = summary.estimates[key]
    if estimate.mean is None:
        return ""
    spread = "" if estimate.sd is None else f" ±{100 * estimate.sd:.1f}"
    return f"{100 * estimate.mean:.1f}{spread}"


def _as_json(summary: Summary) -> dict[str, Any]:
    configuration = summary.configuration
    return {
        "recognizer": configuration.recognizer,
        "refs": configuration.refs,
        "condition": configuration.condition,
        "things": summary.things,
        "draws": len(summary.draws),
        "measures": {
            key: {"mean": estimate.mean, "sd": estimate.sd, "interval": estimate.interval}
            for key, estimate in summary.estimates.items()
        },
    }
