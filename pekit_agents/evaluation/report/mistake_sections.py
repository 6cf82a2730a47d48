"""The worst mistakes of a configuration: thing by thing, and in pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pekit_agents.evaluation.records import Draw, Run
from pekit_agents.evaluation.report.choosing import Candidate
from pekit_agents.evaluation.report.content import Block, Gallery, Section
from pekit_agents.evaluation.report.mistakes import Kind, worst_mistakes
from pekit_agents.evaluation.report.tables import confusion_table, thing_table
from pekit_agents.evaluation.report.tiles import mistake_tile

__all__ = ["mistake_sections"]

_MOST_TILES = 9
_NONE = "None."
_LEGEND = (
    "Dashed blue: where a thing truly is. Solid orange: what was named, with its score. The small "
    "pictures are what the missed or wrongly named thing was remembered from. What fails in the "
    "most draws comes first, each photo once."
)
_GALLERIES: tuple[tuple[Kind, str, str], ...] = (
    ("missed", "Missed things", "A remembered thing is in the photo and was not named."),
    ("wrong name", "Wrong names", "The photo shows a remembered thing and got another's name."),
    ("false alarm", "False alarms", "The photo shows none of the remembered things."),
)


def mistake_sections(run: Run, chosen: Candidate, prefix: str) -> Iterator[Section]:
    """Yield the sections about what went wrong.

    Args:
        run: Of which the photos are shown.
        chosen: Whose mistakes.
        prefix: Of the names of picture files.
    """
    label, named = chosen.configuration.label, chosen.named.draws
    things = (thing_table(named), confusion_table(named))
    yield Section(f"Thing by thing: {label}", tuple(table for table in things if table is not None))
    unknown = chosen.open_set.draws if chosen.open_set else ()
    galleries = [
        (title, _gallery(run, unknown if kind == "false alarm" else named, prefix, kind, words))
        for kind, title, words in _GALLERIES
    ]
    if any(gallery.tiles for _, gallery in galleries):
        yield Section(f"The worst mistakes: {label}", (_LEGEND,))
        for title, gallery in galleries:
            blocks: tuple[Block, ...] = (gallery,) if gallery.tiles else (_NONE,)
            yield Section(title, blocks, level=3)


def _gallery(run: Run, draws: Sequence[Draw], prefix: str, kind: Kind, words: str) -> Gallery:
    mistakes = worst_mistakes(draws, kind)
    stem = f"{prefix}{kind.replace(' ', '-')}"
    tiles = tuple(
        mistake_tile(mistake, Path(run.root), f"{stem}-{number}")
        for number, mistake in enumerate(mistakes[:_MOST_TILES], start=1)
    )
    return Gallery(f"{words} {len(tiles)} of {len(mistakes)} photos.", tiles)
