"""The demo's judgement: a match on the wrong print must not pass."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from pekit_agents.demo.clips import clip_frames
from pekit_agents.demo.run import SceneResult, judge, run_demo
from pekit_agents.demo.scenes import SCENES
from pekit_agents.errors import InvalidInput
from pekit_agents.retrieval.finding import Finding
from pekit_agents.types import Box, Match, PersonalObject

CAT_PRINT, STRANGER = Box(0, 0, 100, 100), Box(200, 0, 300, 100)
TRUTH = [("Cat", CAT_PRINT), (None, STRANGER)]


def found(*named: tuple[str, Box], possible: tuple[tuple[str, Box], ...] = ()) -> Finding:
    matches, perhaps = (
        tuple(
            Match(PersonalObject(name, name, "thing", "", 1, datetime.now(UTC)), box, 0.9)
            for name, box in some
        )
        for some in (named, possible)
    )
    return Finding(Image.new("RGB", (300, 100)), matches, (), perhaps)


def verdicts(finding: Finding) -> list[str]:
    return [verdict for _, _, verdict in judge(finding, TRUTH)]


def test_the_right_name_on_its_print_is_found_and_the_stranger_is_left_alone():
    assert verdicts(found(("Cat", Box(10, 10, 90, 90)))) == ["found", "left alone"]


def test_silence_misses_the_object():
    assert verdicts(found()) == ["missed", "left alone"]


def test_what_is_only_possible_is_asked_about():
    cat, other = ("Cat", Box(10, 10, 90, 90)), ("Cat", Box(210, 10, 290, 90))
    assert verdicts(found(possible=(cat,))) == ["asked about", "left alone"]
    assert verdicts(found(cat, possible=(other,))) == ["found", "asked about"]
    assert verdicts(found(other, possible=(other,))) == ["missed", "wrong"]


def test_a_name_on_a_stranger_is_wrong():
    assert verdicts(found(("Cat", Box(210, 10, 290, 90)))) == ["missed", "wrong"]


def test_another_name_on_the_print_is_wrong():
    assert verdicts(found(("Dog", Box(10, 10, 90, 90)))) == ["missed", "left alone", "wrong"]


def test_a_second_box_for_one_print_is_wrong():
    twice = found(("Cat", Box(10, 10, 90, 90)), ("Cat", Box(20, 20, 80, 80)))
    assert verdicts(twice) == ["found", "left alone", "wrong"]


def test_a_scene_is_right_only_when_every_verdict_is():
    finding = found()
    for rows, right in (
        ([("Cat", None, "found")], True),
        ([("Cat", None, "missed")], False),
        ([("Cat", None, "asked about")], False),
    ):
        assert SceneResult(SCENES[0], finding, tuple(rows)).right is right


@pytest.mark.parametrize("out", ["notes.txt", "notes.txt/demo"])
def test_a_folder_that_cannot_be_one_is_refused_before_anything_is_loaded(tmp_path, out):
    (tmp_path / "notes.txt").write_text("notes")
    with pytest.raises(InvalidInput, match=r"expected a folder .*notes\.txt.*; choose another"):
        run_demo(tmp_path / out, Console(quiet=True))


def test_the_clip_turns_past_the_tables(photos):
    frames = list(clip_frames(seconds=2.0, every=0.5))
    assert [time for time, _ in frames] == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert len({picture.size for _, picture in frames}) == 1
    first, *_, last = (np.asarray(picture, float) for _, picture in frames)
    assert np.abs(first - last).mean() > 20
    grass = first.mean(axis=(0, 1)), last.mean(axis=(0, 1))
    assert grass[1][1] - grass[1][2] > grass[0][1] - grass[0][2] + 5  # it ends on the lawn
