"""Boxes: hand-computed overlaps, and what holds for every box."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pekit_agents.boxes import as_box, clip, close_up, containment, framed, iou_matrix, nms
from pekit_agents.errors import InvalidInput
from pekit_agents.types import Box

edges = st.floats(-1e6, 1e6)
any_rows = st.lists(st.tuples(edges, edges, edges, edges), max_size=8)
sound_rows = st.lists(
    st.tuples(edges, edges, st.floats(1e-3, 1e6), st.floats(1e-3, 1e6)).map(
        lambda r: (r[0], r[1], r[0] + r[2], r[1] + r[3])
    ),
    max_size=8,
)


@pytest.mark.parametrize("measure", [iou_matrix, containment])
@pytest.mark.parametrize(
    ("a", "b", "shape"),
    [
        ([], [], (0, 0)),
        ([], [(0, 0, 1, 1)], (0, 1)),
        (np.zeros((0, 4)), np.zeros((3, 4)), (0, 3)),
        ([(0, 0, 1, 1)] * 2, [], (2, 0)),
    ],
)
def test_no_boxes_give_an_empty_matrix(measure, a, b, shape):
    assert measure(a, b).shape == shape


@pytest.mark.parametrize(
    ("a", "b", "iou", "inside"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1, 1),
        ((0, 0, 10, 10), (5, 0, 15, 10), 50 / 150, 50 / 100),
        ((0, 0, 10, 10), (5, 5, 15, 15), 25 / 175, 25 / 100),
        ((0, 0, 10, 10), (2, 2, 4, 7), 10 / 100, 1),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0, 0),  # touching is not overlapping
        ((0, 0, 10, 10), (30, 30, 40, 40), 0, 0),
        ((-5, -5, 5, 5), (0, 0, 5, 5), 25 / 100, 1),
    ],
)
def test_overlap_of_two_boxes(a, b, iou, inside):
    assert iou_matrix([a], [b])[0, 0] == pytest.approx(iou)
    assert containment([a], [b])[0, 0] == pytest.approx(inside)


@pytest.mark.parametrize(
    "bad",
    [
        (5, 5, 5, 9),
        (5, 5, 9, 5),
        (9, 9, 2, 2),
        (float("nan"), 0, 10, 10),
        (0, 0, float("inf"), 10),
        (0, 0, 1e300, 1e300),
        (-5, 20, 10, -5),
    ],
)
def test_degenerate_boxes_overlap_nothing_not_even_themselves(bad):
    whole = (0, 0, 10, 10)
    assert iou_matrix([bad, whole], [bad, whole]).tolist() == [[0, 0], [0, 1]]
    assert containment([bad, whole], [bad, whole]).tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize("shape", [(4,), (2, 3), (1, 1, 4)])
def test_rows_must_have_four_edges(shape):
    with pytest.raises(InvalidInput, match=r"expected shape \(N, 4\), got"):
        iou_matrix(np.ones(shape), [(0, 0, 1, 1)])


@given(any_rows, any_rows)
def test_measures_are_symmetric_and_within_0_and_1(a, b):
    for measure in (iou_matrix, containment):
        matrix = measure(a, b)
        assert matrix.shape == (len(a), len(b))
        assert ((matrix >= 0) & (matrix <= 1)).all()
        np.testing.assert_array_equal(matrix, measure(b, a).T)
    assert (iou_matrix(a, b) <= containment(a, b) + 1e-9).all()


@given(sound_rows)
def test_a_sound_box_is_identical_to_itself(rows):
    np.testing.assert_allclose(np.diag(iou_matrix(rows, rows)), 1)


def test_nms_of_nothing_keeps_nothing():
    kept = nms([], [], 0.5)
    assert kept.shape == (0,)
    assert kept.dtype == np.intp


@pytest.mark.parametrize(
    ("threshold", "kept"),
    [(0.0, [1, 3]), (0.3, [1, 3]), (1 / 3, [1, 0, 3]), (0.5, [1, 0, 3]), (1.0, [1, 2, 0, 3])],
)
def test_nms_keeps_the_best_of_each_cluster(threshold, kept):
    boxes = [(0, 0, 10, 10), (5, 0, 15, 10), (6, 0, 16, 10), (50, 50, 60, 60)]
    # IoU of 1 with 0, 2, 3: 1/3, 90/110, 0
    assert nms(boxes, [0.5, 0.9, 0.8, 0.1], threshold).tolist() == kept


def test_nms_prefers_the_earlier_of_equal_scores():
    scores = [i % 3 for i in range(60)]  # enough for an unstable sort to show
    order = sorted(range(60), key=lambda i: -scores[i])
    assert nms([(0, 0, 10, 10)] * 60, scores, 1.0).tolist() == order
    assert nms([(0, 0, 10, 10), (20, 0, 30, 10)] * 30, [1] * 60, 0.5).tolist() == [0, 1]


@given(sound_rows, st.floats(0, 1), st.randoms(use_true_random=False))
def test_kept_boxes_overlap_at_most_by_the_threshold_and_all_others_more(rows, threshold, random):
    scores = np.array([random.random() for _ in rows])
    kept = nms(rows, scores, threshold)
    overlap = iou_matrix(rows, rows)
    assert (np.diff(scores[kept]) <= 0).all()
    between = overlap[np.ix_(kept, kept)] - np.eye(len(kept))
    assert (between <= threshold + 1e-12).all()
    for lost in set(range(len(rows))) - set(kept.tolist()):
        better = [i for i in kept if scores[i] >= scores[lost]]
        assert (overlap[lost, better] > threshold).any()


@pytest.mark.parametrize(
    ("scores", "threshold", "message"),
    [
        ([1], 0.5, "one score"),
        ([1, float("nan")], 0.5, "not NaN"),
        ([1, 1], 1.5, "threshold in"),
        ([1, 1], float("nan"), "threshold in"),
    ],
)
def test_nms_refuses_what_it_cannot_rank(scores, threshold, message):
    with pytest.raises(InvalidInput, match=message):
        nms([(0, 0, 1, 1), (2, 2, 3, 3)], scores, threshold)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(1, 2, 3, 4), Box(1, 2, 3, 4)),
        (Box(-5, -5, 5, 5), Box(0, 0, 5, 5)),
        (Box(90, 40, 120, 70), Box(90, 40, 100, 50)),
        (Box(-1, -1, 101, 51), Box(0, 0, 100, 50)),
        (Box(100, 0, 120, 50), None),
        (Box(-20, 0, 0, 50), None),
        (Box(5, 5, 5, 9), None),
        (Box(float("nan"), 0, 10, 10), None),
        (Box(0, 0, 10, float("nan")), None),
        (Box(0, 0, float("inf"), 10), None),
    ],
)
def test_clip_to_a_100_by_50_image(box, expected):
    assert clip(box, 100, 50) == expected


@pytest.mark.parametrize(
    "value",
    [Box(10, 20, 30, 40), (10, 20, 30, 40), [10.0, 20, 30, 40], np.array([10, 20, 30, 40])],
)
def test_as_box_takes_boxes_and_sequences(value):
    assert as_box(value, 100, 50) == Box(10, 20, 30, 40)


def test_as_box_clips_what_reaches_beyond_the_image():
    assert as_box((-3, -3, 400, 20), 100, 50) == Box(0, 0, 100, 20)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ((0.1, 0.2, 0.5, 0.9), r"normalised: multiply by width 100 and height 50"),
        ((0, 0, 1, 1), "normalised"),
        ((60, 30, 20, 10), r"x, y, width and height, pass \(60, 30, 80, 40\)"),
        ((10, 10, 10, 30), "x0 < x1"),
        ((60, 30, -20, -10), "left, top, right and bottom"),
        ((200, 10, 300, 20), "lies outside"),
        ((1, 2, 3), "four finite numbers"),
        ((1, 2, 3, float("nan")), "four finite numbers"),
        ((1, 2, 3, float("inf")), "four finite numbers"),
        (((1, 2), (3,)), "four"),
        (("1", "2", "3", "4"), "four finite numbers"),
        ("1234", "four finite numbers"),
        (None, "four finite numbers"),
        ({"x0": 1}, "four finite numbers"),
        ([[1, 2, 3, 4]], "four finite numbers"),
    ],
)
def test_as_box_says_what_is_wrong(value, message):
    with pytest.raises(InvalidInput, match=rf"expected .*, got .*; .*{message}|{message}"):
        as_box(value, 100, 50)


@pytest.mark.parametrize(
    ("box", "window"),
    [
        (Box(400, 300, 500, 350), Box(380, 255, 520, 395)),  # 140 a side around (450, 325)
        (Box(500, 400, 504, 404), Box(486, 386, 518, 418)),  # never under 32
        (Box(0, 0, 100, 100), Box(0, 0, 120, 120)),  # cut off by the corner
        (Box(900, 500, 1000, 600), Box(880, 480, 1000, 600)),
    ],
)
def test_a_close_up_is_a_square_around_the_box_within_the_image(box, window):
    assert close_up(box, 1000, 600) == window


def test_a_frame_keeps_the_shape_of_its_box_and_stays_in_the_picture():
    assert framed(Box(100, 100, 200, 140), 400, 300) == Box(85, 94, 215, 146)
    assert framed(Box(0, 0, 400, 300), 400, 300) == Box(0, 0, 400, 300)
    assert framed(Box(10.5, 10.5, 11, 11), 400, 300) == Box(10, 10, 12, 12)
