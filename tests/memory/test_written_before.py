"""A memory and an export that were written by the code of 699b95e: see ``data/README.md``."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pekit_agents.kit.kit import PeKit
from pekit_agents.testing import PALETTE, fake_profile

WRITTEN = Path(__file__).with_name("data") / "0.1.0"
#: What it answered when it was written.
ANSWERS = {"red": ["Biscuit"], "blue": ["Ruby"], "yellow": []}
OBJECTS = [
    ("Biscuit", "dog", "Eats shoes.", 2, 0),
    ("Ruby", "motorcycle", "Rebuilt in 2014.", 1, 1),
]
VIEWS = {"Biscuit": ["38aad563c181", "24595bf09a2f"], "Ruby": ["ccb7877941e9"]}


@pytest.fixture
def open_kit():
    fake = fake_profile()
    profile = replace(fake, matching=replace(fake.matching, threshold=0.95))
    return lambda root: PeKit.open(root, user_id="ann", profile=profile, keep_crops=True)


@pytest.fixture
def kit(tmp_path, open_kit):
    """The memory of then, opened by the code of now."""
    shutil.copytree(WRITTEN / "memory", tmp_path / "memory")
    return open_kit(tmp_path / "memory")


def photo(colour):
    picture = Image.new("RGB", (160, 120), (128, 128, 128))
    picture.paste(PALETTE[colour], (30, 20, 90, 80))
    return picture


def answers(kit):
    return {
        colour: [match.object.name for match in kit.find(photo(colour)).matches]
        for colour in ANSWERS
    }


def objects(kit):
    return [(o.name, o.category, o.context, o.n_views, o.n_negatives) for o in kit.objects()]


def records(kit):
    return {record.object.name: record for record in kit._memory.records()}


def test_it_is_read_as_it_is_and_answers_the_same(kit):
    assert objects(kit) == OBJECTS
    assert answers(kit) == ANSWERS
    assert {name: [view.view_id for view in kit.views(name)] for name in VIEWS} == VIEWS
    assert kit.objects()[0].created_at == datetime(2026, 11, 30, 12, 15, 32, 631454, UTC)
    times = {view.added_at for view in kit.views("Biscuit")}
    assert times == {datetime(2026, 11, 30, 12, 15, 32, 689953, UTC)}
    crops = [view.crop for name in VIEWS for view in kit.views(name)]
    assert [Image.open(BytesIO(crop.picture)).format for crop in crops] == ["JPEG"] * 3
    assert [Image.open(BytesIO(crop.mask)).format for crop in crops] == ["PNG"] * 3


def test_what_waited_for_a_decision_still_waits(kit):
    (item,) = kit.review.list()
    assert (item.label, item.doubt.match.object.name) == ("drawer", "Biscuit")
    assert item.doubt.reason == "possible"  # it was called "near" then
    assert kit.review.confirm(item.review_id).n_views == 3
    assert kit.review.list() == []


def test_it_is_written_to_and_keeps_what_it_had(kit, tmp_path, open_kit):
    before, held = records(kit)["Ruby"], kit.views("Ruby")
    kit.add_views("Ruby", photo("blue").transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    kit.remember("Tulip", photo("yellow"), category="flower")
    kit.forget("Biscuit")
    again = open_kit(tmp_path / "memory")
    assert objects(again) == [
        ("Ruby", "motorcycle", "Rebuilt in 2014.", 2, 1),
        ("Tulip", "flower", "", 1, 0),
    ]
    assert answers(again) == {"red": [], "blue": ["Ruby"], "yellow": ["Tulip"]}
    assert again.views("Ruby")[:1] == held  # with its crop
    after = records(again)["Ruby"]
    np.testing.assert_array_equal(after.vectors[:1], before.vectors)
    np.testing.assert_array_equal(after.negatives, before.negatives)
    assert again.review.list() == []  # what waited was about who is forgotten


def test_it_is_exported_as_it_was_then(kit, tmp_path, open_kit):
    kit.export(tmp_path / "now.pekit")
    kits = [open_kit(tmp_path / name) for name in ("then", "now")]
    for other, path in zip(kits, (WRITTEN / "memory.pekit", tmp_path / "now.pekit"), strict=True):
        other.import_memory(path)
        assert other.objects() == kit.objects()
        assert answers(other) == ANSWERS
        assert all(other.views(name) == kit.views(name) for name in VIEWS)
    then, now = (list(other._memory.records()) for other in kits)
    for one, two in zip(then, now, strict=True):
        np.testing.assert_array_equal(one.vectors, two.vectors)
        np.testing.assert_array_equal(one.negatives, two.negatives)
        assert one.views == two.views
