"""What is known of objects comes from a spreadsheet, as spreadsheets write it."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.introduction.metadata import read_metadata

CUP = {"name": "Cup", "category": "mug", "context": "Grandma's, chipped."}
HAT = {"name": "Hat", "category": "", "context": ""}
QUOTED = 'Cup,mug,"Grandma\'s, chipped."\nHat,,\n'


def written(folder: Path, content: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        f"name,category,context\n{QUOTED}",
        f"name,category,context\r\n{QUOTED}".replace("\n", "\r\n"),
        f"\ufeffname,category,context\n{QUOTED}",
        f"name,category,context\n{QUOTED}".encode("utf-16"),
        "name;category;context\nCup;mug;Grandma's, chipped.\nHat;;\n",
        "name\tcategory\tcontext\nCup\tmug\tGrandma's, chipped.\nHat\t\t\n",
        "sep=;\nname;category;context\nCup;mug;Grandma's, chipped.\nHat;;\n",
        f" Name ,Category,CONTEXT\n{QUOTED}\n,,\n",
        'name,category,context,\nCup,mug,"Grandma\'s, chipped.",\nHat,,,\n',
    ],
    ids=["", "CRLF", "BOM", "UTF-16", "semicolons", "tabs", "sep=", "spaced", "empty column"],
)
def test_a_csv_of_any_spreadsheet_is_read(tmp_path: Path, content: str | bytes) -> None:
    assert read_metadata(written(tmp_path, content)) == {"Cup": CUP, "Hat": HAT}


@pytest.mark.parametrize(
    "content",
    [
        f"Table 1,,\nname,category,context\n{QUOTED}",
        f"Table 1\nname,category,context\n{QUOTED}",
        f"Table 1\n\n# of Ann\nname,category,context\n{QUOTED}",
        f"\r\nname,category,context\n{QUOTED}",
        f"\ufeff,,\nname,category,context\n{QUOTED}",
        "sep=\t\r\nname\tcategory\tcontext\r\nCup\tmug\tGrandma's, chipped.\r\nHat\t\t\r\n",
        f'"sep=,"\nTable 1\nname,category,context\n{QUOTED}',
        "name;category;context\rCup;mug;Grandma's, chipped.\rHat;;\r",
        "name;category;context\rCup;mug;Grandma's, chipped.\rHat;;\r".encode("utf-16"),
        f"name,category,context\n{QUOTED}\0\0",
        f"name,category,context\n{QUOTED}\x1a",
        f"name,category,context\r\n{QUOTED}\x1a\r\n",
        "sep=|\nname|category|context\nCup|mug|Grandma's, chipped.\nHat\n",
    ],
    ids=[
        *("Numbers", "title", "comment", "blank", "empty cells", "sep=tab", "quoted sep=", "CR"),
        *("CR in UTF-16", "NUL", "Ctrl-Z", "Ctrl-Z and line", "sep=|"),
    ],
)
def test_what_programs_put_around_a_csv_is_passed_over(
    tmp_path: Path, content: str | bytes
) -> None:
    read = read_metadata(written(tmp_path, content))
    assert {name: {**HAT, **told} for name, told in read.items()} == {"Cup": CUP, "Hat": HAT}


def test_commas_in_notes_of_an_old_mac_separate_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "name;context\rCup;a, b, c, d\rHat;\r")
    assert read_metadata(path)["Cup"] == {"name": "Cup", "context": "a, b, c, d"}


@pytest.mark.parametrize("content", ["name\nCup\n", "\n name \nCup\n", 'Table 1\n"Name"\nCup\n'])
def test_names_alone_are_read(tmp_path: Path, content: str) -> None:
    assert read_metadata(written(tmp_path, content)) == {"Cup": {"name": "Cup"}}


@pytest.mark.parametrize(
    ("content", "name"),
    [("category,name\nmug,Cup\nhat\n", "a.csv"), ('[{"category": "hat"}]', "a.json")],
)
def test_a_row_without_a_name_says_so(tmp_path: Path, content: str, name: str) -> None:
    with pytest.raises(InvalidInput, match=r"expected a name for each object, found none .*hat"):
        read_metadata(written(tmp_path, content, name))


@pytest.mark.parametrize(
    "content", ["", "\n", "Table 1\n", "Cup,mug\nname,category\n", "Cup\nHat\n"]
)
def test_a_csv_without_columns_says_so(tmp_path: Path, content: str) -> None:
    with pytest.raises(InvalidInput, match="expected the columns name, category, context"):
        read_metadata(written(tmp_path, content))


def test_lines_are_counted_from_the_top_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="in line 4, found 3"):
        read_metadata(written(tmp_path, "Table 1\n\nname,context\nCup,red,chipped\n"))


def test_json_is_read(tmp_path: Path) -> None:
    rows = [CUP, {"name": "Hat", "category": None, "context": None}]
    assert read_metadata(written(tmp_path, json.dumps(rows), "a.JSON")) == {"Cup": CUP, "Hat": HAT}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_break_in_a_note_is_kept(tmp_path: Path, end: str) -> None:
    note = f"Chipped at the rim.{end}Was grandma's."
    path = written(tmp_path, f'name,context{end}Cup,"{note}"{end}')
    assert read_metadata(path) == {"Cup": {"name": "Cup", "context": note}}


def test_names_are_composed(tmp_path: Path) -> None:
    path = written(tmp_path, unicodedata.normalize("NFD", "name\nZoë\n"))
    assert list(read_metadata(path)) == [unicodedata.normalize("NFC", "Zoë")]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.csv", "title\nCup\n", "expected the columns"),
        ("a.csv", "", "expected the columns"),
        ("a.csv", "name,colour\nCup,red\n", "colour"),
        ("a.csv", "name,context\nCup,chipped, and old\n", "line 2.*into quotes"),
        ("a.csv", "name,category\n,mug\n", "expected a name"),
        ("a.csv", "name\nCup\nCup\n", "expected each object once"),
        ("a.csv", "name\nA\nA\n", "expected each object once"),
        ("a.csv", "name\nCup\ncup\n", "'Cup' and 'cup'; names that differ in case"),
        ("a.csv", f"name\nZoë\n{unicodedata.normalize('NFD', 'Zoë')}\n", "each object once"),
        ("a.csv", "name\nZoë\n".encode("cp1252"), "CSV UTF-8"),
        ("a.csv", f"name,context\nCup,{'x' * 200_000}\n", "expected a CSV"),
        ("a.json", "[1]", "expected a CSV or JSON"),
        ("a.json", "{", "expected a CSV or JSON"),
        ("a.json", '[{"category": "mug"}]', "expected a name for each object"),
        ("a.json", '[{"name": "Cup"}, {"name": "CUP"}]', "each object once"),
    ],
)
def test_what_cannot_be_understood_is_refused(
    tmp_path: Path, name: str, content: str | bytes, why: str
) -> None:
    with pytest.raises(InvalidInput, match=why):
        read_metadata(written(tmp_path, content, name))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"found .*none\.csv"):
        read_metadata(tmp_path / "none.csv")
