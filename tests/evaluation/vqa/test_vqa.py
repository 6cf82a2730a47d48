"""Table 3's protocol: who is asked what, and how the answers are counted."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.records import Dataset, Photo, Question, Thing
from pekit_agents.evaluation.vqa.vqa import Reply, run_vqa, summarize
from pekit_agents.kit.kit import PeKit
from pekit_agents.testing import fake_profile, solid_scene

CHOICES = {"A": "Left", "B": "Right"}


@pytest.fixture
def dataset(tmp_path):
    """Two things of one reference each; bo is in its photo, mam's photo shows a stranger."""
    root = tmp_path / "data"
    root.mkdir()
    for name, patches in {
        "bo-ref": {"red": (20, 20, 80, 80)},
        "mam-ref": {"green": (20, 20, 80, 80)},
        "bo-test": {"red": (5, 30, 60, 90)},
        "mam-test": {"blue": (5, 30, 60, 90)},
    }.items():
        solid_scene(patches).save(root / f"{name}.png")
    things = tuple(
        Thing(name, category, (root / f"{name}-ref.png",))
        for name, category in (("bo", "dog"), ("mam", "cat"))
    )
    photos = tuple(Photo(root / f"{n}-test.png", frozenset({n})) for n in ("bo", "mam"))
    questions = tuple(
        Question(root / f"{name}-test.png", name, f"Where is {name}?", CHOICES, right)
        for name, right in (("mam", "B"), ("bo", "A"))
    )
    return Dataset("two", root, things, photos, questions)


@pytest.fixture
def kit_factory(tmp_path):
    return lambda: PeKit.open(tmp_path / "memory", profile=fake_profile())


class Recorder:
    """Answers what it is told to, and keeps what it was asked."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked = list(answers), []

    def answer(self, image, text):
        self.asked.append((image, text))
        return self.answers[len(self.asked) - 1]


def test_each_question_is_put_in_three_ways_and_counted(dataset, kit_factory):
    who = Recorder("B", "A", "?", "The answer is A", "right", "A")
    result = run_vqa(dataset, kit_factory, who, contexts={"bo": "Eats shoes."})
    assert [(r.thing, r.way, r.parsed, r.verdict, r.recognised) for r in result.replies] == [
        ("mam", "personalised", "B", "right", False),
        ("mam", "plain", "A", "wrong", False),
        ("mam", "words", None, "abstained", False),
        ("bo", "personalised", "A", "right", True),
        ("bo", "plain", "B", "wrong", True),
        ("bo", "words", "A", "right", True),
    ]
    assert {reply.photo for reply in result.replies} == {"bo-test.png", "mam-test.png"}
    said = result.to_dict()
    assert json.loads(json.dumps(said)) == said
    assert said["summary"]["words"]["accuracy"] == 0.5


def test_what_was_found_is_boxed_and_what_was_not_is_asked_plainly(dataset, kit_factory):
    who = Recorder(*"AAAAAA")
    run_vqa(dataset, kit_factory, who, contexts={"bo": "Eats shoes."})
    bare = (
        "Where is mam?\nA. Left\nB. Right\nAnswer with the letter of the right choice only: A or B."
    )
    mam, mam_plain, mam_words, bo, bo_plain, bo_words = who.asked
    assert mam[1] == mam_plain[1] == bare
    assert mam_words[1] == f'In this photo, "mam" is a "cat".\n\n{bare}'
    bare = bare.replace("mam", "bo")
    assert bo[1].endswith(f"\n\n{bare}")
    assert 'box is called "bo"' in bo[1]
    assert '"Eats shoes."' in bo[1]
    assert bo_plain[1] == bare
    assert bo_words[1] == f'In this photo, "bo" is a "dog": "Eats shoes.".\n\n{bare}'
    plain = solid_scene({"red": (5, 30, 60, 90)}).tobytes()
    assert bo[0].tobytes() != plain  # annotated
    assert bo_plain[0].tobytes() == bo_words[0].tobytes() == plain


def test_a_stopped_run_goes_on_with_the_answers_it_has(dataset, kit_factory, tmp_path):
    kept: list[Reply] = []

    def fail_at_the_third(image, text):
        if len(kept) == 2:
            raise TimeoutError
        return "A"

    with pytest.raises(TimeoutError):
        run_vqa(
            dataset, kit_factory, fail_at_the_third, progress=lambda done, total, r: kept.append(r)
        )
    who, steps = Recorder(*"BBBB"), []
    result = run_vqa(
        dataset,
        lambda: PeKit.open(tmp_path / "again", profile=fake_profile()),
        who,
        previous=kept,
        progress=lambda done, total, reply: steps.append((done, total)),
    )
    assert [reply.answer for reply in result.replies] == list("AABBBB")
    assert steps == [(3, 6), (4, 6), (5, 6), (6, 6)]


def test_one_way_alone_can_be_asked(dataset, kit_factory):
    who = Recorder("A", "A")
    result = run_vqa(dataset, kit_factory, who, ways=["plain"])
    assert [reply.way for reply in result.replies] == ["plain", "plain"]
    assert list(summarize(result.replies)) == ["plain"]


def reply(thing="bo", parsed="A", right="A", recognised=True, way="personalised"):
    return Reply("0.png", thing, "?", way, "?", "", parsed, right, recognised)


def test_abstentions_are_counted_apart_and_are_not_right():
    """Of five: right, right, wrong, abstained, right; the last two were not recognised."""
    summary = summarize(
        [
            reply(),
            reply(thing="mam"),
            reply(parsed="B"),
            reply(parsed=None, recognised=False),
            reply(parsed="B", right="B", recognised=False),
        ]
    )["personalised"]
    assert summary == {
        "questions": 5,
        "right": 3,
        "wrong": 1,
        "abstained": 1,
        "accuracy": 0.6,
        "abstention": 0.2,
        "recognised": {
            "questions": 3,
            "right": 2,
            "wrong": 1,
            "abstained": 0,
            "accuracy": 2 / 3,
            "abstention": 0.0,
        },
        "not recognised": {
            "questions": 2,
            "right": 1,
            "wrong": 0,
            "abstained": 1,
            "accuracy": 0.5,
            "abstention": 0.5,
        },
        "by thing": {"bo": 0.5, "mam": 1.0},
    }


def test_a_share_of_nothing_is_none():
    assert summarize([reply()])["personalised"]["not recognised"]["accuracy"] is None
    assert summarize([]) == {}


@pytest.mark.parametrize(
    ("changed", "given", "message"),
    [
        ({"questions": ()}, {}, "expected questions with choices, found none"),
        ({"things": ()}, {}, "found none of bo, mam"),
        ({}, {"ways": ["loud"]}, r"found \['loud'\]"),
        ({}, {"ways": []}, "found none"),
        ({}, {"contexts": {"rex": "?"}}, r"expected contexts of things of two, found \['rex'\]"),
    ],
)
def test_what_cannot_be_asked_is_said(dataset, kit_factory, changed, given, message):
    with pytest.raises(InvalidInput, match=message):
        run_vqa(replace(dataset, **changed), kit_factory, Recorder(), **given)


def test_a_memory_that_holds_something_is_refused(dataset, kit_factory):
    kit_factory().remember("cup", solid_scene({"cyan": (9, 9, 70, 70)}), category="cup")
    with pytest.raises(InvalidInput, match=r"expected an empty memory .* found 1 object"):
        run_vqa(dataset, kit_factory, Recorder())
