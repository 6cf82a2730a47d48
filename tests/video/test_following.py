"""What is followed from frame to frame, and what is let go."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pekit_agents.types import Box
from pekit_agents.video.following import SIDE as COMPARED
from pekit_agents.video.following import camera_shift, follow, grey
from tests.video.moving_things import SIDE, SIZE, ground, scene


def box_at(corner: tuple[int, int]) -> Box:
    return Box(corner[0], corner[1], corner[0] + SIDE, corner[1] + SIDE)


def followed(before, now, *boxes: Box) -> list[Box | None]:
    return follow(grey(before), grey(now), boxes, before.size)


@pytest.mark.parametrize("to", [(100, 90), (109, 84), (82, 101), (120, 90)])
def test_a_thing_that_moves_is_followed(to):
    (now,) = followed(scene({"red": (100, 90)}), scene({"red": to}), box_at((100, 90)))
    assert now is not None
    assert now.xyxy == pytest.approx(box_at(to).xyxy, abs=1)


def test_boxes_of_a_larger_frame_are_in_its_pixels():
    before, now = (scene({"red": at}).resize((960, 720)) for at in ((100, 90), (110, 96)))
    (box,) = followed(before, now, Box(300, 270, 480, 450))
    assert box is not None
    assert box.xyxy == pytest.approx((330, 288, 510, 468), abs=3)


def test_each_of_several_goes_its_own_way():
    before = scene({"red": (40, 60), "blue": (200, 120)})
    now = scene({"red": (52, 60), "blue": (190, 110)})
    red, blue = followed(before, now, box_at((40, 60)), box_at((200, 120)))
    assert red is not None
    assert blue is not None
    assert red.xyxy == pytest.approx(box_at((52, 60)).xyxy, abs=1)
    assert blue.xyxy == pytest.approx(box_at((190, 110)).xyxy, abs=1)


def test_the_cameras_movement_takes_things_further():
    """40 pixels are more than a thing may go by itself."""
    before = scene({"red": (140, 90)}, ground(shift=(0, 0)))
    now = scene({"red": (100, 78)}, ground(shift=(40, 12)))
    assert camera_shift(grey(before), grey(now)) == (-40, -12)
    (box,) = followed(before, now, box_at((140, 90)))
    assert box is not None
    assert box.xyxy == pytest.approx(box_at((100, 78)).xyxy, abs=1)


def test_what_is_taken_away_is_let_go():
    assert followed(scene({"red": (100, 90)}), scene({}), box_at((100, 90))) == [None]


def test_a_twin_beside_it_is_not_taken_for_what_is_gone():
    marks = np.random.default_rng(3).integers(0, 255, (24, 24), np.uint8)
    twin = Image.fromarray(marks)
    before, now = ground(), ground()
    before.paste(twin, (100, 90))
    for picture in (before, now):
        picture.paste(twin, (122, 90))
    assert followed(before, now, Box(100, 90, 122, 114)) == [None]


def test_what_is_replaced_is_let_go():
    before, now = scene({"red": (100, 90)}), scene({}, ground(seed=5))
    assert followed(before, now, box_at((100, 90))) == [None]


def test_what_leaves_the_frame_is_cut_at_its_edge():
    before, now = scene({"red": (8, 90)}), scene({"red": (-8, 90)})
    (box,) = followed(before, now, box_at((8, 90)))
    assert box is not None
    assert box.xyxy == pytest.approx((0, 90, SIDE - 8, 90 + SIDE), abs=1)


def test_a_plain_patch_gives_nothing_to_hold_on_to():
    plain = np.full((240, 320), 128, np.float32)
    with np.errstate(all="raise"):
        assert follow(plain, plain, [box_at((100, 90))], SIZE) == [None]


def test_a_tiny_box_gives_nothing_to_hold_on_to():
    picture = scene({"red": (100, 90)})
    assert followed(picture, picture, Box(110, 100, 114, 104)) == [None]


def test_without_boxes_there_is_nothing_to_do():
    assert followed(scene({}), scene({})) == []


@pytest.mark.parametrize("size", [(1920, 1080), (300, 200), (3, 700)])
def test_frames_are_compared_small(size):
    values = grey(ground().resize(size))
    assert values.dtype == np.float32
    assert max(values.shape) == min(COMPARED, max(size))
    assert min(values.shape) >= 1
