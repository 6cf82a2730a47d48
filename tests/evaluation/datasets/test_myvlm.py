"""MyVLM as its README draws it, and in the folder that the PeKit authors' code reads."""

from __future__ import annotations

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.records import Thing

CAPTIONS = {
    "data/red_chicken/captions.json": '{"IMG_1.jpg": ["red_chicken on a table"]}',
    "data/gengar_toy/captions_augmented.json": "{}",
    "data/gengar_toy/additional_llava_vqa_data.json": "{}",
}
PHOTOS = ("data/red_chicken/IMG_2.JPG", "data/red_chicken/IMG_1.jpg", "data/gengar_toy/a.png")


@pytest.mark.parametrize("below", ["", "data"])
def test_concepts_are_things_whose_category_is_their_name_in_words(plant, below):
    dataset = load_dataset(plant(*PHOTOS, texts=CAPTIONS) / below)
    assert dataset.name == "MyVLM"
    assert dataset.things == (
        Thing("gengar_toy", "gengar toy"),
        Thing("red_chicken", "red chicken"),
    )
    assert [photo.path.name for photo in dataset.photos] == ["a.png", "IMG_1.jpg", "IMG_2.JPG"]
    assert all(photo.shows == {photo.path.parent.name} for photo in dataset.photos)


def test_captions_without_photos_are_a_partial_data_set(plant):
    with pytest.raises(InvalidInput, match="found captions, but no photos") as error:
        load_dataset(plant(texts=CAPTIONS))
    assert "├── <concept>/" in str(error.value)
    assert "https://github.com/snap-research/MyVLM" in str(error.value)


def test_photos_without_captions_are_not_myvlm(plant):
    with pytest.raises(InvalidInput, match=r"MyVLM data set .* found no such files"):
        load_dataset(plant(*PHOTOS), "myvlm")
