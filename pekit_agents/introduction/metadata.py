"""What a CSV or JSON file says about objects: ``read_metadata``, as spreadsheets write it."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pekit_agents.errors import InvalidInput
from pekit_agents.wording.spelling import name_key

__all__ = ["read_metadata"]

_COLUMNS = ("name", "category", "context")
_NOTE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_DELIMITERS = ",;\t"  # a spreadsheet takes the one of its user's language


def read_metadata(path: Path) -> dict[str, dict[str, str]]:
    """Return what a CSV or JSON file says about the objects, by name.

    A CSV is UTF-8, or UTF-16 with its mark, with or without a byte order mark; its cells are
    separated by commas, semicolons or tabs. A line break within a quoted cell is kept. Empty lines
    and a title before the columns are passed over.

    Args:
        path: A CSV with the columns name, category and context, or a JSON list of such objects.

    Raises:
        InvalidInput: It cannot be read, has other columns, or names an object twice.
    """
    try:
        text = _decoded(path.read_bytes())
        rows = json.loads(text) if path.suffix.lower() == ".json" else _csv_rows(text)
        told = [_told(row) for row in rows]
    except UnicodeDecodeError as exc:
        raise InvalidInput(
            f"expected a CSV or JSON file in UTF-8, found another encoding in {path}; "
            'save it anew, in a spreadsheet as "CSV UTF-8"'
        ) from exc
    except FileNotFoundError as exc:
        raise InvalidInput(
            "expected a CSV or JSON file with name, category and context, found nothing at "
            f"{path}; check the path"
        ) from exc
    except OSError as exc:
        raise InvalidInput(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as exc:
        if isinstance(exc, InvalidInput):
            raise InvalidInput(f"{path}: {exc}") from exc
        raise InvalidInput(
            f"expected a CSV or JSON file with name, category and context, found {path}: {exc}"
        ) from exc
    _require_different(path, told)
    return {row["name"]: row for row in told}


def _decoded(data: bytes) -> str:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))  # "Unicode text" of a spreadsheet
    text = data.decode("utf-16" if wide else "utf-8-sig")
    return text.rstrip("\0\x1a\r\n")  # how some programs fill up and end a file


def _csv_rows(text: str) -> list[dict[str, Any]]:
    """Return the rows of a CSV by its header, without the empty ones."""
    skipped, delimiter = _until_header(text)
    # Without newline="" a line break within a cell would be taken for another.
    table = io.StringIO(text, newline="")
    for _ in range(skipped):
        table.readline()
    lines = csv.reader(table, delimiter=delimiter, strict=True)
    columns = [cell.strip().lower() for cell in next(lines, [])]
    if "name" not in columns:
        raise InvalidInput(f"expected the columns {', '.join(_COLUMNS)}, found {columns}")
    rows = []
    for cells in lines:
        if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
            raise InvalidInput(
                f"expected at most {len(columns)} cells in line {skipped + lines.line_num}, found "
                f"{len(cells)}; put a text with {delimiter!r} into quotes"
            )
        if any(cell.strip() for cell in cells):
            rows.append(dict(zip(columns, cells, strict=False)))
    return rows


def _until_header(text: str) -> tuple[int, str]:
    """Return how many lines a spreadsheet has put before the header, and what separates cells.

    It may put empty lines, the title of the table, and a note on what separates cells.
    """
    noted = ""
    for skipped, line in enumerate(io.StringIO(text, newline="")):
        head = line.strip("\r\n ")
        delimiter = noted or max(_DELIMITERS, key=head.count)
        note = _NOTE.fullmatch(head)
        if note:
            noted = note[1]
        elif sum(bool(cell.strip()) for cell in head.split(delimiter)) > 1 or _is_name(head):
            return skipped, delimiter
    return 0, noted or _DELIMITERS[0]


def _is_name(head: str) -> bool:
    """Return whether a line with one cell at most is a header."""
    return head.strip(f'"{_DELIMITERS} ').lower() == "name"


def _told(row: Mapping[Any, Any]) -> dict[str, str]:
    told = {str(key): str("" if value is None else value).strip() for key, value in row.items()}
    told = {key: text for key, text in told.items() if key or text}  # a column without a head
    unknown = sorted(set(told) - set(_COLUMNS))
    if unknown:
        raise InvalidInput(f"expected the columns {', '.join(_COLUMNS)}, found {unknown} too")
    if not told.get("name"):
        raise InvalidInput(f"expected a name for each object, found none beside {told}")
    return {**told, "name": unicodedata.normalize("NFC", told["name"])}


def _require_different(path: Path, told: Iterable[Mapping[str, str]]) -> None:
    seen: dict[str, str] = {}
    for row in told:
        name, key = row["name"], name_key(row["name"])
        if key in seen:
            raise InvalidInput(
                f"{path}: expected each object once, found {seen[key]!r} and {name!r}; names that "
                "differ in case or in blanks only are one name"
            )
        seen[key] = name
