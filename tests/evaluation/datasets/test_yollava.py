"""Yo'LLaVA as its repository lays it out, with its questions."""

from __future__ import annotations

import json

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.records import Question, Thing

PHOTOS = (
    "yollava-data/train/bo/0.png",
    "yollava-data/train/bo/1.png",
    "yollava-data/train/bo/negative_example/76618997f6ce14d73ccde567a6c8eabb.png",
    "yollava-data/train/pig-cup/0.png",
    "yollava-data/test/bo/0.png",
    "yollava-data/test/pig-cup/0.png",
    "yollava-data/test/pig-cup/1.png",
)
FUR = {
    "question": "What is the primary color of <sks>'s fur?",
    "options": {"A": "Brown", "B": "Grey"},
    "correct_answer": "A",
}
SHAPE = {"question": "Is <sks> round?", "options": {"A": "No", "B": "Yes"}, "correct_answer": "B"}
QA = {
    "pig-cup": {"./yollava-data/test/pig-cup/1.png": SHAPE},
    "bo": {"./yollava-data/test/bo/0.png": FUR},
}


def repository(plant, qa=QA, photos=PHOTOS):
    texts = {"yollava-data/yollava-visual-qa.json": json.dumps(qa), "README.md": ""}
    return plant(*photos, texts={**texts, "yollava-data/train/bo/negative_example/scores.json": ""})


@pytest.mark.parametrize("below", ["", "yollava-data"])
@pytest.mark.parametrize("layout", ["auto", "yollava"])
def test_train_introduces_and_test_is_searched(plant, layout, below):
    root = repository(plant) / "yollava-data"
    dataset = load_dataset(repository(plant) / below, layout)
    train = root / "train"
    assert dataset.name == "Yo'LLaVA"
    assert dataset.root == root
    assert dataset.things == (
        Thing("bo", "dog", (train / "bo/0.png", train / "bo/1.png")),
        Thing("pig-cup", "cup", (train / "pig-cup/0.png",)),
    )
    assert [photo.path.relative_to(root).as_posix() for photo in dataset.photos] == [
        "test/bo/0.png",
        "test/pig-cup/0.png",
        "test/pig-cup/1.png",
    ]
    assert [set(photo.shows) for photo in dataset.photos] == [{"bo"}, {"pig-cup"}, {"pig-cup"}]
    assert {photo.group for photo in dataset.photos} == {"test"}


def test_questions_name_the_thing_and_keep_the_order_of_the_file(plant):
    dataset = load_dataset(repository(plant))
    test = dataset.root / "test"
    assert dataset.questions == (
        Question(test / "pig-cup/1.png", "pig-cup", "Is pig-cup round?", SHAPE["options"], "B"),
        Question(
            test / "bo/0.png", "bo", "What is the primary color of bo's fur?", FUR["options"], "A"
        ),
    )


def test_the_form_that_the_readme_draws_is_read_as_well(plant):
    (question,) = load_dataset(repository(plant, QA["bo"])).questions
    assert question.thing == "bo"
    assert question.answer == "A"


def test_train_and_test_alone_are_enough(plant):
    assert load_dataset(plant(*PHOTOS)).questions == ()


@pytest.mark.parametrize(
    ("qa", "message"),
    [
        ({"bo": {"./yollava-data/test/bo/7.png": FUR}}, "bo/7.png: the photo is missing"),
        ({"mam": {"./yollava-data/test/bo/0.png": FUR}}, "there is no thing 'mam'"),
        ({"bo": {"./test/bo/0.png": {**FUR, "correct_answer": "C"}}}, "one of its options"),
        ({"bo": {"./test/bo/0.png": "?"}}, "expected a question's object"),
        ([], "expected thing -> photo -> question"),
    ],
)
def test_a_question_that_cannot_be_asked_is_named(plant, qa, message):
    with pytest.raises(InvalidInput, match=message):
        load_dataset(repository(plant, qa))


@pytest.mark.parametrize(
    ("without", "message"),
    [
        ("test/", "no photos in train or in test|no such files"),
        ("train/pig-cup", "subjects in test but not in train: pig-cup"),
    ],
)
def test_a_part_that_is_missing_is_named_with_the_place_to_get_it(plant, without, message):
    root = plant(*(photo for photo in PHOTOS if without not in photo))
    with pytest.raises(InvalidInput, match=message) as error:
        load_dataset(root, "yollava")
    assert "git clone https://github.com/WisconsinAIVision/YoLLaVA" in str(error.value)
    assert "└── yollava-visual-qa.json" in str(error.value)


def test_a_subject_without_reference_photos_is_named(plant):
    root = plant(*PHOTOS)
    (root / "yollava-data/train/mam").mkdir()
    with pytest.raises(InvalidInput, match="no photos in train of mam"):
        load_dataset(root)
