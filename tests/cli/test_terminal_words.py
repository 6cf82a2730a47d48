"""What to do is said in options and commands; the rest of a message stays."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from PIL import Image

from pekit_agents.cli.terminal_words import WORDS, terminal_words

PACKAGE = Path(__file__).parents[2] / "pekit_agents"


def test_every_message_that_is_said_in_other_words_is_one_of_the_package():
    """Texts are compared without what is filled into them and where lines are broken."""
    texts = []
    for path in PACKAGE.rglob("*.py"):
        if path.name == "terminal_words.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [p.value for p in node.values if isinstance(p, ast.Constant)]
                texts.append("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    everything = "\n\n".join(texts)
    assert {said for said in WORDS if said not in everything} == set()


@pytest.mark.parametrize(
    ("args", "says", "unsaid"),
    [
        (
            ("remember", "Cup", "red.png", "-c", "mug"),
            "add photos to it with `pekit add`",
            "add_views",
        ),
        (("find", "red.png", "--strictness", "recall"), "give --threshold, or", "give a threshold"),
        (("export", "ann.pekit"), "choose another or add --force", "ask to overwrite"),
        (("import", "ann.pekit"), "Say --on-conflict skip, replace or rename", "Skip, "),
        (("confirm", "Cup", "two.png"), "say with --region which it is", "say which"),
        (("confirm", "Cup", "two.png", "--region", "9"), "`pekit find` shows the numbers", "again"),
        (
            ("list", "-p", "newer"),
            "Open it with the --profile that wrote it, carry it over",
            "anew",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_remedy_is_one_of_the_terminal(filled, args, says, unsaid):
    from pekit_agents.testing import solid_scene

    filled("export", "ann.pekit")
    solid_scene({"red": (16, 16, 64, 64), "blue": (80, 16, 152, 64)}).save("two.png")
    filled("merge", "Cup", "Bike", "--yes") if "two.png" in args else None
    done = filled(*args)
    assert done.code == 1
    assert says in done.err
    assert unsaid not in done.err


def test_other_messages_stay_as_they_are():
    assert terminal_words("red.png: it is red. Check it.") == "red.png: it is red. Check it."


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (
            ("find", "red.png", "-f", "xml"),
            "expected one of 'table', 'json', 'jsonl', 'csv',",
        ),
        (("find", "red.png", "--mode", "slow"), "expected one of 'auto', 'scene', 'fast', found"),
        (("find", "red.png", "--max-megapixels", "-1"), "expected 0.0001 or more, found '-1'"),
        (("find", "red.png", "--max-megapixels", "big"), "expected a number, found 'big'"),
        (("confirm", "Cup", "red.png", "--region", "one"), "expected a whole number, found 'one'"),
        (("confirm", "Cup", "red.png", "--region", "0"), "expected 1 or more, found '0'"),
        (("import", "ann.pekit", "--on-conflict", "foo"), "'replace', 'rename', found 'foo'"),
        (("find", "torn.jpg"), "save or download it again."),
        (("remember", "Hat", "torn.jpg", "-c", "hat"), "save or download it again; nothing was"),
        (("reject", "Cup", "torn.jpg"), "save or download it again."),
        (("import", "torn.jpg"), "found a damaged or truncated file; nothing was imported"),
        (("list", "-p", "none.toml"), "expected the .toml file of a profile, found none at none"),
        (("list", "-p", "latin.toml"), "in UTF-8, found another encoding; save it anew"),
        (("ingest", "things", "--metadata", "none.csv"), "found nothing at none.csv; check the"),
        (("ingest", "things", "--metadata", "latin.toml"), "found another encoding in latin.toml"),
        (
            ("describe", "-", "Who?", "--model", "x", "--endpoint", "http://127.0.0.1:9"),
            "Connection refused; check the address",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_nothing_is_told_in_words_of_python(filled, tmp_path, args, says):
    filled("export", "ann.pekit")
    noise = Image.effect_noise((200, 200), 90)
    noise.save(tmp_path / "whole.jpg")
    (tmp_path / "torn.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:3000])
    (tmp_path / "latin.toml").write_bytes("name = 'Zoë'".encode("latin-1"))
    (tmp_path / "things" / "Cup").mkdir(parents=True)
    noise.save(tmp_path / "things" / "Cup" / "1.jpg")
    done = filled(*args)
    assert done.code in (1, 2)
    said = " ".join(done.err.replace("│", " ").split())
    assert says in said
    assert not re.search(r"Errno|Error:|BadZip|Value error|Input should|codec|bytes not", said)
