"""``pekit remember`` and ``pekit add`` with clips."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from pekit_agents import profiles
from tests.video.turned_things import FRONT, HAND, LEFT, TOP, look, sides_profile, write_clip


@pytest.fixture
def run(pekit, monkeypatch):
    """Run ``pekit`` in a folder with cup.mp4, top.mp4 and front.png."""
    monkeypatch.setitem(profiles.PROFILES, "sides", sides_profile)
    monkeypatch.setenv("PEKIT_PROFILE", "sides")
    write_clip(Path("cup.mp4"), [FRONT, HAND, LEFT, LEFT])
    write_clip(Path("top.mp4"), [TOP] * 3)
    look(FRONT).save("front.png")
    return pekit


def views(run) -> list[str]:
    return [each["view_id"] for each in json.loads(run("views", "Cup", "--json").out)]


def test_a_clip_is_remembered_and_its_frames_are_drawn(run):
    done = run("remember", "Cup", "cup.mp4", "-c", "cup", "--sheet", "picked.png")
    assert done.code == 0, done.err
    assert "Wrote the picked frames to picked.png." in done.err
    assert Image.open("picked.png").size == (2 * 368 + 8, 301 + 8)
    assert "Advice: cup.mp4: it looks nearly the same wherever it is seen well: turn it" in done.out
    assert len(views(run)) == 2


def test_clips_and_photos_are_remembered_together(run):
    done = run("remember", "Cup", "front.png", "top.mp4", "cup.mp4", "-c", "cup", "--json")
    (cup,) = json.loads(done.out)
    assert cup["n_views"] == 4
    done = run("remember", "Mug", "cup.mp4", "front.png", "-c", "cup")
    assert "Advice: front.png adds nothing to the frame at 0.0 s of cup.mp4: use one" in done.out


def test_a_clip_that_was_added_already_adds_nothing(run):
    assert run("remember", "Cup", "front.png", "-c", "cup").code == 0
    assert run("add", "Cup", "cup.mp4", "top.mp4", "--sheet", "picked.png").code == 0
    assert Image.open("picked.png").size == (2 * 368 + 8, 2 * 301 + 8)
    known = views(run)
    assert len(known) == 4
    Path("cup.mp4").rename("same.mp4")
    done = run("add", "Cup", "same.mp4", "top.mp4")
    assert "Advice: same.mp4 was added already: nothing is added for it." in done.out
    run("remove-view", "Cup", known[1])  # also where its owner took one of its views out
    run("add", "Cup", "same.mp4")
    assert views(run) == [known[0], *known[2:]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("front.png", "--sheet", "a.png"), "expected a clip for --sheet, which draws the frames"),
        (
            ("cup.mp4", "--sheet", "a.gif"),
            "expected --sheet with a file .png or .jpg or .jpeg, found a.gif",
        ),
        (("cup.mp4", "--sheet", "no/a.png"), "expected a folder to write a.png in, found none"),
        (("cup.mp4", "--sheet", "red.png"), "red.png is there already; give another --sheet or"),
        (("cup.mp4", "--box", "1,2,30,40"), "expected --box with a photo, found a clip"),
        (("cut.mp4",), "cut.mp4: expected a clip"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_stored(run, arguments, said):
    Path("cut.mp4").write_bytes(Path("cup.mp4").read_bytes()[:600])
    done = run("remember", "Cup", *arguments, "-c", "cup")
    assert (done.code, said in done.err) == (1, True), done.err
    assert run("list", "--json").out.strip() in ("", "[]")
    assert not Path("a.png").exists()


def test_a_sheet_is_replaced_where_that_is_asked_for(run):
    assert run("remember", "Cup", "cup.mp4", "-c", "cup", "--sheet", "red.png", "--force").code == 0
    assert Image.open("red.png").size == (2 * 368 + 8, 301 + 8)


def test_one_bad_clip_does_not_stop_the_others(run):
    Path("cut.mp4").write_bytes(Path("cup.mp4").read_bytes()[:600])
    run("remember", "Cup", "front.png", "-c", "cup")
    done = run("add", "Cup", "cut.mp4", "top.mp4")
    assert (done.code, len(views(run))) == (1, 2)
    assert "cut.mp4: expected a clip" in done.err
