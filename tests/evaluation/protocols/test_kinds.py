"""One thing alone in memory, among others of its kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.all_kinds import all_kinds
from pekit_agents.evaluation.metrics.summary import summarise
from pekit_agents.evaluation.protocols import kinds
from pekit_agents.evaluation.protocols.kinds import kinds_of
from pekit_agents.evaluation.records import Photo, Thing
from pekit_agents.evaluation.report import write_report
from pekit_agents.evaluation.runs.run_file import read_run
from pekit_agents.testing import graded_profile

#: Pale red may be red; magenta is neither.
KINDS = {"red": "dog", "pale red": "dog", "magenta": "dog", "blue": "toy", "green": "toy"}


@pytest.fixture
def shelf(bench, tmp_path, save):
    """Three dogs and two toys with four photos each, and a cup that is alone of its kind."""
    photos = [
        Photo(
            save(tmp_path / "data" / name / f"{i}.png", {name: (10 + 5 * i, 10, 90, 90)}),
            frozenset({name}),
        )
        for name in (*KINDS, "cyan", "white")
        for i in range(4)
    ]
    things = [Thing(name, kind) for name, kind in KINDS.items()]
    things += [Thing("cyan", "cup"), Thing("white")]
    dataset = replace(bench.dataset, things=tuple(things), photos=tuple(photos))
    return replace(bench, dataset=dataset, profile="graded", loaded=graded_profile())


def test_a_thing_is_remembered_alone_and_searched_among_its_kind(shelf):
    run = kinds(shelf, (1, 3))
    assert [(draw.refs, draw.condition, draw.known) for draw in run.draws] == [
        *((refs, "dog", (name,)) for refs in (1, 3) for name in ("red", "pale red", "magenta")),
        *((refs, "toy", (name,)) for refs in (1, 3) for name in ("blue", "green")),
    ]
    first = run.draws[0]
    shown = [trial.shows[0] for trial in first.trials]
    assert (shown.count("red"), shown.count("pale red"), shown.count("magenta")) == (1, 4, 4)
    assert len(first.trials) == 9


def test_more_references_search_the_same_photos(shelf):
    draws = kinds(shelf, (1, 3)).draws
    one, three = (next(d for d in draws if d.refs == refs) for refs in (1, 3))
    assert {trial.photo for trial in one.trials} == {trial.photo for trial in three.trials}
    assert three.references["red"][:1] == one.references["red"]


def test_what_is_measured_kind_by_kind_and_over_all(shelf):
    run = kinds(shelf, (1,))
    by_kind = {one.configuration.condition: one.estimates for one in summarise(run.draws)}
    (whole,) = all_kinds(run)
    for found in (*by_kind.values(), whole.estimates):
        assert found["top1"].mean == found["named_or_possible"].mean == 1
        assert found["others_named"].mean == found["sure_wrong_share"].mean == 0
    # Of the 3 * 8 photos of other dogs those of pale red to red are possible, and the other way
    # round; no photo of the 2 * 4 of other toys is.
    assert by_kind["dog"]["others_possible"].mean == pytest.approx(8 / 24)
    assert by_kind["toy"]["others_possible"].mean == 0
    assert whole.estimates["others_possible"].mean == pytest.approx(8 / 32)


class Judge:
    """Compares the colours of the two things that it is shown, or says the same of all."""

    def __init__(self, always=""):
        self.always, self.asked = always, 0

    def answer(self, image, question):
        self.asked += 1
        width, height = image.size
        left, right = (
            image.getpixel((x, (height + 40) // 2)) for x in (width // 4, 3 * width // 4)
        )
        same = max(abs(a - b) for a, b in zip(left, right, strict=True)) < 20
        return self.always or ("yes" if same else "no")


def with_opinion(shelf, judge):
    asking = replace(shelf, with_baselines=False, answerer=judge, asked="judge")
    whole = {one.configuration.recognizer: one.estimates for one in all_kinds(kinds(asking, (1,)))}
    assert set(whole) == {"pekit", "pekit, second opinion"}
    return whole


def test_a_second_opinion_is_counted_beside_what_the_product_says_alone(shelf):
    judge = Judge()
    whole = with_opinion(shelf, judge)
    alone, asked = whole["pekit"], whole["pekit, second opinion"]
    assert judge.asked == 8  # the possible ones, and no other
    assert alone["others_possible"].mean == pytest.approx(8 / 32)
    assert asked["others_possible"].mean == asked["others_named"].mean == 0
    assert asked["top1"].mean == 1


def test_a_second_opinion_that_always_agrees_names_what_was_only_possible(shelf):
    asked = with_opinion(shelf, Judge("yes"))["pekit, second opinion"]
    assert asked["others_named"].mean == pytest.approx(8 / 32)
    assert asked["others_possible"].mean == 0


def test_a_reference_without_an_object_is_left_out_before_a_second_opinion_too(shelf, save):
    photos = {photo.path for photo in shelf.dataset.photos if photo.shows == {"blue"}}
    for path in sorted(photos)[:2]:
        save(path, {})
    asked = with_opinion(shelf, Judge())["pekit, second opinion"]
    assert asked["others_named"].mean == 0


def test_one_kind_alone_can_be_asked_for(shelf):
    run = kinds(shelf, (1,), of="toy")
    assert {draw.condition for draw in run.draws} == {"toy"}
    assert run.settings["used_things"] == 2


def test_a_thing_with_few_photos_is_another_of_its_kind(shelf):
    photos = tuple(
        p for p in shelf.dataset.photos if p.path.name == "0.png" or "red" not in p.shows
    )
    fewer = replace(shelf, dataset=replace(shelf.dataset, photos=photos))
    draws = [draw for draw in kinds(fewer, (3,)).draws if draw.condition == "dog"]
    assert [draw.known for draw in draws] == [("pale red",), ("magenta",)]
    assert "red" in {name for trial in draws[0].trials for name in trial.shows}


def test_an_interrupted_run_goes_on_where_it_stopped(shelf):
    answers = []

    def stop(stage, done, total):
        answers.append(stage)
        if answers.count("answers") == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kinds(replace(shelf, progress=stop), (1,))
    assert [draw.known for draw in read_run(shelf.out).draws] == [("red",)]
    again = []
    run = kinds(replace(shelf, progress=lambda *step: again.append(step)), (1,))
    assert len(run.draws) == 5
    # 11 photos for each dog, 7 for each toy; the first dog was done.
    assert [step for step in again if step[0] == "answers"][-1] == ("answers", 36, 36)


def test_a_category_that_nobody_said_is_no_kind(shelf):
    assert list(kinds_of(shelf.dataset)) == ["dog", "toy"]
    nameless = replace(
        shelf.dataset, things=tuple(replace(t, category="object") for t in shelf.dataset.things)
    )
    with pytest.raises(InvalidInput, match=r"categories\.json: \{"):
        kinds(replace(shelf, dataset=nameless))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"of": "cup"}, "expected one of the kinds 'dog', 'toy', found 'cup'"),
        ({"refs": (0,)}, "expected 1 reference or more"),
        ({"refs": (4,)}, "expected things with 5 photos or more"),
    ],
)
def test_what_cannot_be_measured_is_refused(shelf, options, says):
    with pytest.raises(InvalidInput, match=says):
        kinds(shelf, **options)


def test_the_report_says_it_kind_by_kind_with_both_plots(shelf, tmp_path):
    pytest.importorskip("matplotlib")
    run = kinds(replace(shelf, with_baselines=True, only=("cosine",)), (1,))
    files = write_report([run], tmp_path / "report")
    assert {"reliability.png", "detection-error.png"} <= {file.name for file in files}
    text = files[1].read_text("utf-8")
    assert "pekit, 1 reference, all kinds: a thing is named in 100 %" in text
    assert "pekit, 1 reference, toy" in text
    assert "cosine, 1 reference, dog" in text
    assert "Nothing can be recommended" not in text
