"""What each protocol asks, and that an interrupted run goes on where it stopped."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from pekit_agents import PeKit
from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.bench import Bench
from pekit_agents.evaluation.calibrating import holding_out
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.metrics import of_others as metrics_of_others
from pekit_agents.evaluation.metrics import recognition as metrics
from pekit_agents.evaluation.protocols import (
    Variation,
    ablation,
    growth,
    recognition,
    references,
    scenes,
)
from pekit_agents.evaluation.records import Photo
from pekit_agents.evaluation.runs import running
from pekit_agents.evaluation.runs.run_file import RUN_FILE, read_run
from pekit_agents.testing import fake_profile, graded_profile
from pekit_agents.types import Box
from tests.evaluation.calibrating.drawn import draw_things


def test_recognition_has_a_draw_for_each_seed_number_and_condition(bench):
    run = recognition(replace(bench, seeds=(0, 1)), (1, 2))
    keys = [(draw.seed, draw.refs, draw.condition, len(draw.known)) for draw in run.draws]
    assert keys == [
        (seed, refs, condition, known)
        for seed in (0, 1)
        for refs in (1, 2)
        for condition, known in (("", 4), ("half known", 2))
    ]
    assert {len(draw.trials) for draw in run.draws} == {4 * 2 + 1}
    assert run.draws[0].trials[0].photo.count("/") == 1  # relative to the data set's folder


def test_figures_agree_with_a_few_lines_through_remember_and_find(bench, tmp_path, save):
    # Some photos show a second thing that the data set does not tell of: these are mistakes.
    extra = [
        Photo(
            save(
                tmp_path / "data" / "red" / "x.png",
                {"red": (0, 0, 60, 60), "blue": (80, 0, 140, 60)},
            ),
            frozenset({"red"}),
        ),
        Photo(
            save(tmp_path / "data" / "green" / "x.png", {"cyan": (0, 0, 60, 60)}),
            frozenset({"green"}),
        ),
    ]
    dataset = replace(bench.dataset, photos=(*bench.dataset.photos, *extra))
    draw = recognition(replace(bench, dataset=dataset, seeds=(5,)), (2,), open_set=False).draws[0]

    kit = PeKit.open(tmp_path / "memory", profile=fake_profile())
    for name, files in draw.references.items():
        kit.remember(name, [tmp_path / "data" / file for file in files], category="thing")
    used = {file for files in draw.references.values() for file in files}
    asked = [p for p in dataset.photos if p.path.relative_to(dataset.root).as_posix() not in used]
    found = {p.path: {m.object.name for m in kit.find(p.path).matches} for p in asked}
    recalls, specificities, precisions = [], [], []
    for name in draw.known:
        shown = [name in found[p.path] for p in asked if name in p.shows]
        others = [name in found[p.path] for p in asked if name not in p.shows]
        recalls.append(sum(shown) / len(shown))
        specificities.append(1 - sum(others) / len(others))
        precisions.append(sum(shown) / (sum(shown) + sum(others)))
    assert metrics.recall(draw).value == pytest.approx(sum(recalls) / 4)
    assert metrics.specificity(draw).value == pytest.approx(sum(specificities) / 4)
    assert metrics.precision(draw).value == pytest.approx(sum(precisions) / 4)
    assert sum(recalls) / 4 < 1
    assert sum(specificities) / 4 < 1


def test_an_interrupted_run_goes_on_where_it_stopped(bench, monkeypatch):
    whole = recognition(replace(bench, out=None, seeds=(0, 1)), (1, 2))
    steps = []

    def stop(stage, done, total):
        steps.append(stage)
        if steps.count("answers") == 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recognition(replace(bench, seeds=(0, 1), progress=stop), (1, 2))
    kept = read_run(bench.out)
    assert len(kept.draws) == 3  # of 9 photos each; the fourth was not finished
    again = []
    run = recognition(
        replace(bench, seeds=(0, 1), progress=lambda *step: again.append(step)), (1, 2)
    )
    assert [step for step in again if step[0] == "answers"][-1] == ("answers", 45, 45)
    for ours, theirs in zip(run.draws, whole.draws, strict=True):
        assert (ours.recognizer, ours.seed, ours.refs) == (
            theirs.recognizer,
            theirs.seed,
            theirs.refs,
        )
        assert [t.named for t in ours.trials] == [
            tuple(replace(n, score=pytest.approx(n.score, abs=1e-4)) for n in t.named)
            for t in theirs.trials
        ]
    monkeypatch.setattr(running, "_trial", None)  # nothing is left to ask
    assert recognition(replace(bench, seeds=(0, 1)), (1, 2)).draws == read_run(bench.out).draws


def test_another_run_in_the_folder_is_not_replaced_unless_forced(bench):
    recognition(bench, (1,))
    with pytest.raises(InvalidInput, match=r"found another run .*--force"):
        recognition(bench, (2,))
    assert recognition(replace(bench, force=True), (2,)).draws[0].refs == 2
    (bench.out / RUN_FILE).write_text("{")
    with pytest.raises(InvalidInput, match="--force"):
        recognition(bench, (2,))
    assert recognition(replace(bench, force=True), (2,)).draws


def test_a_changed_photo_is_another_run(bench, save):
    recognition(bench, (1,))
    save(bench.dataset.photos[0].path, {"blue": (0, 0, 30, 30), "red": (50, 0, 60, 10)})
    with pytest.raises(InvalidInput, match="found another run"):
        recognition(bench, (1,))


def test_a_changed_discriminant_is_another_run(bench):
    profile = graded_profile()
    recognition(replace(bench, profile="graded", loaded=profile), (1,))
    steeper = replace(profile, discriminant=replace(profile.discriminant, slope=2.0))
    with pytest.raises(InvalidInput, match="found another run"):
        recognition(replace(bench, profile="graded", loaded=steeper), (1,))


def test_references_are_added_one_by_one_and_the_photos_stay(bench):
    run = references(bench, 3)
    assert [draw.refs for draw in run.draws] == [1, 2, 3]
    assert len({tuple(trial.photo for trial in draw.trials) for draw in run.draws}) == 1
    first, second, third = (draw.references["red"] for draw in run.draws)
    assert third[:2] == second
    assert second[:1] == first


def test_a_growing_memory_is_asked_the_same_photos(bench, tmp_path, save):
    for index in range(5):
        save(tmp_path / "more" / f"{index}.png", {"magenta": (index, 0, 60 + index, 60)})
    run = growth(bench, (1, 2, 7), distractors=tmp_path / "more")
    assert [draw.condition for draw in run.draws] == ["objects=1", "objects=2", "objects=7"]
    assert [len(draw.known) for draw in run.draws] == [1, 2, 7]
    assert len({tuple(trial.photo for trial in draw.trials) for draw in run.draws}) == 1
    asked = {name for trial in run.draws[0].trials for name in trial.shows}
    known = [set(draw.known) for draw in run.draws]
    assert known[0] < known[1] < known[2]
    assert len(asked & known[0]) == 1  # photos of the one that is known from the start
    assert not asked & (known[1] - known[0])  # and none of those that come later
    assert len(asked - known[2]) == 2  # half of the things stay unknown


def test_too_few_things_to_grow_are_told_with_the_remedy(bench):
    with pytest.raises(
        InvalidInput, match=r"expected 100 things to remember, found 2.*distractors"
    ):
        growth(bench, (1, 100))


def test_scenes_are_composed_once_and_searched_with_half_and_with_all_known(bench, tmp_path, save):
    places = {photo.path: photo.path.stem for photo in bench.dataset.photos}
    boxes = [Box(20, 20, 80, 80), Box(40, 30, 100, 90), Box(60, 10, 150, 60), Box(10, 50, 70, 110)]
    photos = tuple(
        replace(p, boxes={name: (boxes[int(places[p.path])],) for name in p.shows})
        for p in bench.dataset.photos
    )
    boxed = replace(bench, dataset=replace(bench.dataset, photos=photos))
    backgrounds = [save(tmp_path / "plain" / f"{index}.png", {}) for index in range(4)]
    run = scenes(boxed, backgrounds, tmp_path / "scenes", refs=1, count=3)
    assert [(draw.condition, len(draw.known)) for draw in run.draws] == [("", 4), ("half known", 2)]
    assert [len(draw.trials) for draw in run.draws] == [3, 3]
    assert all(trial.boxes.keys() == set(trial.shows) for trial in run.draws[0].trials)
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "scenes").rglob("*.jpg")}
    assert len(files) == 3
    again = replace(boxed, force=True)
    assert scenes(again, backgrounds, tmp_path / "scenes", refs=1, count=3).draws
    assert {path: path.stat().st_mtime_ns for path in files} == files


def test_variations_answer_the_same_photos_under_their_own_names(bench):
    variations = [
        Variation("fake"),
        Variation("fake", mode="fast", threshold=-0.9),
    ]
    run = ablation(bench, variations, refs=1, open_set=False)
    names = ["fake, auto", "fake, fast, tau -0.9"]
    assert [draw.recognizer for draw in run.draws] == names
    plain, loose = run.draws
    grey = [t for t in loose.trials if t.photo == "background/grey.png"]
    assert [t.photo for t in plain.trials] == [t.photo for t in loose.trials]
    assert grey[0].named == ()


def test_a_loose_threshold_names_more(bench):
    variations = [Variation("fake"), Variation("fake", threshold=-0.9)]
    run = ablation(bench, variations, refs=1)
    half = [draw for draw in run.draws if draw.condition == "half known"]
    strict, loose = (sum(len(t.named) for t in draw.trials) for draw in half)
    assert loose > strict


def test_a_strictness_is_a_variation_of_a_profile_with_a_discriminant(bench, tmp_path, save):
    shade = save(tmp_path / "data" / "pale red.png", {"pale red": (10, 10, 90, 90)})
    photos = (*bench.dataset.photos, Photo(shade, frozenset()))
    dataset = replace(bench.dataset, photos=photos)
    graded = replace(bench, dataset=dataset, profile="graded", loaded=graded_profile())
    variations = [
        Variation("graded"),
        Variation("graded", strictness="recall"),
        Variation("graded", strictness=0.02),
    ]
    run = ablation(graded, variations, refs=1, open_set=False)
    assert [draw.recognizer for draw in run.draws] == [
        "graded, auto",
        "graded, auto, recall",
        "graded, auto, strictness 0.02",
    ]
    # Two photos are of nothing: the grey one, and the shade that a lenient search names.
    assert [metrics_of_others.others_named(draw).value for draw in run.draws] == [0, 0.5, 0]
    with pytest.raises(InvalidInput, match="found a threshold"):
        ablation(graded, [Variation("graded", threshold=0.5)], refs=1)


@pytest.mark.slow
def test_a_held_out_calibration_is_of_things_that_are_not_measured(tmp_path, monkeypatch):
    given = []

    def refitted(photos, *, version, more, base, progress):
        given.append({path.parent.name for path in photos})
        return replace(fake_profile(), discriminant=None)

    draw_things(tmp_path / "things", kinds=3, each=4)
    # The statistics are those of the embedded model, which fakes do not run.
    monkeypatch.setattr(holding_out, "refitted_profile", refitted)
    dataset = load_dataset(tmp_path / "things")
    bench = Bench(
        dataset,
        loaded=fake_profile(),
        held_out=True,
        seeds=(0, 1),
        with_baselines=False,
        cache=tmp_path / "cache",
    )
    run = recognition(bench, (1,), open_set=False)
    categories = {thing.name: thing.category for thing in dataset.things}
    for draw, folders in zip(run.draws, given, strict=True):
        assert folders == set(categories) - set(draw.known)
        assert Counter(categories[name] for name in draw.known) == dict.fromkeys(
            set(categories.values()), 2
        )  # half of each kind
        assert any(named.probability for trial in draw.trials for named in trial.named)


def test_held_out_statistics_are_for_the_embedded_profile(bench):
    with pytest.raises(InvalidInput, match="expected the embedded profile"):
        replace(bench, held_out=True)


@pytest.mark.parametrize("refs", [(), (0,), (9,)])
def test_numbers_of_references_that_cannot_be_drawn_are_refused(bench, refs):
    with pytest.raises(InvalidInput, match="expected"):
        recognition(bench, refs)
