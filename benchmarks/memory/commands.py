"""Commands that measure the memory: ``memory``, ``users``, ``library``, ``index``, ``growth``."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from benchmarks.memory.rows import Row

__all__ = ["memory_commands"]

memory_commands = typer.Typer()
_out, _err = Console(), Console(stderr=True)
_VERDICTS = {True: "pass", False: "FAIL", None: "not measured"}


_Dim = Annotated[int, typer.Option("--dim", min=8, help="numbers in a vector; embedded: 768")]
_Folder = Annotated[Path | None, typer.Option("--folder", help="where to write, while it runs")]
_Json = Annotated[bool, typer.Option("--json", help="print JSON for machines")]


@memory_commands.command("memory")
def measure_memory(
    quick: Annotated[bool, typer.Option("--quick", help="seconds: does it run at all?")] = False,
    views: Annotated[int, typer.Option(min=50, help="of the user searched in RAM")] = 10_000,
    large: Annotated[
        int, typer.Option(min=0, help="views of the user searched by an index; 0: none")
    ] = 1_000_000,
    remembers: Annotated[int, typer.Option(min=100, help="objects stored one by one")] = 5_000,
    users: Annotated[int, typer.Option(min=0, help="users of 20 objects each")] = 1_000,
    dim: _Dim = 384,
    folder: _Folder = None,
    as_json: _Json = False,
) -> None:
    """Measure the memory against numpy, faiss and bare LanceDB; exit code 1 if a row fails."""
    from benchmarks.memory.suite import BenchSizes, run_memory_bench

    sizes = BenchSizes(
        small_views=views, large_views=large, dim=dim, remembers=remembers, users=users
    )
    chosen = BenchSizes.quick() if quick else sizes
    _run(lambda root, progress: run_memory_bench(root, chosen, progress), folder, as_json=as_json)


@memory_commands.command("users")
def measure_users(
    users: Annotated[int, typer.Option(min=1, help="of 20 objects each")] = 10_000,
    dim: _Dim = 384,
    folder: _Folder = None,
    as_json: _Json = False,
) -> None:
    """Measure many users on one machine, and that none finds a thing of another's."""
    from benchmarks.memory.users import users_rows

    _run(lambda root, progress: users_rows(root, users, dim, progress), folder, as_json=as_json)


@memory_commands.command("library")
def measure_library(
    photos: Annotated[int, typer.Option(min=100, help="of about 8 regions each")] = 10_000,
    dim: Annotated[
        int, typer.Option("--dim", min=64, help="numbers in a vector; embedded: 768")
    ] = 768,
    folder: _Folder = None,
    as_json: _Json = False,
) -> None:
    """Measure a search in a photo library, from RAM and the first one, against numpy."""
    from benchmarks.memory.library import library_rows

    _run(lambda root, tell: library_rows(root, photos, dim, tell), folder, as_json=as_json)


@memory_commands.command("index")
def measure_index(
    views: Annotated[list[int] | None, typer.Option(min=50, help="of a user; repeatable")] = None,
    dim: _Dim = 384,
    folder: _Folder = None,
    as_json: _Json = False,
) -> None:
    """Measure from how many views on an index is faster than a copy in RAM."""
    from benchmarks.memory.crossover import crossover_rows

    sizes = views or [25_000, 50_000, 100_000, 200_000]
    _run(lambda root, tell: crossover_rows(root, sizes, dim, tell), folder, as_json=as_json)


@memory_commands.command("growth")
def measure_growth(
    writes: Annotated[int, typer.Option(min=100, help="of each kind")] = 1_000,
    memories: Annotated[int, typer.Option(min=10, help="open at once")] = 300,
    folder: _Folder = None,
    as_json: _Json = False,
) -> None:
    """Measure by how much a process grows with writes, versions it reads and open memories."""
    from benchmarks.memory.growth import growth_rows

    _run(lambda root, tell: growth_rows(root, writes, memories, tell), folder, as_json=as_json)


def _run(
    measure: Callable[[Path, Callable[[str], None]], Iterable[Row]],
    folder: Path | None,
    *,
    as_json: bool,
) -> None:
    from benchmarks.memory.process import machine

    where, rows = machine(), []
    with (
        tempfile.TemporaryDirectory(prefix="pekit-bench-", dir=folder) as root,
        _err.status("measuring") as status,
    ):
        for row in measure(Path(root), status.update):
            rows.append(row)
            _err.print(f"{_VERDICTS[row.passed]}: {row.goal}", markup=False, highlight=False)
    if as_json:
        report = {"machine": where, "rows": [row.to_dict() for row in rows]}
        typer.echo(json.dumps(report, indent=2))
    else:
        _show(rows, where)
    if any(row.passed is False for row in rows):
        raise typer.Exit(1)


def _show(rows: list[Row], where: str) -> None:
    table = Table(title="Memory", caption=where)
    for column in ("goal", "target", "reached", "verdict", "detail"):
        table.add_column(column, justify="right" if column in ("target", "reached") else "left")
    for row in rows:
        reached = "-" if row.reached is None else f"{row.reached:.3g}"
        table.add_row(row.goal, f"<= {row.target:g}", reached, _VERDICTS[row.passed], row.detail)
    _out.print(table)
