"""Groups of options that several commands have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from pekit_agents.cli.signatures import grouped


@dataclass(frozen=True)
class Size:
    width: Annotated[int, typer.Option("--width", "-w")] = 4
    height: int = 3


@dataclass(frozen=True)
class Where:
    folder: str = "here"


SMALL = Size(height=1)
app = typer.Typer()


@app.command()
@grouped
def draw(*, name: str, before: int = 0, size: Size, after: int = 0, where: Where) -> None:
    """Draw it."""
    print(name, before, size, after, where)


@app.command()
@grouped
def sketch(*, size: Size = SMALL) -> None:
    print(size)


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        ("draw x", "x 0 Size(width=4, height=3) 0 Where(folder='here')"),
        (
            "draw x -w 7 --folder there --after 2",
            "x 0 Size(width=7, height=3) 2 Where(folder='there')",
        ),
        ("sketch", "Size(width=4, height=1)"),
        ("sketch --height 9", "Size(width=4, height=9)"),
    ],
)
def test_a_group_is_made_of_its_options(arguments, printed):
    result = CliRunner().invoke(app, arguments.split())
    assert (result.exit_code, result.stdout.strip()) == (0, printed)


def test_options_stand_where_their_group_does():
    told = CliRunner().invoke(app, ["draw", "--help"]).stdout
    places = [told.index(f"--{name}") for name in ("before", "width", "height", "after", "folder")]
    assert places == sorted(places)
    assert "Draw it." in told
