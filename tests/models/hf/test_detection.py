"""Detection as a vision tool, with a detector of plain numbers: no model is needed."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image

from pekit_agents.errors import ModelError, ProfileError
from pekit_agents.models.hf.deferred import DeferredDetector, DeferredSegmenter
from pekit_agents.models.hf.detection import (
    BoxExtractor,
    BoxProposer,
    DetectionSettings,
    as_concept,
    select,
)
from pekit_agents.models.hf.grounded_sam import GroundedSam
from pekit_agents.protocols import Proposer, ViewExtractor
from pekit_agents.types import Box, Mask, Proposal

PHOTO = Image.new("RGB", (200, 100))


class Listed:
    """A detector that returns what it was given and remembers what it was asked."""

    def __init__(self, *found: tuple[tuple[float, float, float, float], float]) -> None:
        self.found = [Proposal(Box(*box), score) for box, score in found]
        self.asked: list[list[str]] = []

    def detect(self, image, concepts, threshold):
        self.asked.append(list(concepts))
        return [proposal for proposal in self.found if proposal.score > threshold]


class Halves:
    """A segmenter that marks the left half of the photo."""

    def outline(self, image, boxes):
        values = np.zeros((4, 4), np.float32)
        values[:, :2] = 1
        return [Mask(values, Box(0, 0, *image.size)) for _ in boxes]


def kept(found, **settings):
    return [p.box.xyxy for p in select(found, PHOTO.size, DetectionSettings(**settings))]


def test_nothing_found_is_nothing_kept():
    assert kept([]) == []


def test_boxes_are_clipped_to_the_photo_and_those_outside_dropped():
    found = [Proposal(Box(-10, -5, 50, 60), 0.9), Proposal(Box(300, 0, 400, 50), 0.8)]
    assert kept(found) == [(0, 0, 50, 60)]


def test_the_best_come_first_and_overlapping_ones_go():
    found = Listed(((0, 0, 50, 50), 0.5), ((2, 0, 52, 50), 0.9), ((100, 0, 150, 50), 0.7)).found
    assert kept(found) == [(2, 0, 52, 50), (100, 0, 150, 50)]
    assert len(kept(found, overlap=1.0)) == 3
    assert kept(found, limit=1) == [(2, 0, 52, 50)]
    assert kept(found, threshold=0.8) == [(2, 0, 52, 50)]


def test_small_boxes_go_below_the_least_area():
    found = Listed(((0, 0, 10, 10), 0.9), ((50, 0, 150, 50), 0.5)).found
    assert kept(found, min_area=0.01) == [(50, 0, 150, 50)]  # 100 of 20,000 pixels is 0.005
    assert len(kept(found, min_area=0.005)) == 2


def test_small_regions_are_seen_close_up_in_whole_pixels_inside_the_photo():
    found = Listed(((180.5, 60.5, 200, 80), 0.9), ((0, 0, 150, 90), 0.8)).found
    small, large = select(found, PHOTO.size, DetectionSettings(close_up=0.05))
    assert large.window is None
    assert small.window == Box(174, 54, 200, 86)
    assert all(p.window is None for p in select(found, PHOTO.size, DetectionSettings()))


@pytest.mark.parametrize(
    ("category", "concept"),
    [
        ("Dog", "dog"),
        ("  Coffee  mug. ", "coffee mug"),
        ("St. Bernard", "st bernard"),
        ("?", "object"),
    ],
)
def test_a_category_is_one_concept(category, concept):
    assert as_concept(category) == concept


def test_the_extractor_asks_for_the_category():
    detector = Listed(((0, 0, 50, 50), 0.5))
    extractor = BoxExtractor(detector, DetectionSettings())
    assert isinstance(extractor, ViewExtractor)
    assert len(extractor.extract(PHOTO, "Dog")) == 1
    assert detector.asked == [["dog"]]


@pytest.mark.parametrize(
    ("prompt", "categories", "asked"),
    [
        ("categories", ["Dog", "mug", "dog"], ["dog", "mug"]),
        ("categories", [], ["object"]),
        ("object", ["Dog", "mug"], ["object"]),
    ],
)
def test_the_proposer_asks_for_known_categories_or_for_anything(prompt, categories, asked):
    detector = Listed(((0, 0, 50, 50), 0.5))
    proposer = BoxProposer(detector, DetectionSettings(), prompt)
    assert isinstance(proposer, Proposer)
    assert len(proposer.propose(PHOTO, categories, "auto")) == 1
    assert detector.asked == [asked]


def test_grounded_sam_adds_masks_where_there_are_any():
    left, right = ((0, 0, 90, 90), 0.9), ((110, 0, 200, 90), 0.8)
    extractor = GroundedSam(Listed(right, left), Halves(), DetectionSettings())
    first, second = extractor.extract(PHOTO, "dog")
    assert first.mask is not None
    assert first.mask.values.sum() == 8
    assert second.mask is None  # nothing is marked in its box: box as mask


def test_grounded_sam_asks_the_segmenter_nothing_when_there_is_no_box():
    assert GroundedSam(Listed(), None, DetectionSettings()).extract(PHOTO, "dog") == []


@pytest.mark.parametrize(
    "wrong", [{"threshold": 1.5}, {"overlap": "0.5"}, {"limit": 0}, {"min_area": float("nan")}]
)
def test_settings_outside_their_range_are_refused(wrong):
    with pytest.raises(ProfileError, match=f"expected {next(iter(wrong))}"):
        DetectionSettings(**wrong)


def test_a_deferred_model_is_loaded_once_by_many_threads():
    loads, asked = [], threading.Semaphore(0)

    def load():
        loads.append(1)
        for _ in range(8):  # nothing is loaded before all have asked
            assert asked.acquire(timeout=20)
        asked.release(8)
        return Listed()

    detector = DeferredDetector(load)
    assert loads == []

    def detect():
        asked.release()
        detector.detect(PHOTO, ["dog"], 0.5)

    threads = [threading.Thread(target=detect) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [1]


def test_a_deferred_model_that_failed_is_tried_again():
    tries = iter([ModelError("not yet"), Halves()])

    def load():
        found = next(tries)
        if isinstance(found, ModelError):
            raise found
        return found

    segmenter = DeferredSegmenter(load)
    with pytest.raises(ModelError, match="not yet"):
        segmenter.outline(PHOTO, [])
    assert len(segmenter.outline(PHOTO, [Box(0, 0, 9, 9)])) == 1
