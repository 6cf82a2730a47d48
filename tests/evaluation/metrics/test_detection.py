import pytest

from pekit_agents.evaluation.metrics.detection import (
    detection_precision,
    detection_recall,
    match_boxes,
)
from pekit_agents.evaluation.records import Named
from pekit_agents.types import Box

LEFT = Box(0, 0, 10, 10)
HALF = Box(0, 0, 10, 5)  # IoU with LEFT is 0.5
THIRD = Box(0, 0, 10, 4)  # 0.4
FAR = Box(50, 50, 60, 60)


@pytest.mark.parametrize(
    ("found", "true", "expected"),
    [
        ([], [], []),
        ([LEFT], [], [None]),
        ([], [LEFT], []),
        ([LEFT], [FAR], [None]),
        ([HALF], [LEFT], [0]),
        ([THIRD], [LEFT], [None]),
        ([LEFT, LEFT], [LEFT], [0, None]),  # one to one
        ([HALF, LEFT], [LEFT, HALF], [1, 0]),  # the surest first, each its best
        ([LEFT, HALF], [LEFT, LEFT], [0, 1]),
    ],
)
def test_boxes_are_matched_greedily_and_one_to_one(found, true, expected):
    assert match_boxes(found, true, 0.5) == expected


def test_a_box_counts_for_its_own_name_only(trial, draw):
    found = draw(
        trial("1", "cup", Named("cup", 0.9, HALF), boxes={"cup": (LEFT,)}),
        trial("2", "cup", Named("dog", 0.9, LEFT), boxes={"cup": (LEFT,)}),
        trial("3", "dog", Named("dog", 0.9, THIRD), boxes={"dog": (LEFT,)}),
        trial("4", (), Named("dog", 0.9, LEFT)),
    )
    assert detection_precision(found).value == 1 / 4
    assert detection_recall(found).value == 1 / 3
    assert detection_precision(found, 0.3).value == 2 / 4
    assert detection_recall(found, 0.3).value == 2 / 3


def test_undecided_boxes_and_unknown_things_do_not_count(trial, draw):
    torn = draw(
        trial("1", "cup", Named("cup", 0.9, LEFT, ("dog",)), boxes={"cup": (LEFT,)}),
        trial("2", "stranger", (), boxes={"stranger": (LEFT, FAR)}),
    )
    assert detection_precision(torn).value is None
    assert detection_recall(torn).parts == {"cup": (0.0, 1.0)}


def test_places_of_things_that_are_not_judged_do_not_count(trial, draw):
    frame = draw(
        trial("1", "cup", (), about=("dog",), boxes={"cup": (LEFT,)}),
        trial("2", "dog", Named("dog", 0.9, LEFT), about=("dog",), boxes={"dog": (LEFT,)}),
    )
    assert detection_recall(frame).parts == {"dog": (1.0, 1.0)}


def test_photos_whose_places_are_not_known_are_left_out(trial, draw):
    mixed = draw(
        trial("1", "cup", Named("cup", 0.9, LEFT), boxes={"cup": (LEFT,)}),
        trial("2", "cup", Named("cup", 0.9, FAR)),
    )
    assert detection_precision(mixed).value == detection_recall(mixed).value == 1.0


def test_without_places_on_either_side_nothing_is_defined(trial, draw):
    no_truth = draw(trial("1", "cup", Named("cup", 0.9, LEFT)))
    no_answer = draw(trial("1", "cup", "cup", boxes={"cup": (LEFT,)}))
    for undefined in (no_truth, no_answer, draw()):
        assert detection_precision(undefined).value is None
        assert detection_recall(undefined).value is None


def test_silence_finds_nothing(trial, draw):
    silent = draw(trial("1", "cup", boxes={"cup": (LEFT, FAR)}))
    assert detection_recall(silent).value == 0.0
    assert detection_precision(silent).value is None
