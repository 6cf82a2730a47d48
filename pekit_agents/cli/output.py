"""What commands print: tables and JSON on standard output, the rest on standard error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from pekit_agents.cli.references import short_ids

if TYPE_CHECKING:
    from pekit_agents.types import PersonalObject

__all__ = [
    "complain",
    "err",
    "inform",
    "out",
    "plain",
    "print_json",
    "say",
    "show_objects",
    "shown",
    "working",
]

out = Console()
err = Console(stderr=True)


def say(text: str) -> None:
    """Print a sentence as it is: a name may hold Rich's markup."""
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def inform(text: str) -> None:
    """Print a sentence on standard error, where standard output is for machines."""
    err.print(text, markup=False, highlight=False, soft_wrap=True)


def complain(text: str) -> None:
    """Print a sentence on standard error, in red."""
    err.print(text, style="red", markup=False, highlight=False, soft_wrap=True)


def shown(path: object) -> str:
    """Return a path that can be printed: a file's name need be no valid text."""
    return str(path).encode(errors="backslashreplace").decode()


def plain(value: object) -> Text:
    """Return a cell of a table that is printed as it is."""
    return Text(str(value))


def print_json(value: object) -> None:
    """Print a value as JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_objects(objects: Sequence[PersonalObject], as_json: bool, *, title: str) -> None:
    """Print objects as a table or as JSON."""
    if as_json:
        print_json([obj.to_dict() for obj in objects])
        return
    short = short_ids(obj.object_id for obj in objects)
    table = Table(title=title)
    for column in ("name", "category", "views", "not it", "context", "id"):
        right = column in ("views", "not it")
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for obj in objects:
        counts = (obj.n_views, obj.n_negatives or "")
        cells = (obj.name, obj.category, *counts, obj.context, short[obj.object_id])
        table.add_row(*(plain(cell) for cell in cells))
    out.print(table)


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner with the time; yields a function that changes the text."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(what)
        yield lambda text: progress.update(task, description=text)
