"""Photos made worse: what each way does to a photo that is known."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pekit_agents.evaluation.calibrating.conditions import CONDITIONS

WAYS = [(name, number) for name, ways in CONDITIONS.items() for number in range(len(ways))]
GREY = Image.new("RGB", (400, 300), (100, 100, 100))


def edge() -> Image.Image:
    """Return a photo that is dark on the left and bright on the right."""
    picture = Image.new("RGB", (400, 300), (40, 40, 40))
    picture.paste((160, 160, 160), (200, 0, 400, 300))
    return picture


def made(name, number, photo) -> np.ndarray:
    return np.asarray(CONDITIONS[name][number](photo), np.float64)


def test_there_are_four_conditions_and_seven_ways_to_them():
    assert {name: len(ways) for name, ways in CONDITIONS.items()} == {
        "blurred": 3,
        "dark": 2,
        "overexposed": 1,
        "noisy": 1,
    }


@pytest.mark.parametrize(("name", "number"), WAYS)
def test_photos_are_brought_to_one_size_and_are_the_same_every_time(name, number):
    for size, expected in (((400, 300), (600, 800)), ((30, 90), (800, 267))):
        photo = Image.new("RGB", size, (90, 120, 150))
        first, again = (made(name, number, photo) for _ in range(2))
        assert first.shape == (*expected, 3)
        np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(
    ("name", "number", "level"),
    [("blurred", 0, 100), ("blurred", 1, 100), ("blurred", 2, 100), ("dark", 0, 10),
     ("dark", 1, 25), ("overexposed", 0, 255), ("noisy", 0, 100)],
)  # fmt: skip
def test_light_is_what_the_condition_makes_it(name, number, level):
    assert made(name, number, GREY).mean() == pytest.approx(level, abs=1)


@pytest.mark.parametrize("number", range(3))
def test_a_blur_makes_a_slope_of_an_edge(number):
    row = made("blurred", number, edge())[300, :, 0]
    between = ((row > 60) & (row < 140)).sum()  # two pixels wide where it is sharp
    assert between >= 10
    assert (row[100], row[700]) == pytest.approx((40, 160), abs=2)


def test_a_camera_that_moved_sideways_blurs_nothing_up_and_down():
    upright = edge().transpose(Image.Transpose.ROTATE_90)
    column = made("blurred", 0, upright)[:, 300, 0]
    assert ((column > 60) & (column < 140)).sum() <= 4


def test_a_moved_camera_averages_over_60_pixels():
    row = made("blurred", 0, edge())[300, :, 0]
    assert row[400] == pytest.approx(100, abs=4)
    rising = np.flatnonzero((row > 41) & (row < 159))
    inner = rising[(rising > 300) & (rising < 500)]
    assert np.ptp(inner) == pytest.approx(60, abs=4)


def test_noise_is_that_of_a_sensor_the_same_in_all_colours():
    noise = made("noisy", 0, GREY) - 100
    assert noise[..., 0].std() == pytest.approx(59, abs=3)  # 60, cut at black
    np.testing.assert_array_equal(noise[..., 0], noise[..., 2])
