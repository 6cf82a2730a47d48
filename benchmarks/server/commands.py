"""The commands ``server`` and ``server hostile``: what a server bears."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from benchmarks.server.load import Line

__all__ = ["server"]

server = typer.Typer(invoke_without_command=True, pretty_exceptions_enable=False)
_out, _err = Console(), Console(stderr=True)
_VERDICTS = {True: "pass", False: "FAIL", None: ""}
_QUICK_USERS, _QUICK_SECONDS = 6, 4.0


@server.callback()
def load(
    ctx: typer.Context,
    users: Annotated[int, typer.Option(min=4, help="at once")] = 50,
    minutes: Annotated[float, typer.Option(min=0.1, help="how long they use it")] = 10.0,
    quick: Annotated[bool, typer.Option("--quick", help="a few seconds: does it run?")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for machines")] = False,
) -> None:
    """Measure a real server under many users; exit code 1 if it misses a target."""
    if ctx.invoked_subcommand is not None:
        return
    from benchmarks.memory.process import machine
    from benchmarks.server.load import measured

    where, seconds = machine(), minutes * 60
    if quick:
        users, seconds = min(users, _QUICK_USERS), _QUICK_SECONDS
    with tempfile.TemporaryDirectory(prefix="pekit-load-") as folder:
        lines, errors = measured(Path(folder), users, seconds, judged=not quick)
    if as_json:
        told = {"machine": where, "seconds": seconds, "lines": [each.to_dict() for each in lines]}
        typer.echo(json.dumps({**told, "errors": errors}, indent=2))
    else:
        _show(lines, f"{where}; {seconds:g} s")
        _err.print(errors, markup=False, highlight=False)
    if any(line.passed is False for line in lines):
        raise typer.Exit(1)


@server.command()
def hostile(
    calls: Annotated[int, typer.Option(min=1, help="how many")] = 5000,
    seed: Annotated[int, typer.Option(help="what is drawn")] = 0,
) -> None:
    """Attack a server with what it offers; exit code 1 if anything comes through."""
    from benchmarks.server.hostile import attack

    with tempfile.TemporaryDirectory(prefix="pekit-hostile-") as folder:
        report = asyncio.run(attack(Path(folder), calls, seed))
    statuses = ", ".join(f"{count} x {status}" for status, count in report.statuses.most_common())
    _out.print(f"{report.calls} calls: {statuses}", highlight=False)
    for fault in report.faults:
        _out.print(fault, markup=False, highlight=False)
    _out.print(f"{len(report.faults)} came through")
    if report.faults:
        raise typer.Exit(1)


def _show(lines: list[Line], where: str) -> None:
    table = Table(title="A server", caption=where)
    table.add_column("measure")
    for column in ("value", "at most", "verdict"):
        table.add_column(column, justify="right")
    for line in lines:
        most = "" if line.most is None else f"{line.most:g}"
        table.add_row(line.what, f"{line.value:.4g}", most, _VERDICTS[line.passed])
    _out.print(table)
