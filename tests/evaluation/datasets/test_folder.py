"""The plain layout, and the files that anyone may add to a data set."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from pekit_agents.errors import ImageError, InvalidInput
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.records import Thing
from pekit_agents.types import Box


def names(dataset):
    return [photo.path.relative_to(dataset.root).as_posix() for photo in dataset.photos]


def test_folders_are_things_and_their_photos_show_them(plant):
    root = plant("mug/2.jpg", "mug/1.png", "dog/a.JPEG")
    dataset = load_dataset(root)
    assert dataset.root == root
    assert dataset.name == root.name
    assert dataset.things == (Thing("dog"), Thing("mug"))
    assert names(dataset) == ["dog/a.JPEG", "mug/1.png", "mug/2.jpg"]
    assert [set(photo.shows) for photo in dataset.photos] == [{"dog"}, {"mug"}, {"mug"}]
    assert all(photo.boxes == {} and photo.about == set() for photo in dataset.photos)
    assert dataset.questions == ()


def test_hidden_files_other_files_and_empty_folders_do_not_count(plant):
    root = plant("mug/1.jpg", ".git/x.jpg", "mug/.thumb.jpg", texts={"mug/notes.txt": "", "a": ""})
    (root / "empty").mkdir()
    dataset = load_dataset(root)
    assert [thing.name for thing in dataset.things] == ["mug"]
    assert names(dataset) == ["mug/1.jpg"]


def test_background_photos_show_nothing(plant):
    dataset = load_dataset(plant("mug/1.jpg", "background/street.jpg"))
    assert [thing.name for thing in dataset.things] == ["mug"]
    (street,) = (photo for photo in dataset.photos if photo.group == "background")
    assert street.path.name == "street.jpg"
    assert street.shows == set()


def test_categories_come_from_their_file(plant):
    root = plant("mug/1.jpg", "rex/1.jpg", texts={"categories.json": '{"rex": "dog"}'})
    assert [thing.category for thing in load_dataset(root).things] == ["object", "dog"]


def test_boxes_are_shares_of_the_upright_photo_and_become_pixels(plant):
    boxes = {"mug/1.jpg": [0.25, 0.5, 0.75, 1.0]}
    root = plant("mug/1.jpg", "mug/2.jpg", texts={"boxes.json": json.dumps(boxes)})
    first, second = load_dataset(root).photos
    assert first.boxes == {"mug": (Box(10, 15, 30, 30),)}  # of 40 x 30
    assert second.boxes == {}


@pytest.mark.parametrize("name", ["mug/1.jpg", "mug/1.png", "mug/1.tif"])
def test_boxes_of_a_photo_lying_on_its_side_are_those_of_the_upright_one(plant, name):
    root = plant(name, texts={"boxes.json": json.dumps({name: [0, 0, 0.5, 0.5]})})
    exif = Image.Exif()
    exif[0x0112] = 6  # stored 40 x 30, to be shown 30 x 40
    Image.new("RGB", (40, 30)).save(root / name, exif=exif)
    (photo,) = load_dataset(root).photos
    assert photo.boxes == {"mug": (Box(0, 0, 15, 20),)}


def test_a_sighting_may_be_one_of_several_boxes(plant):
    boxes = {"mug/1.jpg": {"mug": [[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1]]}}
    root = plant("mug/1.jpg", texts={"boxes.json": json.dumps(boxes)})
    (photo,) = load_dataset(root).photos
    assert photo.boxes == {"mug": (Box(0, 0, 20, 15), Box(20, 15, 40, 30))}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("categories.json", "{", r"categories.json: expected a JSON file"),
        ("categories.json", "[]", "expected a JSON object, found list"),
        ("categories.json", '{"mug": 5}', r"expected a word as category of 'mug', found 5"),
        ("categories.json", '{"mug": null}', r"a word as category of 'mug', found None"),
        ("categories.json", '{"mug": " "}', r"a word as category of 'mug', found ' '"),
        ("categories.json", '{"mgu": "cup"}', r"expected things .* found \['mgu'\]"),
        ("boxes.json", '{"mug/9.jpg": [0, 0, 1, 1]}', r"expected photos .* found \['mug/9.jpg'\]"),
        ("boxes.json", '{"mug/1.jpg": [0, 0, 20, 15]}', "divided by the photo's 40 x 30"),
        ("boxes.json", '{"mug/1.jpg": [0.5, 0, 0.5, 1]}', "x0 < x1"),
        ("boxes.json", '{"mug/1.jpg": [0, 0, 1]}', "expected edges"),
        ("boxes.json", '{"mug/1.jpg": {"dog": [[0, 0, 1, 1]]}}', r"found \['dog'\]"),
        ("boxes.json", '{"background/1.jpg": [0, 0, 1, 1]}', "shows 0 things"),
    ],
)
def test_a_wrong_sidecar_says_what_is_wrong_with_it(plant, name, text, message):
    root = plant("mug/1.jpg", "background/1.jpg", texts={name: text})
    with pytest.raises(InvalidInput, match=message):
        load_dataset(root)


def test_unreadable_photos_are_all_named(plant):
    root = plant("mug/1.jpg", "mug/2.jpg", texts={"mug/3.jpg": "not a photo", "mug/4.jpg": ""})
    with pytest.raises(ImageError, match=r"expected 4 photos, cannot read 2 of them") as error:
        load_dataset(root)
    assert "3.jpg" in str(error.value)
    assert "4.jpg" in str(error.value)
    assert "2.jpg" not in str(error.value)


def test_a_git_lfs_pointer_says_how_to_get_the_photo(plant):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    root = plant(texts={"mug/1.png": pointer})
    with pytest.raises(ImageError, match="git lfs pull"):
        load_dataset(root)


def test_a_missing_folder_draws_the_layout_and_lists_the_others(tmp_path):
    with pytest.raises(InvalidInput, match="found nothing there") as error:
        load_dataset(tmp_path / "gone")
    assert "├── <thing>/" in str(error.value)
    assert "yollava" in str(error.value)


def test_a_folder_without_photos_and_a_file_are_refused(plant):
    root = plant(texts={"mug/readme.txt": "no photo"})
    with pytest.raises(InvalidInput, match="found no such files"):
        load_dataset(root)
    with pytest.raises(InvalidInput, match="found a file"):
        load_dataset(root / "mug" / "readme.txt")


def test_an_unknown_layout_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(InvalidInput, match="dreambooth, folder, manifest, myvlm, this-is-my"):
        load_dataset(tmp_path, layout="coco")


def test_the_development_photos_load_with_a_box_each(development_photos):
    dataset = load_dataset(development_photos)
    assert len(dataset.things) == 15
    assert all(len(photo.boxes) == 1 for photo in dataset.photos)
