"""Recognition on real photos of many objects: the figures that the defaults promise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pekit_agents import PeKit
from pekit_agents.evaluation.bench import Bench
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.metrics import recognition as metrics
from pekit_agents.evaluation.protocols import recognition


@pytest.mark.slow
@pytest.mark.usefixtures("embedded_model")
def test_three_references_reach_what_the_defaults_promise(development_photos, tmp_path):
    dataset = load_dataset(development_photos)
    bench = Bench(dataset, seeds=(0,), with_baselines=False, cache=tmp_path)
    run = recognition(bench, (3,))
    known, half = run.draws
    assert metrics.weighted(known).value >= 0.96
    assert metrics.precision(known).value >= 0.90
    assert metrics.specificity(known).value >= 0.98
    assert metrics.recall(half).value >= 0.90
    assert metrics.false_alarms(half).value <= 0.40


@pytest.mark.slow
@pytest.mark.usefixtures("embedded_model")
def test_look_alikes_are_told_apart_patch_by_patch(packages, tmp_path):
    shown = {
        flavour: sorted((packages / f"God-Morgon-{flavour}-Juice").glob("*.jpg"))[:7]
        for flavour in ("Apple", "Orange", "Red-Grapefruit")
    }
    kit = PeKit.open(tmp_path)
    for flavour, photos in shown.items():
        kit.remember(flavour, photos[:3], category="juice")
    by_score = replace(kit.profile, reranking=None)
    right = {}
    for name, profile in (("details", kit.profile), ("scores", by_score)):
        same = PeKit.open(tmp_path, profile=profile)
        right[name] = sum(
            [each.name for each in match.candidates] == [flavour]
            for flavour, photos in shown.items()
            for photo in photos[3:]
            for match in same.find(photo).matches
        )
    assert right["details"] >= max(10, right["scores"])  # of 12 photos
