from __future__ import annotations

import io
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from pekit_agents import profiles
from pekit_agents.cli import app
from pekit_agents.cli import ingest as cli_ingest
from pekit_agents.introduction.folders import extract_job
from pekit_agents.memory import Memory
from pekit_agents.memory.table import maintenance
from pekit_agents.testing import fake_profile, solid_scene
from pekit_agents.types import PersonalObject


@pytest.fixture(autouse=True)
def fakes(monkeypatch):
    """Workers in this process, which know the fake profile by name."""
    monkeypatch.setitem(profiles.PROFILES, "fake", fake_profile)
    run = lambda jobs, workers: (extract_job(*job) for job in jobs)  # noqa: E731
    monkeypatch.setattr(cli_ingest, "_runner", lambda on_ray: run)


def invoke(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_folder_is_remembered_and_problems_are_listed(tmp_path):
    photos, memory = tmp_path / "photos", tmp_path / "memory"
    (photos / "Cup").mkdir(parents=True)
    solid_scene({"red": (20, 20, 90, 90)}).save(photos / "Cup" / "1.png")
    (photos / "Cup" / "bad.jpg").write_bytes(b"x")
    command = ("ingest", photos, "-c", "mug", "-p", "fake", "-m", memory)
    result = invoke(*command)
    assert result.exit_code == 0, result.output
    assert "Remembered 1 object and added photos to 0 objects (1 view)" in result.output
    assert "bad.jpg" in result.output
    again = json.loads(invoke(*command, "--json").stdout)
    assert (again["already"], again["stored"]) == (1, [])
    (photos / "Hat").mkdir()
    (photos / "Hat" / "bad.jpg").write_bytes(b"x")
    assert invoke(*command).exit_code == 1


def test_what_is_left_out_and_what_would_help_is_said(tmp_path):
    photos, memory = tmp_path / "photos", tmp_path / "memory"
    for name, colour in (("Cup", "red"), ("Hat", "blue")):
        (photos / name / "2023").mkdir(parents=True)
        for file, left in (("1.png", 20), ("2.png", 21)):
            solid_scene({colour: (left, 20, 90, 90)}).save(photos / name / "2023" / file)
        (photos / name / "IMG_1.MOV").touch()
    (photos / "Cup" / "bad.jpg").write_bytes(b"x")
    solid_scene({"red": (20, 20, 60, 60)}).save(photos / "Hat" / "tiny.png")
    command = ("ingest", photos, "-c", "mug", "-p", "fake", "-m", memory)
    result = invoke(*command)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    (bad,) = [line for line in lines if "bad.jpg" in line]
    assert bad.startswith(f"Left out {photos / 'Cup' / 'bad.jpg'}: expected a photo")
    (movies,) = [line for line in lines if "IMG_1.MOV" in line]
    assert movies.endswith(
        "and 1 other file: a movie, which is not read with a folder: remember or add it by itself"
    )
    assert any("Advice on Cup: 2.png adds nothing to 1.png" in line for line in lines)
    assert any("Advice on Hat: tiny.png shows the object less than 48" in line for line in lines)
    assert sum("one or two photos from other sides" in line for line in lines) == 1
    assert "2 objects and added photos to 0 objects (5 views)" in lines[-1]
    assert lines[-1].endswith("0 were there already, 0 failed, 3 files left out.")


def test_a_photo_of_something_else_is_taken_out_and_not_taken_in_again(pekit):
    Path("photos/Cup").mkdir(parents=True)
    Path("red.png").rename("photos/Cup/1.png")
    odd = Path("blue.png").rename("photos/Cup/odd.png")
    ingested = ("ingest", "photos", "-c", "mug", "-p", "graded")
    (told,) = [line for line in pekit(*ingested).err.splitlines() if "odd.png" in line]
    assert told == (
        "Advice on Cup: odd.png resembles none of the others: if it shows something else, "
        "`pekit reject NAME PHOTO` takes it out again; if the object is small in it, point it out "
        "with `pekit add NAME PHOTO --box`."
    )
    (cup,) = json.loads(pekit("reject", "Cup", odd, "-p", "graded", "--json").out)
    assert (cup["n_views"], cup["n_negatives"]) == (1, 1)
    again = json.loads(pekit(*ingested, "--json").out)
    assert (again["already"], again["views"]) == (1, 0)
    assert [why for _, why in map(dict.values, again["skipped"])] == ["it was said not to be Cup"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a disk that takes any bytes as a name")
def test_names_may_hold_anything(tmp_path, monkeypatch):
    terminal = Console(file=io.StringIO(), force_terminal=True, width=200)
    monkeypatch.setattr(cli_ingest, "err", terminal)
    photos, memory = tmp_path / "photos", tmp_path / "memory"
    cup = photos / "[bold]Cup["
    cup.mkdir(parents=True)
    solid_scene({"red": (20, 20, 90, 90)}).save(cup / "1.png")
    bad = Path(os.fsdecode(os.fsencode(cup) + b"/caf\xe9\x1b[2J.jpg"))
    bad.write_bytes(b"x")
    command = ("ingest", photos, "-p", "fake", "-m", memory)
    result = invoke(*command)
    assert result.exit_code == 0, (result.output, result.exception)
    said = terminal.file.getvalue()
    assert "[bold]Cup[" in said
    assert "/caf??[2J.jpg: expected a photo" in said
    (left_out,) = json.loads(invoke(*command, "--json").stdout)["skipped"]
    assert left_out["photo"].endswith("caf\\udce9\x1b[2J.jpg")


def test_photos_that_are_new_are_counted_and_crops_are_kept_on_request(tmp_path):
    photos, memory = tmp_path / "photos", tmp_path / "memory"
    (photos / "Cup").mkdir(parents=True)
    solid_scene({"red": (20, 20, 90, 90)}).save(photos / "Cup" / "1.png")
    command = ("ingest", photos, "-p", "fake", "-m", memory, "--keep-crops")
    assert invoke(*command).exit_code == 0
    solid_scene({"red": (60, 20, 130, 90)}).save(photos / "Cup" / "2.png")
    said = json.loads(invoke(*command, "--json").stdout)
    assert [obj["n_views"] for obj in said["added"]] == [2]
    assert (said["views"], said["already"], said["stored"]) == (1, 0, [])
    views = json.loads(invoke("views", "Cup", "-p", "fake", "-m", memory, "--json").stdout)
    assert [view["has_crop"] for view in views] == [True, True]


def test_optimize_is_for_one_user_or_for_all(tmp_path, monkeypatch):
    compacted = []
    monkeypatch.setattr(
        "pekit_agents.memory.table.optimizing.Transactions.compact",
        lambda self: compacted.append(self.place.path.name),
    )
    monkeypatch.setattr(maintenance, "GRACE", timedelta())  # nobody reads what is replaced
    for user in ("ann", "bob"):
        memory = Memory.open(tmp_path, user_id=user, encoder_id="e", dim=2)
        (tmp_path / "not-a-user").mkdir(exist_ok=True)
        cup = PersonalObject("cup", "Cup", "mug", "", 0, datetime(2026, 1, 1, tzinfo=UTC))
        memory.insert(cup, [[1.0, 0.0]])
    assert "Optimized 1 memory." in invoke("optimize", "-u", "ann", "-m", tmp_path).output
    assert len(compacted) == 2  # the second pass removes what the first one replaced
    assert "Optimized 2 memories." in invoke("optimize", "--all", "-m", tmp_path).output
    assert len(set(compacted)) == 2


def test_optimize_removes_what_is_left_of_users_who_never_come_again(tmp_path):
    """Forgetting them was interrupted: their folder was taken away and not yet removed."""
    left, other = (tmp_path / f"{digit * 64}.forgotten" for digit in "ab")
    (left / "objects.lance").mkdir(parents=True)
    (left / "objects.lance" / "x").write_bytes(b"secret")
    other.mkdir()
    (tmp_path / "notes.forgotten").mkdir()  # somebody else's
    assert "Optimized 0 memories" in invoke("optimize", "--all", "-m", tmp_path).output
    assert [path.name for path in tmp_path.iterdir()] == ["notes.forgotten"]
