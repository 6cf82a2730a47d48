"""Writes reports to a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.records import Run
from pekit_agents.evaluation.report.content import Figure, Gallery, Page
from pekit_agents.evaluation.report.html import to_html
from pekit_agents.evaluation.report.markdown import to_markdown
from pekit_agents.evaluation.report.pages import run_page

__all__ = ["BUDGET", "write_report"]

#: In this share of the photos of other things a false alarm is borne, unless said otherwise.
BUDGET = 0.1
_PICTURES = "report_files"


def write_report(runs: Sequence[Run], out: Path, *, budget: float = BUDGET) -> list[Path]:
    """Write ``report.html``, ``report.md`` and the pictures of the latter.

    The HTML file is whole by itself and needs no script; the Markdown file has its pictures in
    ``report_files``. The same runs and photos give the same files. Photos that cannot be read
    are left out with a word; files of an earlier report are replaced.

    Args:
        runs: One chapter each.
        out: The folder; it is created.
        budget: The share of photos without any known thing in which a false alarm is borne
            when a configuration is recommended; in [0, 1].

    Returns:
        The files, ``report.html`` first.

    Raises:
        InvalidInput: There is nothing to report, or the budget is no share.
        OSError: The folder cannot be written.
    """
    if not runs or not all(run.draws for run in runs):
        raise InvalidInput(
            "report: expected runs with at least one draw, got none; run them first."
        )
    if not 0 <= budget <= 1:
        raise InvalidInput(f"report: expected a budget in [0, 1], got {budget}; 0.1 is usual.")
    pages = [
        run_page(run, budget, f"{number}-" if len(runs) > 1 else "")
        for number, run in enumerate(runs, start=1)
    ]
    title = pages[0].title if len(pages) == 1 else "Evaluation"
    out.mkdir(parents=True, exist_ok=True)
    written = [out / "report.html", out / "report.md"]
    markdown, pictures = to_markdown(pages, _PICTURES), dict(_pictures(pages))
    heading = title if len(pages) > 1 else ""
    html = to_html(markdown, title, pictures, heading=heading)
    written[0].write_text(html, "utf-8", newline="\n")
    written[1].write_text(markdown, "utf-8", newline="\n")
    for name, data in pictures.items():
        (out / _PICTURES).mkdir(exist_ok=True)
        (out / _PICTURES / name).write_bytes(data)
        written.append(out / _PICTURES / name)
    return written


def _pictures(pages: Sequence[Page]) -> Iterator[tuple[str, bytes]]:
    for block in (block for page in pages for part in page.sections for block in part.blocks):
        if isinstance(block, Figure):
            yield block.name, block.data
        elif isinstance(block, Gallery):
            for tile in block.tiles:
                if tile.data is not None:
                    yield tile.name, tile.data
                yield from tile.beside
