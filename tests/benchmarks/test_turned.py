"""How often a thing is found in turned photos: what is counted, on the fake vision tools."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.recognition.turned import answer, measure, split, turned
from pekit_agents import PeKit
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.testing import fake_profile, graded_profile, solid_scene


def test_turns_are_counter_clockwise():
    photo = solid_scene({"red": (0, 0, 40, 60)})  # 160 x 120, red in the upper left
    red = photo.getpixel((10, 10))
    assert turned(photo, 0) is photo
    assert turned(photo, 90).getpixel((10, 150)) == red
    assert turned(photo, 180).getpixel((150, 110)) == red
    assert turned(photo, 270).getpixel((110, 10)) == red


def test_an_answer_is_named_asked_missed_or_wrong(tmp_path):
    kit = PeKit.open(tmp_path, profile=graded_profile())
    for name, colour in (("Cup", "red"), ("Bike", "blue")):
        kit.remember(name, solid_scene({colour: (20, 20, 90, 90)}), category="thing")
    find = lambda colour: kit.find(solid_scene({colour: (20, 20, 90, 90)}))  # noqa: E731
    assert answer(find("red"), "Cup") == "named"
    assert answer(find("pale red"), "Cup") == "asked"
    assert answer(find("green"), "Cup") == "missed"
    assert answer(find("blue"), "Cup") == "wrong"
    both = find("red")
    assert answer(replace(both, matches=both.matches + find("blue").matches), "Cup") == "named"


@pytest.fixture
def parts(tmp_path):
    for name, colour in (("cup", "red"), ("bike", "blue"), ("few", "green")):
        (tmp_path / name).mkdir()
        for number in range(1 if name == "few" else 3):
            box = (20 + number, 20, 90, 90)
            solid_scene({colour: box}).save(tmp_path / name / f"{number}.png")
    return list(split(load_dataset(tmp_path), 9, 2, 1))


def test_things_with_enough_photos_are_remembered_and_searched_in_others(parts):
    assert [(name, len(refs), len(search)) for name, _, refs, search in parts] == [
        ("bike", 2, 1),
        ("cup", 2, 1),
    ]
    said = measure(parts, fake_profile())
    assert {degrees: dict(counts) for degrees, counts in said.items()} == {
        degrees: {"named": 2} for degrees in (0, 90, 180, 270)
    }
