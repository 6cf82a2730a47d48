"""Whether anything moved, whether a shot ended, and which frame is sharp."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from pekit_agents.video.changes import is_cut, moved, sharpness_of
from pekit_agents.video.following import grey
from tests.video.moving_things import ground, scene

STILL = scene({"red": (100, 90)})


def noisy(picture, seed, sigma=6):
    noise = np.random.default_rng(seed).normal(0, sigma, (picture.height, picture.width, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def test_noise_does_not_move():
    assert not moved(grey(noisy(STILL, 1)), grey(noisy(STILL, 2)))


def test_a_cloud_does_not_move():
    darker = ground().point(lambda value: value - 20)
    assert not moved(grey(ground()), grey(darker))


@pytest.mark.parametrize("now", [scene({"red": (104, 90)}), scene({}), ground(seed=3)])
def test_what_comes_goes_or_stirs_moves(now):
    assert moved(grey(STILL), grey(now))


def test_a_thing_of_a_fortieth_of_the_width_moves():
    """16 of 640 pixels."""
    place = ground().resize((640, 480))
    with_it = place.copy()
    with_it.paste((255, 0, 0), (300, 200, 316, 216))
    assert moved(grey(place), grey(with_it))


def test_another_shot_is_a_cut():
    assert is_cut(grey(STILL), grey(scene({"red": (100, 90)}, ground(seed=9))))


@pytest.mark.parametrize("shift", [(0, 0), (12, 0), (40, 20)])
def test_a_camera_that_turns_is_no_cut(shift):
    assert not is_cut(grey(ground()), grey(ground(shift=shift)))


def test_a_plain_picture_is_no_cut_from_itself():
    plain = np.full((240, 320), 90, np.float32)
    assert not is_cut(plain, plain)


def test_a_blurred_frame_is_less_sharp():
    blurred = STILL.filter(ImageFilter.GaussianBlur(4))
    assert sharpness_of(grey(STILL)) > 2 * sharpness_of(grey(blurred))


def test_a_frame_of_two_rows_has_no_edges():
    assert sharpness_of(np.zeros((2, 320), np.float32)) == 0
