"""View extraction by the embedded profile on real weights and real photos."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pekit_agents.boxes import iou_matrix
from pekit_agents.models.embedded.extractor import FocusExtractor
from pekit_agents.testing import ExtractorTests

pytestmark = pytest.mark.usefixtures("embedded_model")


class TestFocusExtractor(ExtractorTests):
    @pytest.fixture
    def extractor(self, model):
        return FocusExtractor(model)


def test_the_cup_is_what_stands_out_in_its_photo(model, cup):
    best = FocusExtractor(model).extract(cup, "cup")[0]
    drawn_by_hand = np.array([[85.0, 8.0, 425.0, 390.0]])  # cup and saucer
    assert iou_matrix(np.array([best.box.xyxy]), drawn_by_hand)[0, 0] > 0.5


def test_an_empty_wall_holds_no_object(model):
    assert FocusExtractor(model).extract(Image.new("RGB", (300, 300), "gray"), "cup") == []
