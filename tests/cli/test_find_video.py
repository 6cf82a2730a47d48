"""``pekit find-video``, and what other commands say of clips."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from pekit_agents import profiles
from pekit_agents.kit.videos import Videos
from pekit_agents.video.decoding import describe_clip
from tests.video.turned_things import FRONT, HAND, LEFT, NOTHING, look, sides_profile, write_clip


@pytest.fixture
def run(pekit, monkeypatch):
    """Run ``pekit`` where the cup is remembered, in a folder with cup.mp4 and hand.mp4."""
    monkeypatch.setitem(profiles.PROFILES, "sides", sides_profile)
    monkeypatch.setenv("PEKIT_PROFILE", "sides")
    write_clip(Path("cup.mp4"), [NOTHING] * 4 + [FRONT] * 3 + [HAND, NOTHING] * 7 + [LEFT] * 3)
    write_clip(Path("hand.mp4"), [HAND] * 3)
    look(FRONT).save("front.png")
    assert pekit("remember", "Cup", "front.png", "-c", "cup").code == 0
    return pekit


def test_a_table_says_when_a_thing_is_in_a_clip(run):
    done = run("find-video", "cup.mp4")
    assert done.code == 0, done.err
    rows = [line for line in done.out.splitlines() if "Cup" in line]
    assert [row.split()[1] for row in rows] == ["0:01.2-0:02.0", "0:06.4-0:07.0"]
    assert "until 0:07.0." in done.out


def test_a_clip_without_ones_things_is_no_error(run):
    done = run("find-video", "hand.mp4")
    assert (done.code, "None of your objects." in done.out) == (0, True), done.err


def test_json_is_the_timeline_alone(run):
    said = json.loads(run("find-video", "cup.mp4", "--json", "--end", "2.1").out)
    assert [each["name"] for each in said["sightings"]] == ["Cup"]
    assert said["complete"]


def test_all_that_is_asked_for_is_written(run):
    options = ("--sheet", "a.png", "--annotated", "a.mp4", "--vtt", "a.vtt", "--csv", "a.csv")
    done = run("find-video", "cup.mp4", *options)
    assert done.code == 0, done.err
    assert Image.open("a.png").width > 700
    assert Path("a.vtt").read_text().count("Cup") == 2
    assert Path("a.csv").read_text().count("Cup") == 2
    assert Path("a.mp4").stat().st_size > 1000
    again = run("find-video", "cup.mp4", *options)
    assert (again.code, "a.png is there already; give another --sheet" in again.err) == (1, True)
    assert run("find-video", "cup.mp4", *options, "--force").code == 0


def test_the_annotated_clip_is_the_part_that_was_searched(run):
    times = ("--start", "1", "--end", "2.5")
    assert run("find-video", "cup.mp4", *times, "--annotated", "part.mp4").code == 0
    assert describe_clip("part.mp4").duration == pytest.approx(1.5, abs=0.15)


def stopped_after(monkeypatch, count):
    """Have Ctrl+C typed after so many updates, or never; return the times of all."""
    follow, times = Videos.follow_video, []

    def interrupted(self, *args, **options):
        for number, update in enumerate(follow(self, *args, **options), 1):
            times.append(update.time)
            yield update
            if number == count:
                raise KeyboardInterrupt

    monkeypatch.setattr(Videos, "follow_video", interrupted)
    return times


def test_a_search_that_is_stopped_goes_on_where_it_was(run, monkeypatch):
    whole = json.loads(run("find-video", "cup.mp4", "--json").out)
    with monkeypatch.context() as patch:
        stopped_after(patch, 6)
        done = run("find-video", "cup.mp4", "--timeline", "t.json", "--sheet", "a.png")
    assert (done.code, "t.json holds it: the same command goes on" in done.err) == (130, True)
    assert "Cup" in done.out
    half = json.loads(Path("t.json").read_text())
    assert not half["complete"]
    times = stopped_after(monkeypatch, None)
    done = run("find-video", "cup.mp4", "--timeline", "t.json", "--sheet", "a.png", "--json")
    assert done.code == 0, done.err
    assert min(times) > half["until"], "what was searched is not searched again"
    said = json.loads(done.out)
    for side in ("start", "end"):  # what is followed at the stop may lose a frame there
        times = [[each[side] for each in found["sightings"]] for found in (said, whole)]
        assert times[0] == pytest.approx(times[1], abs=0.25)
    colours = Image.open("a.png").convert("RGB").getcolors(1 << 20)
    assert not any(colour == (225, 225, 225) and n > 500 for n, colour in colours), "no picture"


def test_a_search_that_is_stopped_says_how_to_go_on(run, monkeypatch):
    stopped_after(monkeypatch, 6)
    done = run("find-video", "cup.mp4", "--vtt", "a.vtt")
    assert (done.code, "Go on with --start" in done.err) == (130, True)
    assert "Cup" in Path("a.vtt").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("find", "cup.mp4"), "expected a photo, found a clip; search it with `pekit find-video c"),
        (("find-video", "none.mp4"), "none.mp4: expected a clip, found no file"),
        (("find-video", "front.png"), "expected a clip, got a photo"),
        (("find-video", "cup.mp4", "--vtt", "cup.mp4"), "expected --vtt with a file .vtt"),
        (("find-video", "cup.mp4", "--annotated", "cup.mp4", "--force"), "is the clip itself"),
        (("find-video", "cup.mp4", "--timeline", "front.png"), "expected a timeline to go on"),
        (("find-video", "hand.mp4", "--timeline", "cup.json"), "found that of another clip"),
    ],
)
def test_what_cannot_be_done_is_said(run, arguments, said):
    run("find-video", "cup.mp4", "--end", "0.5", "--timeline", "cup.json")
    done = run(*arguments)
    assert (done.code, said in done.err) == (1, True), done.err


def test_what_cannot_be_read_of_a_clip_is_told(run):
    data = Path("cup.mp4").read_bytes()
    cut = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 3
    Path("cut.mp4").write_bytes(data[:cut] + bytes(600) + data[cut + 600 :])
    done = run("find-video", "cut.mp4")
    assert (done.code, "cut.mp4: after" in done.err) == (1, True), done.err


def test_the_prompt_of_a_clip_says_when(run):
    done = run("prompt", "cup.mp4", "When did the cup leave?", "--out", "p.png")
    assert (done.code, "0:01.2-0:02.0" in done.out) == (0, True), done.err
    assert "When did the cup leave?" in done.out
    assert Image.open("p.png").width > 300
