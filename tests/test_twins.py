"""Near twins, with numbers worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.twins import TwinSettings, agreement, chances, kinship
from pekit_agents.types import Details

SETTINGS = TwinSettings(
    within=0.2, kinship=0.7, score=4, likeness=10, colour=20, sure=0.8
)  # fmt: skip


def details(codes, colours, weights=None) -> Details:
    weights = [127] * len(codes) if weights is None else weights
    return Details(*(np.array(each, np.int8) for each in (codes, colours, weights)))


RED, BLUE, GREY = (60, 40), (60, -40), (0, 0)
ONE = details([(100, 0), (0, 100)], [RED, GREY])


def test_a_region_agrees_with_itself_entirely():
    likeness, colour = agreement(ONE, [ONE])
    assert (likeness, colour) == (pytest.approx(1), pytest.approx(1))


def test_where_patches_lie_and_how_long_their_codes_are_is_of_no_account():
    turned = details([(0, 7), (50, 0)], [GREY, RED])
    assert agreement(ONE, [turned]) == (pytest.approx(1), pytest.approx(1))


def test_colours_are_compared_where_features_are_alike():
    other = details([(100, 0), (0, 100)], [BLUE, GREY])
    likeness, colour = agreement(ONE, [other])
    assert likeness == pytest.approx(1)
    # The red patch counts (5 + 72)^2, the grey one 5^2; 80 apart is exp(-80 / 20).
    red, grey = (5 + math.hypot(60, 40)) ** 2, 5**2
    assert colour == pytest.approx((red * math.exp(-4) + grey) / (red + grey), rel=1e-4)


def test_patches_that_resemble_nothing_lower_the_likeness_and_their_colour_says_nothing():
    other = details([(100, 0)], [RED])
    likeness, colour = agreement(ONE, [other])
    assert likeness == pytest.approx((0.5 + 1) / 2)  # one of two patches there, all of them back
    assert colour == pytest.approx(1)


def test_patches_weigh_as_much_as_the_object_covers_of_them():
    edge = replace(ONE, weights=np.array([127, 1], np.int8))
    likeness, _ = agreement(edge, [details([(100, 0)], [RED])])
    assert likeness == pytest.approx((127 / 128 + 1) / 2)


def test_the_view_that_agrees_most_counts_for_each_measure():
    pale, strange = details([(100, 0), (0, 100)], [GREY, GREY]), details([(100, 0)], [RED])
    found = agreement(ONE, [pale, strange])
    assert found == (
        pytest.approx(agreement(ONE, [pale])[0]),
        pytest.approx(agreement(ONE, [strange])[1]),
    )


def test_what_has_nothing_in_common_agrees_in_nothing():
    assert agreement(details([(100, 0)], [RED]), [details([(-100, 0)], [RED])]) == (0.0, 0.0)


def test_a_patch_without_features_is_like_nothing():
    likeness, colour = agreement(details([(0, 0)], [RED]), [ONE])
    assert (likeness, colour) == (0.0, 0.0)


def test_chances_follow_from_all_three_measures():
    found = chances([0.5, 0.4], [(0.6, 0.5), (0.5, 0.7)], SETTINGS)
    # 4 * 0.1 + 10 * 0.1 - 20 * 0.2
    assert found == pytest.approx([1 / (1 + math.exp(2.6)), 1 / (1 + math.exp(-2.6))])


def test_chances_of_far_apart_odds_stay_numbers():
    huge = replace(SETTINGS, colour=1e6)
    assert chances([0, 0], [(0, 0), (0, 1)], huge).tolist() == [0, 1]


def test_kin_are_as_alike_as_their_most_alike_views():
    views = np.array([(1, 0), (0, 1)], np.float32)
    assert kinship(views, np.array([(0.6, 0.8), (-1, 0)], np.float32)) == pytest.approx(0.8)


@pytest.mark.parametrize("change", [{"within": -0.1}, {"kinship": 1.1}, {"sure": 0.4}])
def test_settings_that_mean_nothing_are_refused(change):
    (name,) = change
    with pytest.raises(InvalidInput, match=f"expected {name} in"):
        replace(SETTINGS, **change)
