"""The command ``python -m benchmarks``, in a clone of the repository.

Exit codes: 0 done, 1 a row fails or a :class:`PeKitError` (said in words), 2 wrong usage.
"""

from __future__ import annotations

import os
import sys

import typer

from benchmarks.images.commands import pictures
from benchmarks.memory.commands import memory_commands
from benchmarks.recognition.commands import targets
from benchmarks.server.commands import server
from benchmarks.speed.commands import speed
from benchmarks.speed.parts import parts
from benchmarks.video.commands import video
from pekit_agents.cli.output import err
from pekit_agents.errors import PeKitError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(memory_commands)
app.add_typer(server, name="server")
app.add_typer(video, name="video")
app.command()(pictures)
app.command()(targets)
app.command()(speed)
app.command("speed-parts")(parts)


@app.callback()
def _benchmarks() -> None:
    """Measure the toolkit; benchmarks/README.md lists what else is measured."""
    os.environ.setdefault("LANCEDB_LOG", "error")  # read when lancedb is first imported


def main() -> None:
    """Run the command; an error of the toolkit is said in words, with exit code 1."""
    try:
        app(prog_name="python -m benchmarks")
    except PeKitError as exc:
        err.print(f"{exc}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
