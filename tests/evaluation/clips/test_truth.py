"""What is true of a clip: boxes by time, and a file that is read again as it was written."""

from __future__ import annotations

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.clips.truth import Appearance, ClipTruth, read_truths, write_truths
from pekit_agents.types import Box
from pekit_agents.video.timeline import TimedBox

BOXES = tuple(TimedBox(t, Box(10 * t, 0, 10 * t + 5, 5)) for t in (1.0, 1.5, 2.0))
CUP = Appearance("cup", 1.5, 2.0, BOXES)


@pytest.mark.parametrize(
    ("time", "left"), [(1.0, 10), (1.05, 10), (1.45, 15), (2.09, 20), (1.25, None), (2.2, None)]
)
def test_a_box_is_that_of_the_nearest_frame(time, left):
    box = CUP.box_at(time)
    assert (box and box.x0) == left


def test_it_is_seen_before_half_of_it_is():
    assert (CUP.first, CUP.last) == (1.0, 2.0)
    assert Appearance("cup", 3, 4).first == 3
    assert Appearance("cup", 3, 4).box_at(3.5) is None


def test_strangers_and_glimpses_need_not_be_found():
    stranger = Appearance("mug", 0, 1, remembered=False)
    glimpse = Appearance("pen", 0, 1, glimpse=True)
    truth = ClipTruth("one", "pan", 4.0, (64, 48), (stranger, glimpse, CUP))
    assert truth.to_find == (CUP,)
    assert truth.of("mug") == (stranger,)


def test_a_file_gives_back_what_was_written(tmp_path):
    truth = ClipTruth("one", "pan", 4.0, (64, 48), (CUP,), frozenset({"cup"}))
    write_truths(tmp_path / "truth.json", [truth], seed=3)
    assert read_truths(tmp_path / "truth.json") == [truth]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 9}', '{"format": 1, "clips": [1]}'])
def test_another_file_is_refused(tmp_path, text):
    (tmp_path / "truth.json").write_text(text)
    with pytest.raises(InvalidInput, match=r"truth\.json"):
        read_truths(tmp_path / "truth.json")
