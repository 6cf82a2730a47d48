"""The command line on the embedded profile: in a process of its own, and most of it in this one."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from pekit_agents import cli
from pekit_agents.cli import output

pytestmark = pytest.mark.usefixtures("embedded_model")


def pekit(
    *args: str | Path, cwd: Path, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``pekit`` in a folder and return what it printed; the models are loaded once for all."""
    argv = ["pekit", *map(str, args)]
    printed, told, code = io.StringIO(), io.StringIO(), 0
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(told),
    ):
        patch.setattr(sys, "argv", argv)
        patch.setattr(sys, "stdin", io.StringIO(stdin or ""))
        for console in (output.out, output.err):
            patch.setattr(console, "_width", 160)
        patch.setenv("TERMINAL_WIDTH", "160")
        try:
            cli.main()
        except SystemExit as exc:
            code = exc.code or 0
    return subprocess.CompletedProcess(argv, code, printed.getvalue(), told.getvalue())


def pekit_alone(*args: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ``pekit`` as a user does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pekit_agents", *map(str, args)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "160", "TERM": "dumb", "NO_COLOR": "1"},
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory, photos) -> Path:
    """Return a folder whose memory holds Ruby; tests only add to it what they remove."""
    folder = tmp_path_factory.mktemp("home")
    done = pekit_alone(
        "remember", "Ruby", photos / "motorcycle_left.png", "--category", "motorcycle",
        "--context", "Rebuilt in 2014.", cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Ruby" in done.stdout
    return folder


def test_find_prints_a_table_and_writes_the_picture(home, photos, tmp_path):
    out = tmp_path / "found.png"
    done = pekit("find", photos / "motorcycle_right.png", "--out", out, cwd=home)
    assert done.returncode == 0, done.stderr
    assert "Ruby" in done.stdout
    assert Image.open(out).size == (741, 500)


def test_find_prints_json_for_machines(home, photos):
    done = pekit_alone("find", photos / "motorcycle_right.png", "--json", cwd=home)
    record = json.loads(done.stdout)
    assert [match["name"] for match in record["matches"]] == ["Ruby"]


def test_finding_nothing_is_no_error(home, photos):
    done = pekit("find", photos / "rocket.jpg", cwd=home)
    assert (done.returncode, "None of your objects" in done.stdout) == (0, True)


def test_a_picture_that_is_there_is_not_replaced_unasked(home, photos, tmp_path):
    out = tmp_path / "found.png"
    out.write_text("mine")
    done = pekit("find", photos / "motorcycle_right.png", "--out", out, cwd=home)
    assert done.returncode == 1
    assert "--force" in done.stderr
    assert out.read_text() == "mine"
    assert (
        pekit("find", photos / "motorcycle_right.png", "--out", out, "--force", cwd=home).returncode
        == 0
    )
    assert Image.open(out).size == (741, 500)


def test_prompt_prints_the_instruction(home, photos):
    done = pekit("prompt", photos / "motorcycle_right.png", "How old is it?", cwd=home)
    assert '"Ruby"' in done.stdout
    assert done.stdout.rstrip().endswith("How old is it?")


def test_list_and_show_tell_what_is_stored(home):
    (listed,) = json.loads(pekit("list", "--json", cwd=home).stdout)
    shown = json.loads(pekit("show", "ruby", "--json", cwd=home).stdout)
    assert listed == shown
    assert (shown["name"], shown["context"]) == ("Ruby", "Rebuilt in 2014.")
    assert "Rebuilt in 2014." in pekit("show", "Ruby", cwd=home).stdout


def test_another_user_has_nothing(home):
    assert json.loads(pekit("list", "--json", "--user", "bob", cwd=home).stdout) == []
    assert "Nothing is remembered yet" in pekit("list", "--user", "bob", cwd=home).stdout


def test_forget_asks_first(home, photos):
    pekit("remember", "Cup", photos / "coffee.png", "-c", "cup", cwd=home)
    assert pekit("forget", "Cup", cwd=home, stdin="n\n").returncode == 1
    assert pekit("show", "Cup", cwd=home).returncode == 0
    assert pekit("forget", "Cup", cwd=home, stdin="y\n").returncode == 0
    assert pekit("show", "Cup", cwd=home).returncode == 1


def test_a_box_points_the_object_out(home, photos):
    done = pekit(
        "remember", "Saucer", photos / "coffee.png", "-c", "saucer", "--box", "85,8,425,390",
        cwd=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert pekit("forget", "Saucer", "--yes", cwd=home).returncode == 0


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["find", "nowhere.png"], 1, "nowhere.png"),
        (["show", "Nobody"], 1, "Nobody"),
        (["list", "--profile", "x"], 1, "expected one of the profiles"),
        (["remember", "Cup", "a.png", "-c", "cup", "--box", "1,2,x"], 1, "--box X0,Y0,X1,Y1"),
        (["remember", "Cup", "a.png", "b.png", "-c", "cup", "--box", "1,2,3,4"], 2, "one photo"),
        (["find", "a.png", "--out", "picture.txt"], 1, ".png, .jpg or .webp"),
        (["find", "a.png", "--out", "no/folder/picture.png"], 1, "no/folder"),
        (["find", "a.png", "--mode", "slow"], 2, "slow"),
        (["remember", "Cup"], 2, "Missing argument"),
    ],
)
def test_mistakes_are_told_in_a_sentence(home, args, code, says):
    done = pekit(*args, cwd=home)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_mistake_is_told_in_a_sentence_in_a_process_too(home):
    done = pekit_alone("show", "Nobody", cwd=home)
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (1, "", False)
    assert "Nobody" in done.stderr


def test_names_that_look_like_markup_are_printed_as_they_are(home, photos):
    done = pekit("remember", "[red]Cup[/]", photos / "coffee.png", "-c", "cup", cwd=home)
    assert "[red]Cup[/]" in done.stdout
    assert pekit("forget", "[red]Cup[/]", "--yes", cwd=home).returncode == 0


def test_doctor_says_what_can_run_and_where_things_are(home):
    done = pekit("doctor", "--json", cwd=home)
    report = json.loads(done.stdout)
    assert (done.returncode, report["usable"]) == (0, True)
    assert "lancedb" in {row["name"] for row in report["packages"]}
    assert any(row["name"] == "embedded" and row["ok"] for row in report["profiles"])
    table = pekit("doctor", cwd=home).stdout
    assert "embedded" in table
    assert "can run" in table


def test_doctor_fails_where_the_memory_cannot_be(home, tmp_path):
    (tmp_path / "file").write_text("")
    done = pekit("doctor", "--memory", tmp_path / "file", "--json", cwd=home)
    assert (done.returncode, json.loads(done.stdout)["usable"]) == (1, False)


def test_the_demo_finds_everything_and_says_that_its_scenes_are_composed(tmp_path, photos):
    done = pekit("demo", "--out", "shown", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "composed" in done.stdout
    for word in ("Ruby", "Chelsea", "Morning cup", "Snake badge", "left alone"):
        assert word in done.stdout
    assert "missed" not in done.stdout
    assert "wrong" not in done.stdout
    assert sorted(path.name for path in (tmp_path / "shown").iterdir()) == [
        f"scene-{number}.{kind}" for number in (1, 2, 3) for kind in ("png", "txt")
    ]
    assert '"Ruby"' in (tmp_path / "shown" / "scene-1.txt").read_text()
