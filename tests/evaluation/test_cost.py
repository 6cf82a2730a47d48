"""What each stage costs."""

from __future__ import annotations

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation import cost
from pekit_agents.evaluation.cost import measure_cost, peak_memory
from pekit_agents.testing import fake_profile


@pytest.fixture
def paths(colours):
    return [photo.path for photo in colours.photos[:3]]


def test_every_stage_is_timed_and_compared_with_a_forward(paths):
    found = measure_cost(paths, fake_profile())
    assert [stage.stage for stage in found.stages] == [s for s in cost.STAGES if s != "answer"]
    forward = found.stages[1]
    assert forward.forwards == 1.0
    for stage in found.stages:
        assert 0 < stage.seconds <= stage.slowest
        assert stage.forwards == pytest.approx(stage.seconds / forward.seconds)
    assert (found.photos, found.objects, found.regions) == (3, 3, 1)


def test_medians_and_ratios_by_hand(paths, monkeypatch):
    # Each stage of each photo takes as long as the clock says: photo 0 is not counted.
    ticks = iter(range(10_000))
    times = {"encoder forward": [99, 2, 2, 4], "proposals": [99, 1, 6, 8]}

    def timed(self, stage, work):
        done = self.times.setdefault(stage, [])
        self.peaks[stage] = float(next(ticks))
        seen[stage] = seen.get(stage, -1) + 1
        done.append(times.get(stage, [0.5] * 4)[seen[stage]])
        return work()

    seen = {}
    monkeypatch.setattr(cost._Clock, "time", timed)
    stages = {stage.stage: stage for stage in measure_cost(paths, fake_profile()).stages}
    assert stages["encoder forward"].seconds == 2
    assert (stages["proposals"].seconds, stages["proposals"].slowest) == (6, 8)
    assert stages["proposals"].forwards == 3.0
    assert stages["search"].forwards == 0.25


def test_an_answerer_is_timed_when_given(paths):
    class Answerer:
        def answer(self, image, text):
            return f"{image.size} {text}"

    assert measure_cost(paths, fake_profile(), answerer=Answerer()).stages[-1].stage == "answer"


def test_one_photo_is_too_few(paths):
    with pytest.raises(InvalidInput, match="two photos or more"):
        measure_cost(paths[:1], fake_profile())


def test_peak_memory_never_falls():
    before = peak_memory()
    if before is None:
        pytest.skip("the system does not say")
    assert before > 10
    assert peak_memory() >= before
