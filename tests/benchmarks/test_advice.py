"""How often advice on reference photos is right, on real ones."""

from __future__ import annotations

import pytest

from benchmarks.recognition.advice import measure
from pekit_agents.profiles import load_profile


@pytest.mark.slow
@pytest.mark.usefixtures("embedded_model")
def test_advice_on_real_photos_is_seldom_wrong(development_photos):
    profile = load_profile("embedded")
    found = measure(development_photos, profile, refs=3, draws=20, changed=1, most=7)
    shares = {
        change: {kind: given[kind] / number for kind in given} for change, number, given in found
    }
    plain = shares.pop("as they are")
    assert sum(plain.values()) < 0.1
    assert shares["of another object"]["outlier"] > 0.8
    assert shares["saved again as a smaller JPEG"]["duplicate"] > 0.9
    assert shares["blurred by 2 % of the object's side"]["blurred"] > 0.9
    assert shares["shrunk to 32 pixels"]["small"] > 0.9
