"""Photos that are larger than what is worked on, on the way through the verbs."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pekit_agents.images import limits
from pekit_agents.testing import fake_profile, solid_scene, to_png
from pekit_agents.tools.actions import PersonalActions

SIZE, BOX = (1000, 600), (600, 80, 880, 320)


@pytest.fixture
def actions(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "WORKING_PIXELS", 40_000)
    actions = PersonalActions.open(tmp_path, fake_profile())
    cup = actions.images.put("ann", to_png(solid_scene({"red": (20, 20, 90, 90)})))
    actions.remember_object("ann", "Cup", "cup", images=[cup])
    return actions


def test_words_record_and_picture_tell_where_it_is_in_the_photo_as_it_was_sent(actions):
    handle = actions.images.put("ann", to_png(solid_scene({"red": BOX}, size=SIZE)))
    for _ in range(2):  # searched, and as it was kept
        result = actions.find_personal_objects("ann", handle)
        assert result.record["size_wh"] == list(SIZE)
        (match,) = result.record["matches"]
        assert match["box_xyxy"] == pytest.approx(list(BOX), abs=10)
        assert f"({SIZE[0]}x{SIZE[1]} pixels)" in result.text
        assert " right, box x 6" in result.text

    with Image.open(BytesIO(actions.findings.view("ann", handle).data)) as shown:
        pixels = np.asarray(shown.convert("RGB"), int)
    drawn = np.abs(pixels - 128).max(axis=2) > 60  # the thing, its box and its plate
    columns = np.flatnonzero(drawn.any(axis=0)) / pixels.shape[1] * SIZE[0]
    assert columns.min() > BOX[0] - 60
    assert columns.max() > BOX[2] - 60
