"""What a report says, apart from how it looks: pages of sections of blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Block", "Cell", "Figure", "Gallery", "Page", "Section", "Table", "TableRow", "Tile"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: What it says.
        note: What stands under it in small letters, such as an interval.
    """

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table.

    Attributes:
        cells: The first one names the row.
        marked: Whether to point it out.
    """

    cells: tuple[Cell, ...]
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a header, with a caption that says how to read them."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[TableRow, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawn picture.

    Attributes:
        name: Of its file, without a folder.
        data: A PNG.
        alt: What it shows, for those who cannot see it.
        caption: How to read it.
    """

    name: str
    data: bytes
    alt: str
    caption: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A photo of a gallery with what is to be said of it.

    Attributes:
        name: Of its file, without a folder.
        data: A JPEG; None where the photo could not be read.
        title: What went wrong, in a few words.
        lines: The particulars.
        beside: Small pictures to compare it with, each a file name and a JPEG.
        words: What the small pictures are.
    """

    name: str
    data: bytes | None
    title: str
    lines: tuple[str, ...]
    beside: tuple[tuple[str, bytes], ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Gallery:
    """Photos side by side."""

    caption: str
    tiles: tuple[Tile, ...]


#: A string is a paragraph.
Block: TypeAlias = str | Table | Figure | Gallery


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a title; ``level`` 2 is a chapter, 3 a part of it."""

    title: str
    blocks: tuple[Block, ...]
    level: int = 2


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report.

    Attributes:
        title: Its heading.
        lead: The paragraphs to read if nothing else is read.
        sections: The rest.
    """

    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]
