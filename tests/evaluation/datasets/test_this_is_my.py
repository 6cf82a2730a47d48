"""This-Is-My-Img as its authors' README and code lay it out."""

from __future__ import annotations

import json

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.records import Thing

HAT, CAR, BAG = "Alexs hat-hat", "Nikkis car-car", "Nikkis camper bag-bag"
SINGLE = (
    *(f"Single-concept/train/{name}/0.png" for name in (HAT, CAR, BAG)),
    f"Single-concept/test/Positive/{HAT}/3.png",
    f"Single-concept/test/Positive/{CAR}/7_double.png",
    f"Single-concept/test/Negative (Hard)/{HAT}/1.png",
    f"Single-concept/test/Negative (Other)/{HAT}/2.jpg",
    f"Single-concept/test/Fake/{CAR}/1.webp",
)
MULTI = (
    *(f"Multi-concept/train/{name}/0.png" for name in ("Alex-woman", HAT)),
    "Multi-concept/test/Alex_and_Alexs hat/0.png",
)


def facts(dataset):
    return [
        (photo.group, photo.path.name, sorted(photo.shows), sorted(photo.about))
        for photo in dataset.photos
    ]


def test_the_four_parts_say_what_is_shown_and_what_they_are_about(plant):
    root = plant(*SINGLE, *MULTI)
    dataset = load_dataset(root)
    train = root / "Single-concept/train"
    assert dataset.name == "This-Is-My-Img"
    assert dataset.root == root / "Single-concept"
    assert dataset.things == (
        Thing("Alexs hat", "hat", (train / HAT / "0.png",)),
        Thing("Nikkis camper bag", "bag", (train / BAG / "0.png",)),
        Thing("Nikkis car", "car", (train / CAR / "0.png",)),
    )
    assert facts(dataset) == [
        ("fake", "1.webp", [], ["Nikkis car"]),
        ("negative (hard)", "1.png", [], ["Alexs hat"]),
        ("negative (other)", "2.jpg", [], ["Alexs hat"]),
        ("positive", "3.png", ["Alexs hat"], []),
        ("positive", "7_double.png", ["Nikkis camper bag", "Nikkis car"], []),
    ]


def test_pairs_show_both_of_their_things(plant):
    dataset = load_dataset(plant(*SINGLE, *MULTI) / "Multi-concept")
    assert [thing.name for thing in dataset.things] == ["Alex", "Alexs hat"]
    assert [thing.category for thing in dataset.things] == ["woman", "hat"]
    assert facts(dataset) == [("multi", "0.png", ["Alex", "Alexs hat"], [])]


def test_the_older_words_for_the_folders_are_read_as_well(plant):
    dataset = load_dataset(
        plant(
            "This-is-My-Img/Single-concept/Reference Images/Alexs hat/0.png",
            "This-is-My-Img/Single-concept/Validation/positive/Alexs hat/1.png",
        )
    )
    assert dataset.things[0].name == "Alexs hat"
    assert dataset.things[0].category == "object"
    assert facts(dataset) == [("positive", "1.png", ["Alexs hat"], [])]


def test_questions_with_choices_are_read_and_open_ones_left_out(plant):
    choices = {"question": "Is <sks> red?", "options": {"A": "Yes", "B": "No"}}
    qa = {
        "Alexs hat": {f"./test/Positive/{HAT}/3.png": {**choices, "correct_answer": "B"}},
        "Nikkis car": {
            f"./test/Positive/{CAR}/7_double.png": {"question": "Why?", "answer": "So."}
        },
    }
    texts = {"Single-concept/this-is-my-visual-qa.json": json.dumps(qa)}
    (question,) = load_dataset(plant(*SINGLE, texts=texts)).questions
    assert question.text == "Is Alexs hat red?"
    assert question.thing == "Alexs hat"
    assert question.answer == "B"


def test_a_question_about_a_pair_speaks_of_both(plant):
    entry = {"question": "Where are <sks>?", "options": {"A": "In", "B": "Out"}}
    qa = {"Alex_Alexs hat": {"../test/Alex_and_Alexs hat/0.png": {**entry, "correct_answer": "A"}}}
    texts = {"Multi-concept/VQA/pairs.json": json.dumps(qa)}
    root = plant(*MULTI, texts=texts) / "Multi-concept"
    (question,) = load_dataset(root).questions
    assert (question.thing, question.text) == ("Alex", "Where are Alex and Alexs hat?")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("Single-concept/test/Positive/Zaks dog-dog/1.png", "no reference photos of 'Zaks dog'"),
        (f"Single-concept/test/Maybe/{HAT}/1.png", "a folder 'Maybe' that is none of the parts"),
    ],
)
def test_what_does_not_fit_is_named_with_the_place_to_get_it(plant, more, message):
    with pytest.raises(InvalidInput, match=message) as error:
        load_dataset(plant(*SINGLE, more))
    assert "https://github.com/vdorovatas/personalization_toolkit" in str(error.value)
    assert "│   │   └── Fake/<thing>/*.png" in str(error.value)


def test_a_thing_without_reference_photos_is_named(plant):
    root = plant(*SINGLE)
    (root / "Single-concept/train/Empty-thing").mkdir()
    with pytest.raises(InvalidInput, match="no reference photos of Empty"):
        load_dataset(root)


def test_the_videos_are_told_to_be_sampled_first(plant):
    root = plant(texts={"this-is-my-dataset/segments.csv": ""})
    with pytest.raises(InvalidInput, match=r"datasets\.frames\.sample_frames"):
        load_dataset(root)


def test_another_folder_is_refused(plant):
    with pytest.raises(InvalidInput, match="found no such files"):
        load_dataset(plant("mug/1.jpg"), "this-is-my")
