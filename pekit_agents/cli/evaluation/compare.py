"""``pekit eval compare``: two runs side by side."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pekit_agents.cli.options import JsonOption
from pekit_agents.cli.output import out as console
from pekit_agents.cli.output import print_json, say
from pekit_agents.errors import InvalidInput

__all__ = ["compare_runs"]


def compare_runs(
    first: Annotated[Path, typer.Argument(metavar="A", help="folder of a run")],
    second: Annotated[Path, typer.Argument(metavar="B", help="folder of another run")],
    recognizers: Annotated[
        str, typer.Option(help="compare this recognizer of A with that of B: pekit,paper rule")
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="folder for comparison.html and .md")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what B changes against A, how sure that is, and for which photos."""
    from rich.markdown import Markdown

    from pekit_agents.evaluation.comparison.compare import compare
    from pekit_agents.evaluation.report.comparison import comparison_html, comparison_markdown
    from pekit_agents.evaluation.runs.run_file import read_run, write_text

    pair = _pair(recognizers)
    names = (first.name, second.name) if first.name != second.name else ("A", "B")
    found = compare(read_run(first), read_run(second), names=names, recognizers=pair)
    files = []
    if out is not None:
        files = [
            write_text(out / "comparison.html", comparison_html(found)),
            write_text(out / "comparison.md", comparison_markdown(found)),
        ]
    if as_json:
        print_json(
            {
                "names": list(found.names),
                "files": [str(file) for file in files],
                "unpaired": list(found.unpaired),
                "pairings": [
                    {
                        "first": pairing.first.configuration.label,
                        "second": pairing.second.configuration.label,
                        "differences": {k: asdict(d) for k, d in pairing.differences.items()},
                        "photos": [asdict(photo) for photo in pairing.photos],
                    }
                    for pairing in found.pairings
                ],
            }
        )
        return
    console.print(Markdown(comparison_markdown(found)))
    if files:
        say(f"Report: {files[0]}")


def _pair(text: str) -> tuple[str, str] | None:
    if not text:
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2:
        raise InvalidInput(f"expected --recognizers NAME,NAME, found {text!r}")
    return parts[0], parts[1]
