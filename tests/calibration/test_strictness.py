"""How strict, in words or as a share of photos."""

from __future__ import annotations

import pytest

from pekit_agents.calibration import STRICTNESS, rate_of
from pekit_agents.errors import InvalidInput


@pytest.mark.parametrize(
    ("strictness", "rate"),
    [("recall", 0.2), ("balanced", 0.12), ("precision", 0.02), (0.05, 0.05), (1, 1.0)],
)
def test_strictness_is_a_word_or_a_rate(strictness, rate):
    found = rate_of(strictness)
    assert (found, type(found)) == (rate, float)


def test_the_words_stand_from_the_loosest_to_the_strictest():
    assert list(STRICTNESS.values()) == sorted(STRICTNESS.values(), reverse=True)


@pytest.mark.parametrize("strictness", ["strict", 0, -0.1, 1.5, None, True, float("nan"), [0.1]])
def test_another_strictness_is_refused(strictness):
    with pytest.raises(InvalidInput) as info:
        rate_of(strictness)
    assert str(info.value) == (
        "expected strictness 'recall', 'balanced', 'precision' or a share of photos in (0, 1], "
        f"found {strictness!r}"
    )
