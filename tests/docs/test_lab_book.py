"""The numbers in the lab book are those of the code, and its counts are those of its tables."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "lab-book-numbers.md").read_text("utf-8")
_BEFORE_COUNTS = TEXT.split("## How many there were")[0]
ROWS = re.findall(r"^\| `([\w.]+)` \| ([\d., ]+) \|", _BEFORE_COUNTS, re.MULTILINE)


def _in_code(name):
    """Return the value of a dotted name below the package; of a class its default."""
    parts = f"pekit_agents.{name}".split(".")
    for count in range(len(parts) - 1, 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        break
    for part in parts[count:]:
        if isinstance(found, dict):
            found = found[part]
        elif isinstance(found, type):
            found = found.__dataclass_fields__[part].default
        else:
            found = getattr(found, part)
    return found


def test_there_are_numbers_to_compare():
    assert len(ROWS) > 30


@pytest.mark.parametrize(("name", "written"), ROWS, ids=[name for name, _ in ROWS])
def test_a_number_is_that_of_the_code(name, written):
    value = _in_code(name)
    values = value if isinstance(value, tuple) else (value,)
    assert [float(part) for part in written.split(",")] == list(map(float, values))


@pytest.mark.parametrize(
    ("heading", "row"), [("## Who it is", "who it is"), ("## Where to look", "where to look")]
)
def test_the_counts_are_those_of_the_tables(heading, row):
    table = TEXT.split(heading)[1].split("\n## ")[0]
    values = re.findall(r"^\| `[\w.]+` \| ([\d., ]+) \|", table, re.MULTILINE)
    count = sum(len(written.split(",")) for written in values)
    assert re.search(rf"\*\*{row}\*\* \| \*\*\d+\*\* \| \| \*\*{count}\*\*", TEXT)


def test_the_files_counts_add_up():
    table = TEXT.split("## How many there were")[1]
    rows = re.findall(r"^\| [^|]* \| (\d+) \| [^|]* \| (\d+) \|", table, re.MULTILINE)
    total = re.search(r"\*\*all\*\* \| \*\*(\d+)\*\* \| \| \*\*(\d+)\*\*", table)
    assert [sum(int(row[side]) for row in rows) for side in (0, 1)] == [
        int(part) for part in total.groups()
    ]
