"""The ``pekit`` command: the toolkit at a terminal.

Results go to standard output (a table, or JSON with ``--json``), progress to standard error.
Exit codes: 0 done, 1 a :class:`PeKitError` (said in one sentence), 2 wrong usage.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import metadata
from typing import Annotated, Any, ClassVar

import typer

from pekit_agents.cli.lancedb_import import lighten_lancedb
from pekit_agents.cli.late_commands import LateGroup
from pekit_agents.cli.output import complain, say
from pekit_agents.cli.terminal_words import terminal_words, usage_words
from pekit_agents.errors import PeKitError

__all__ = ["app", "main"]

#: The modules of ``pekit_agents.cli`` and the commands in each, in the order of the help.
_COMMANDS = (
    ("first_steps", "demo"),
    ("introducing", "remember add"),
    ("searching", "find prompt"),
    ("find_video", "find-video"),
    ("watch", "watch"),
    ("describe", "describe"),
    ("calibrate", "calibrate"),
    ("ingest", "ingest optimize"),
    ("forgetting", "forget"),
    ("serve", "serve token"),
    ("mcp", "mcp"),
    ("first_steps", "doctor"),
    ("evaluation.app", "eval"),
    ("review", "review"),
    ("memory", "list show views update merge remove-view confirm reject clear-corrections"),
    ("memory", "export import reembed"),
)


class _Commands(LateGroup):
    """Says what is wrong with an option in words that are not Python's."""

    homes: ClassVar[Mapping[str, str]] = {
        name: f"pekit_agents.cli.{module}" for module, names in _COMMANDS for name in names.split()
    }

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as exc:
            exc.message = usage_words(exc)
            raise


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _tell_version(asked: bool) -> None:
    if not asked:
        return
    try:
        say(f"pekit-agents {metadata.version('pekit-agents')}")
    except metadata.PackageNotFoundError:
        say("pekit-agents, of a clone that is not installed")
    raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="say which it is"),
    ] = False,
) -> None:
    """A visual memory of your own things for any vision-language agent."""


def main() -> None:
    """Run ``pekit``; an error of the toolkit is one line and exit code 1."""
    lighten_lancedb()
    try:
        app()
    except PeKitError as exc:
        complain(f"pekit: {terminal_words(str(exc))}")
        sys.exit(1)
