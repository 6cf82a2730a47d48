"""Recognition on real photos of many objects: the figures that the defaults promise."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("measure_recognition.py")


def load_script():
    spec = importlib.util.spec_from_file_location("measure_recognition", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


measure = load_script()


def test_figures_by_hand():
    # Two objects, three photos: a found, a found and taken for b, b missed.
    answers = [("a", ["a"]), ("a", ["a", "b"]), ("b", [])]
    recall, specificity, precision = measure.recognition(answers, ["a", "b"])
    assert recall == pytest.approx((2 / 2 + 0 / 1) / 2)
    assert specificity == pytest.approx((1 / 1 + 1 / 2) / 2)
    assert precision == pytest.approx((2 / 2 + 0 / 1) / 2)


def test_a_split_leaves_no_reference_among_the_queries(development_photos):
    objects = measure.photos_by_object(development_photos)
    references, queries = measure.split(objects, 3, measure.random.Random(1))
    used = {photo for photos in references.values() for photo in photos}
    assert len(used) == 3 * len(objects) == 45
    assert not used & {photo for _, photo in queries}
    assert len(used) + len(queries) == sum(len(photos) for photos in objects.values())


@pytest.mark.slow
@pytest.mark.usefixtures("embedded_model")
def test_three_references_reach_what_the_defaults_promise(development_photos):
    found = measure.measure(development_photos, refs=3, seed=0, mode="auto")
    assert found.weighted >= 0.96
    assert found.precision >= 0.62
    assert found.specificity >= 0.98
    assert found.open_recall >= 0.90
    assert found.false_alarms <= 0.30
