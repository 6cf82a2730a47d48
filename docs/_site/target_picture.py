"""``python docs/_site/target_picture.py`` draws the table of docs/evaluation-targets.md."""

from __future__ import annotations

import re
from pathlib import Path

from matplotlib.figure import Figure

DOCS = Path(__file__).parents[1]
PICTURE = DOCS / "pictures" / "evaluation-targets.png"
_NUMBER = r"([01]?\.\d+)"
_ROW = re.compile(
    rf"^\| (.+?) \| [≥≤] {_NUMBER} \| {_NUMBER} \[{_NUMBER}, {_NUMBER}\]( ✓)? \|", re.M
)
_REACHED, _MISSED = "#0072b2", "#d55e00"


def draw_targets(table: str) -> Figure:
    """Return a figure of what was found beside its target, a row for each row of the table."""
    rows = _ROW.findall(table)
    if not rows:
        raise ValueError("expected rows of measure, target and figure with interval, found none")
    figure = Figure(figsize=(8, 0.3 * len(rows) + 1), layout="constrained")
    axes = figure.subplots()
    for place, (_, target, found, low, high, reached) in enumerate(rows):
        colour = _REACHED if reached else _MISSED
        axes.plot([float(low), float(high)], [place, place], color=colour, linewidth=2)
        axes.plot(float(found), place, "o" if reached else "s", color=colour)
        axes.plot(float(target), place, "|", color="black", markersize=13, markeredgewidth=2)
    axes.set_yticks(range(len(rows)), [row[0] for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(-0.02, 1.02)
    axes.grid(axis="x", color="#dddddd")
    axes.set_xlabel("share (black mark: target;\nblue circle: reached; orange square: missed)")
    return figure


if __name__ == "__main__":
    text = (DOCS / "evaluation-targets.md").read_text("utf-8")
    draw_targets(text).savefig(PICTURE, dpi=100)
