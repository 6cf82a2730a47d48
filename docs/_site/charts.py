"""``python docs/_site/charts.py`` draws the charts of the documentation into docs/pictures.

Each is drawn from the table or the output that stands on its page, or from the package's numbers.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from matplotlib.figure import Figure

from pekit_agents.memory.limits import (
    copies_bytes,
    index_cache_bytes,
    metadata_cache_bytes,
    ram_bytes,
)

DOCS = Path(__file__).parents[1]
_BLUE, _ORANGE, _GREY = "#2662be", "#cc6014", "#787e88"


def worth_of_probabilities(page: str) -> list[tuple[float, float, float, float]]:
    """Return (stated, found, lower, upper) of each interval that ``pekit calibrate`` printed."""
    row = r"^ +[\d.]+ - [\d.]+ +([\d.]+) +([\d.]+) \[([\d.]+), ([\d.]+)\] +\d+$"
    return [tuple(map(float, found)) for found in re.findall(row, page, re.MULTILINE)]


def poor_views(page: str) -> list[tuple[str, int, int]]:
    """Return (poor by, own named with one sharp, own named with a poor one beside it)."""
    row = r"^\| ([^|]+) \| \d+ \| \d+ \| (\d+) \| (\d+) \|"
    return [(name, int(a), int(b)) for name, a, b in re.findall(row, page, re.MULTILINE)]


def draw_probabilities(page: str) -> Figure:
    """Return a chart of how often a probability is right."""
    figure = Figure(figsize=(6, 4.2), layout="constrained")
    axes = figure.subplots()
    stated, found, lower, upper = zip(*worth_of_probabilities(page), strict=True)
    axes.plot((0, 1), (0, 1), color=_GREY, linestyle="--", label="exactly right")
    axes.vlines(
        stated, lower, upper, color=_BLUE, alpha=0.4, linewidth=5, label="95 %, over things"
    )
    axes.plot(stated, found, "o", color=_BLUE, label="found")
    axes.set(
        xlabel="probability of a match", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1)
    )
    axes.legend(frameon=False)
    return figure


def draw_poor_views(page: str) -> Figure:
    """Return a chart of own photos that are named, without and with a poor reference."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    rows = poor_views(page)[::-1]
    places = range(len(rows))
    axes.barh(
        [at + 0.2 for at in places],
        [row[1] for row in rows],
        0.36,
        color=_GREY,
        label="one sharp reference",
    )
    axes.barh(
        [at - 0.2 for at in places],
        [row[2] for row in rows],
        0.36,
        color=_BLUE,
        label="a poor one beside it",
    )
    axes.set_yticks(places, [row[0] for row in rows])
    axes.set(xlabel="own photos that are named, of 30", xlim=(0, 30))
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, 1.13), ncols=2, frameon=False)
    return figure


def draw_ram() -> Figure:
    """Return a chart of the shares of the bound on RAM."""
    figure = Figure(figsize=(7, 1.7), layout="constrained")
    axes = figure.subplots()
    shares = (
        ("copies of memories\nand libraries, pictures", copies_bytes(), _BLUE),
        ("LanceDB's index", index_cache_bytes(), _ORANGE),
        ("tables", metadata_cache_bytes(), _GREY),
    )
    left = 0.0
    for name, size, colour in shares:
        width = size / 2**20
        axes.barh(0, width, 0.7, left, color=colour, edgecolor="white")
        axes.text(left + width / 2, 0.47, name, ha="center", va="bottom")
        axes.text(left + width / 2, 0, f"{width:.0f}", ha="center", va="center", color="white")
        left += width
    axes.set(xlim=(0, ram_bytes() / 2**20), ylim=(-0.4, 1.2), xlabel="MB of PEKIT_MEMORY_RAM_MB")
    axes.set_yticks([])
    axes.spines[["top", "left", "right"]].set_visible(False)
    return figure


def draw_charts(folder: Path) -> list[Path]:
    """Write every chart into a folder and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    calibrating = (DOCS / "guides" / "calibrating.md").read_text("utf-8")
    measured = (DOCS / "lab-book-recognition.md").read_text("utf-8")
    charts = {
        "probabilities.png": draw_probabilities(calibrating),
        "poor-views.png": draw_poor_views(measured),
        "ram.png": draw_ram(),
    }
    for name, chart in charts.items():
        chart.savefig(folder / name, dpi=110, metadata={"Software": None})
    return [folder / name for name in charts]


if __name__ == "__main__":
    for drawn in draw_charts(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "pictures"):
        print(drawn)
