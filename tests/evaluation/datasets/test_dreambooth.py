"""DreamBooth as its repository lays it out."""

from __future__ import annotations

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.records import Thing

CLASSES = """Classes

subject_name,class
bear_plushie,stuffed animal
dog,dog

Prompts

prompt_list = ['a {0} {1} in the jungle']
"""
PHOTOS = ("dataset/dog/00.jpg", "dataset/dog/01.jpg", "dataset/bear_plushie/00.jpg")


def repository(plant, classes=CLASSES):
    texts = {
        "dataset/prompts_and_classes.txt": classes,
        "dataset/references_and_licenses.txt": "",
        "README.md": "",
    }
    return plant(*PHOTOS, texts=texts)


@pytest.mark.parametrize("below", ["", "dataset"])
@pytest.mark.parametrize("layout", ["auto", "dreambooth"])
def test_subjects_have_the_classes_of_the_file(plant, layout, below):
    root = repository(plant)
    dataset = load_dataset(root / below, layout)
    assert dataset.name == "DreamBooth"
    assert dataset.root == root / "dataset"
    assert dataset.things == (Thing("bear_plushie", "stuffed animal"), Thing("dog", "dog"))
    assert [(photo.path.parent.name, photo.path.name) for photo in dataset.photos] == [
        ("bear_plushie", "00.jpg"),
        ("dog", "00.jpg"),
        ("dog", "01.jpg"),
    ]
    assert [set(photo.shows) for photo in dataset.photos] == [{"bear_plushie"}, {"dog"}, {"dog"}]


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (CLASSES.replace("dog,dog\n", ""), "no class for dog"),
        (CLASSES.replace("dog,dog\n", "dog,dog\nvase,vase\n"), "no photos of vase .*folder"),
        ("Prompts", "no line 'subject_name,class'"),
    ],
)
def test_a_part_that_is_missing_is_named_with_the_place_to_get_it(plant, classes, message):
    with pytest.raises(InvalidInput, match=message) as error:
        load_dataset(repository(plant, classes))
    assert "https://github.com/google/dreambooth" in str(error.value)
    assert "├── prompts_and_classes.txt" in str(error.value)


def test_without_the_file_of_classes_it_is_not_dreambooth(plant):
    with pytest.raises(InvalidInput, match=r"expected the DreamBooth data set .* no such files"):
        load_dataset(plant(*PHOTOS), "dreambooth")
