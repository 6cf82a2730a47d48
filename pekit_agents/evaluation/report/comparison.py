"""A comparison of two runs, as Markdown and as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pekit_agents.evaluation.comparison.compare import Comparison, Pairing, PhotoChange
from pekit_agents.evaluation.metrics.bootstrap import Difference
from pekit_agents.evaluation.metrics.measures import MEASURES, Measure
from pekit_agents.evaluation.report.content import Block, Cell, Page, Section, Table, TableRow
from pekit_agents.evaluation.report.html import to_html
from pekit_agents.evaluation.report.markdown import to_markdown
from pekit_agents.evaluation.report.numbers import change_cell, estimate_cell

__all__ = ["comparison_html", "comparison_markdown"]

_MOST_PHOTOS = 20
_SAME = "no clear difference"


def comparison_markdown(comparison: Comparison) -> str:
    """Return a Markdown document."""
    return to_markdown([_page(comparison)], "")


def comparison_html(comparison: Comparison) -> str:
    """Return a whole HTML document; names in it are escaped."""
    return to_html(comparison_markdown(comparison), _page(comparison).title, {})


def _page(comparison: Comparison) -> Page:
    a, b = comparison.names
    sections = []
    for pairing in comparison.pairings:
        title = pairing.first.configuration.label
        if pairing.second.configuration != pairing.first.configuration:
            title = f"{title} against {pairing.second.configuration.label}"
        sections.append(Section(title, (_measures(pairing, a, b), *_photos(pairing, a, b))))
    if comparison.unpaired:
        sections.append(Section("Not compared", tuple(comparison.unpaired)))
    lead = tuple(_lead(pairing, a, b) for pairing in comparison.pairings)
    title = f"{comparison.dataset}: {comparison.protocol}, {a} and {b}"
    return Page(title, lead, tuple(sections))


def _lead(pairing: Pairing, a: str, b: str) -> str:
    words = {key: _word(change, MEASURES[key]) for key, change in pairing.differences.items()}
    label = pairing.second.configuration.label
    told = [
        f"clearly {word} in {', '.join(MEASURES[key].title.lower() for key in keys)}"
        for word in ("better", "worse")
        if (keys := [key for key, found in words.items() if found == word])
    ]
    if not told:
        return f"{label}: {_SAME} between {a} and {b} in any measure."
    return f"{label}: against {a}, {b} is {' and '.join(told)}; the rest may be chance."


def _measures(pairing: Pairing, a: str, b: str) -> Table:
    rows = [
        TableRow(
            (
                Cell(f"{measure.title} (%)" if measure.unit == "%" else measure.title),
                estimate_cell(pairing.first.estimates[key], measure),
                estimate_cell(pairing.second.estimates[key], measure),
                change_cell(pairing.differences[key], measure),
                Cell(_word(pairing.differences[key], measure)),
            ),
            marked=pairing.differences[key].is_clear,
        )
        for key, measure in MEASURES.items()
        if pairing.differences[key].mean is not None
    ]
    caption = (
        "Paired over things, with 95 % intervals; a difference whose interval leaves out 0 is "
        "marked."
    )
    return Table(caption, ("Measure", a, b, f"{b} minus {a}", ""), tuple(rows))


def _word(change: Difference, measure: Measure) -> str:
    if change.mean is None or not change.is_clear:
        return _SAME
    if measure.better == "neither":
        return "more" if change.mean > 0 else "fewer"
    return "better" if (change.mean > 0) == (measure.better == "higher") else "worse"


def _photos(pairing: Pairing, a: str, b: str) -> Iterator[Block]:
    worse = [photo for photo in pairing.photos if photo.after > photo.before]
    better = [photo for photo in reversed(pairing.photos) if photo.after < photo.before]
    for word, photos in (("worse", worse), ("better", better)):
        if photos:
            yield _photo_table(
                photos, f"{len(photos)} photo{'' if len(photos) == 1 else 's'} got {word}", a, b
            )


def _photo_table(photos: Sequence[PhotoChange], words: str, a: str, b: str) -> Table:
    shown = photos[:_MOST_PHOTOS]
    rows = tuple(
        TableRow(
            (
                Cell(photo.photo),
                Cell(", ".join(photo.shows) or "nothing of the data set"),
                Cell(", ".join(photo.named_before) or "nothing"),
                Cell(", ".join(photo.named_after) or "nothing"),
                Cell(f"{photo.before:.2g} to {photo.after:.2g}"),
            )
        )
        for photo in shown
    )
    told = f" (the first {len(shown)})" if len(shown) < len(photos) else ""
    header = ("Photo", "Shows", f"{a} named", f"{b} named", "Mistakes per draw")
    return Table(f"{words}{told}.", header, rows)
