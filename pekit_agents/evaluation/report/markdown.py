"""A report as Markdown, with its pictures as files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from pekit_agents.evaluation.report.content import (
    Block,
    Cell,
    Figure,
    Gallery,
    Page,
    Table,
    TableRow,
    Tile,
)

__all__ = ["escape", "to_markdown"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
_LIST = re.compile(r"^(\d+(?=[.)]))?([-+.)])(?=\s|$)")


def to_markdown(pages: Sequence[Page], folder: str) -> str:
    """Return a Markdown document; names in it cannot become markup.

    Args:
        pages: One under the other.
        folder: Where the pictures lie, relative to the document.
    """
    return "\n\n".join(part for page in pages for part in _page(page, folder)) + "\n"


def escape(text: str) -> str:
    """Return text as one line in which no character is markup."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _page(page: Page, folder: str) -> Iterator[str]:
    yield f"# {escape(page.title)}"
    if page.lead:
        yield "\n>\n".join(f"> {_paragraph(text)}" for text in page.lead)
    for section in page.sections:
        yield f"{'#' * section.level} {escape(section.title)}"
        for block in section.blocks:
            yield from _block(block, folder)


def _block(block: Block, folder: str) -> Iterator[str]:
    if isinstance(block, str):
        yield _paragraph(block)
    elif isinstance(block, Table):
        if block.caption:
            yield _paragraph(block.caption)
        yield _table(block)
    elif isinstance(block, Figure):
        yield _image(block.alt, folder, block.name)
        yield _paragraph(block.caption)
    else:
        yield from _gallery(block, folder)


def _paragraph(text: str) -> str:
    """Return text that begins no list."""
    return _LIST.sub(r"\1\\\2", escape(text))


def _table(table: Table) -> str:
    lines = [_line(tuple(map(Cell, table.header))), "|" + " --- |" * len(table.header)]
    return "\n".join([*lines, *(_line(row.cells, row) for row in table.rows)])


def _line(cells: Sequence[Cell], row: TableRow | None = None) -> str:
    texts = [escape(c.text) + (f" *({escape(c.note)})*" if c.note else "") for c in cells]
    if row is not None and row.marked:
        texts[0] = f"**▶ {texts[0]}**"
    return f"| {' | '.join(texts)} |"


def _gallery(gallery: Gallery, folder: str) -> Iterator[str]:
    yield _paragraph(gallery.caption)
    for tile in gallery.tiles:
        yield "\n\n  ".join(_tile(tile, folder))


def _tile(tile: Tile, folder: str) -> Iterator[str]:
    """Yield the paragraphs of an item of a list."""
    yield f"- **{escape(tile.title)}**. {'; '.join(map(escape, tile.lines))}"
    yield "no picture" if tile.data is None else _image(tile.title, folder, tile.name)
    if tile.beside:
        images = (_image(tile.words, folder, name) for name, _ in tile.beside)
        yield " ".join([_paragraph(tile.words), *images])


def _image(alt: str, folder: str, name: str) -> str:
    return f"![{escape(alt)}]({quote(f'{folder}/{name}')})"
