"""What unknown things score against a memory, read off a bank of photos of them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from pekit_agents.calibration import Calibration
from pekit_agents.matching import MatchSettings, Nearest
from pekit_agents.memory import Memory
from pekit_agents.retrieval import settings_for
from pekit_agents.strangers import Strangers
from pekit_agents.types import PersonalObject

CALIBRATION = Calibration(location=0.5, scale=0.1, regions=0.5, mean=0.9, deviation=0.1)
#: The mean of ln(1 - share) over the shares that the tail is read off at.
MEAN_LOG = sum(math.log(share) for share in (0.5, 0.4, 0.3, 0.2, 0.1)) / 5


def along(*coordinates: float) -> np.ndarray:
    """Return unit vectors of 3 numbers whose cosine to the first axis is as given."""
    rows = [(c, math.sqrt(1 - c * c), 0.0) for c in coordinates]
    return np.array(rows, np.float32)


def bank(*cosines: float, photos=None, things=None, **more) -> Strangers:
    alone = np.arange(len(cosines))
    photos = alone if photos is None else np.array(photos)
    return Strangers(
        along(*cosines), photos, photos if things is None else np.array(things), **more
    )


class Stored:
    """A memory that counts how often it is asked."""

    def __init__(self, *views: tuple[float, float, float]) -> None:
        self.views = np.array(views or [(1, 0, 0)], np.float32)
        self.count, self.asked = len(self.views), 0

    def nearest(self, queries, *, max_weight, floor):
        del max_weight
        self.asked += 1
        scores = queries @ self.views.T
        order = np.argsort(-scores, axis=1)[:, :2]
        found = Nearest.nothing(len(queries))
        best = np.take_along_axis(scores, order, axis=1)
        found.scores[:, : order.shape[1]] = best
        found.objects[:, : order.shape[1]] = np.where(best > floor, order, -1)
        return None, found


def location(strangers, memory) -> float:
    return strangers.location(memory, CALIBRATION, 1.0)


def test_the_tail_begins_where_the_scores_of_strangers_say():
    steady = bank(0.3, 0.3, 0.3)
    assert location(steady, Stored()) == pytest.approx(0.3 + 0.1 * MEAN_LOG)
    exact = [0.1 - 0.1 * math.log(1 - share) for share in np.arange(2000) / 2000]
    assert location(bank(*exact), Stored()) == pytest.approx(0.1, abs=0.003)


def test_a_photo_counts_once_and_its_many_regions_are_allowed_for():
    one = bank(0.3, 0.3)
    four_each = bank(*[0.3, 0.1, 0.2, 0.1] * 2, photos=[0] * 4 + [1] * 4)
    less = 0.1 * 0.5 * math.log(4)
    assert location(four_each, Stored()) == pytest.approx(location(one, Stored()) - less)


def test_new_strangers_may_be_said_to_score_more_and_never_less_than_some():
    plain = location(bank(0.3, 0.3), Stored())
    assert location(bank(0.3, 0.3, margin=0.05), Stored()) == pytest.approx(plain + 0.05)
    assert location(bank(0.3, 0.3, least=0.4), Stored()) == 0.4
    assert location(bank(0.3, 0.3, least=-0.4), Stored()) == pytest.approx(plain)


def test_what_the_bank_has_of_an_object_itself_is_no_stranger_to_it():
    # Two photos of thing 0, of which only one is plainly the object, and a stranger.
    strangers = bank(0.95, 0.6, 0.2, things=[0, 0, 1])
    without = bank(0.0, 0.0, 0.2)
    assert location(strangers, Stored()) == pytest.approx(location(without, Stored()))


def test_it_is_a_stranger_to_the_other_objects():
    other = (0.6, 0.8, 0.0)  # at a cosine of 0.80 to the first view of the bank, below
    strangers = bank(1.0, 1.0, things=[0, 1])
    memory = Stored((1, 0, 0), other)
    expected = bank(0.6, 0.6)
    assert location(strangers, memory) == pytest.approx(location(expected, Stored()))


def test_objects_unlike_all_strangers_cost_nothing_and_like_ones_do():
    strangers = bank(0.3, 0.35, 0.4, 0.5)
    like = (-0.574, 0.819, 0.0)  # at cosines of 0.42 to 0.61 to them
    alone = location(strangers, Stored((1, 0, 0)))
    assert location(strangers, Stored((1, 0, 0), (0, 0, 1))) == alone
    assert location(strangers, Stored((1, 0, 0), like)) > alone + 0.1


def test_a_memory_is_compared_once_and_again_when_it_has_grown():
    strangers, memory = bank(0.3, 0.4), Stored()
    memory.count = 100
    first = location(strangers, memory)
    memory.views = memory.views * 2
    memory.count = 102
    assert location(strangers, memory) == first
    memory.count = 103
    assert location(strangers, memory) > first
    assert memory.asked == 2


@pytest.fixture
def gallery(tmp_path):
    memory = Memory.open(tmp_path, user_id="ann", encoder_id="e", dim=3)
    memory.insert(
        PersonalObject("a", "A", "thing", "", 0, datetime(2026, 1, 1, tzinfo=UTC)),
        np.array([[1, 0, 0]], np.float32),
    )
    return memory.gallery()


def test_settings_for_a_memory_have_its_own_tail(gallery):
    settings = MatchSettings(calibration=CALIBRATION, false_alarms=0.1)
    tuned = settings_for(gallery, settings, bank(0.3, 0.3))
    begins = 0.3 + 0.1 * MEAN_LOG
    for objects in (1, 50):
        tau = tuned.accept_above(objects=objects, regions=4)
        assert tau == pytest.approx(begins + 0.1 * math.log(4**0.5 / 0.1))
    assert settings_for(gallery, settings, None) is settings


def test_without_a_calibration_or_a_memory_settings_stay(gallery, tmp_path):
    by_hand = MatchSettings(threshold=0.4)
    assert settings_for(gallery, by_hand, bank(0.3)) is by_hand
    settings = MatchSettings(calibration=CALIBRATION)
    empty = Memory.open(tmp_path / "empty", user_id="ann", encoder_id="e", dim=3).gallery()
    assert settings_for(empty, settings, bank(0.3)) is settings
