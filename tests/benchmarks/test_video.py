"""Video against its targets: rows from made-up scores, with values worked out by hand."""

from __future__ import annotations

import pytest
from PIL import Image

from benchmarks.video.following import ALIKE, CHANGED, SCENE, Followed, measure_clip
from benchmarks.video.targets import Row, rows_of_clips
from pekit_agents.evaluation.clips.composing import compose_clips
from pekit_agents.evaluation.clips.measuring import Measured
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.metrics.timelines import TimelineScore
from pekit_agents.testing import ColourExtractor, solid_scene


def measured(name, passes, *scores):
    names = [f"clip-{i}" for i in range(len(scores))]
    return Measured(
        name,
        dict(zip(names, scores, strict=True)),
        dict.fromkeys(names, "pan"),
        dict(zip(names, passes, strict=True)),
        dict.fromkeys(names, 1.0),
    )


def of(found, wrong, wrong_seconds):
    return TimelineScore(
        seconds=10.0,
        appearances=4,
        found=found,
        sightings=found + wrong,
        right=found,
        wrong=wrong,
        wrong_seconds=wrong_seconds,
    )


def test_rows_are_shares_of_frame_by_frame():
    before = measured("frame by frame", [100, 200, 100], of(3, 4, 2.0), of(2, 4, 1.0), of(1, 2, 1))
    after = measured("in video", [20, 60, 20], of(3, 1, 0.5), of(3, 1, 1.5), of(1, 1, 0))
    passes, wrong, seconds, recall = rows_of_clips(before, after)
    assert (passes.baseline, passes.here) == (400 / 30, 100 / 30)
    assert (passes.reached, passes.passed) == (0.25, True)
    assert passes.interval[0] == pytest.approx(0.2)
    assert passes.interval[1] == pytest.approx(0.3)
    assert (wrong.baseline, wrong.here) == (10, 3)
    assert (wrong.reached, wrong.passed) == (pytest.approx(0.3), True)
    assert (seconds.reached, seconds.passed) == (0.5, False)
    assert (recall.baseline, recall.here) == (6 / 12, 7 / 12)
    assert (recall.reached, recall.passed) == (pytest.approx(1 / 12), True)


def test_where_the_baseline_is_never_wrong_nothing_is_judged():
    clean = measured("frame by frame", [100], of(3, 0, 0.0))
    _, wrong, _, recall = rows_of_clips(clean, clean)
    assert (wrong.reached, wrong.passed) == (None, None)
    assert (recall.reached, recall.passed) == (0.0, True)


@pytest.mark.parametrize(
    ("reached", "more", "passed"), [(1.2, False, True), (1.21, False, False), (1.2, True, True)]
)
def test_a_target_is_the_most_or_the_least(reached, more, passed):
    assert Row("RAM", 1.0, reached, reached, 1.2, more).passed is passed


def coloured_things(folder, things=("red", "green", "blue")):
    """Return a data set of coloured patches, and a grey photo to compose clips on."""
    for thing in things:
        (folder / "data" / thing).mkdir(parents=True)
        for index in range(4):
            place = (20 + 9 * index, 20, 80 + 9 * index, 80)
            solid_scene({thing: place}).save(folder / "data" / thing / f"{index}.png")
    grey = folder / "grey.png"
    Image.new("RGB", (160, 90), (128, 128, 128)).save(grey)
    return load_dataset(folder / "data"), grey


def test_a_long_clip_is_as_long_as_it_says_and_shows_its_things(tmp_path):
    av = pytest.importorskip("av")
    from benchmarks.video.long_clip import write_long_clip

    dataset, grey = coloured_things(tmp_path)
    frame = write_long_clip(
        dataset,
        [grey],
        tmp_path / "long.mp4",
        known=("red", "green"),
        minutes=0.05,
        extractor=ColourExtractor(),
    )
    assert frame.size == (1920, 1080)
    assert frame.convert("HSV").getextrema()[1][1] > 200  # a coloured patch
    with av.open(str(tmp_path / "long.mp4")) as container:
        times = [picture.time for picture in container.decode(video=0)]
    assert len(times) == 30
    assert times[-1] == pytest.approx(2.9)


def test_limits_of_following_are_compared_on_what_is_true(tmp_path):
    dataset, grey = coloured_things(tmp_path)
    composed = compose_clips(
        dataset, [grey], count=4, known=("red",), extractor=ColourExtractor(), seconds=(4, 5)
    )
    found = Followed()
    for clip in composed.clips:
        measure_clip(clip, found, every=0.2)
    frames = {limit: n["cuts"] + n["within"] for limit, n in found.by_scene.items()}
    assert set(frames) == set(SCENE)
    assert len(set(frames.values())) == 1
    followed = [n["kept"] + n["lost"] + n["astray"] for n in found.by_alike.values()]
    assert len(set(followed)) == 1
    lost = [found.by_alike[limit]["lost"] for limit in ALIKE]
    assert lost == sorted(lost)
    still = [found.by_changed[limit]["still"] for limit in CHANGED]
    assert still == sorted(still)
    assert found.by_changed[CHANGED[0]]["quiet"] > 0
