"""``pekit demo`` and ``pekit doctor``: whether it works here, and how well."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pekit_agents.cli.options import DEFAULT_MEMORY, JsonOption, MemoryOption, ProfileOption
from pekit_agents.cli.output import out as console
from pekit_agents.cli.output import print_json

__all__ = ["commands"]

commands = typer.Typer()


@commands.command()
def demo(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="folder for pictures and prompts")
    ] = Path("pekit-demo"),
) -> None:
    """Remember a few objects and find them in composed scenes."""
    from pekit_agents.demo.run import run_demo

    results = run_demo(out, console)
    if not all(result.right for result in results):
        raise typer.Exit(1)


@commands.command()
def doctor(
    memory: MemoryOption = DEFAULT_MEMORY,
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Say what is installed, which profiles can run, and where things are."""
    from pekit_agents.cli.doctor import diagnose

    report = diagnose(memory, profile)
    if as_json:
        print_json(report.to_dict())
    else:
        report.print(console)
    if not report.usable:
        raise typer.Exit(1)
