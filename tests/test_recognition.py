"""Recognition on real photos of many objects: the figures that the defaults promise."""

from __future__ import annotations

import pytest

from pekit_agents.evaluation import metrics
from pekit_agents.evaluation.bench import Bench
from pekit_agents.evaluation.datasets import load_dataset
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
