"""What is written down is read back, and a folder that lost something says so."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.datasets.manifest import MANIFEST, write_manifest
from pekit_agents.evaluation.records import Dataset, Photo, Question, Thing
from pekit_agents.types import Box


@pytest.fixture
def dataset(plant):
    base = plant("scenes/0.jpg", "scenes/1.jpg", "mug/ref.jpg")
    root = base / "scenes"
    boxes = {"mug": (Box(1, 2, 3.5, 4), Box(5, 6, 7, 8))}
    photos = (
        Photo(root / "0.jpg", frozenset({"mug", "dog"}), boxes, "mosaic"),
        Photo(root / "1.jpg", frozenset(), about=frozenset({"mug"})),
    )
    question = Question(root / "0.jpg", "mug", "Is it red?", {"A": "Yes", "B": "No"}, "A")
    thing = Thing("mug", "cup", (base / "mug" / "ref.jpg",))
    return Dataset("scenes of mine", root, (thing,), photos, (question,))


def test_a_data_set_comes_back_as_it_was_written(dataset):
    write_manifest(dataset, {"seed": 3})
    assert load_dataset(dataset.root) == dataset
    said = json.loads((dataset.root / MANIFEST).read_text("utf-8"))
    assert said["made"] == {"seed": 3}
    assert [photo["path"] for photo in said["photos"]] == ["0.jpg", "1.jpg"]
    assert said["things"][0]["references"] == [dataset.things[0].references[0].as_posix()]


def test_the_folder_may_move(dataset):
    write_manifest(dataset, {})
    elsewhere = dataset.root.parent / "deeper" / "down"
    elsewhere.parent.mkdir()
    dataset.root.rename(elsewhere)
    moved = load_dataset(elsewhere)
    assert moved.photos[0].path == elsewhere / "0.jpg"
    assert moved.things == dataset.things


def test_a_lost_photo_is_named(dataset):
    write_manifest(dataset, {})
    (dataset.root / "1.jpg").unlink()
    with pytest.raises(InvalidInput, match=r"1 of its photos missing: .*1\.jpg"):
        load_dataset(dataset.root)


@pytest.mark.parametrize(
    ("text", "message"),
    [("[]", "not of format"), ('{"format": "pekit-dataset-1"}', r"KeyError\('name'\)")],
)
def test_another_file_of_that_name_is_refused(dataset, text, message):
    (dataset.root / MANIFEST).write_text(text, "utf-8")
    with pytest.raises(InvalidInput, match=message):
        load_dataset(dataset.root)


def test_a_folder_that_cannot_be_written_to_is_named(dataset):
    with pytest.raises(InvalidInput, match="expected a folder to write to"):
        write_manifest(replace(dataset, root=dataset.root / "gone"), {})
