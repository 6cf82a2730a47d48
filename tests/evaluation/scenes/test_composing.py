"""Composed scenes: boxes lie on their things, references stay out, a seed gives them again."""

from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import pytest
from PIL import Image

from pekit_agents.boxes import containment, iou_matrix
from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.records import Dataset, Photo, Thing
from pekit_agents.evaluation.scenes.composing import compose_scenes
from pekit_agents.evaluation.scenes.drawing import SIZE, Piece, draw_mosaic, draw_pasted
from pekit_agents.evaluation.scenes.sending import turned
from pekit_agents.testing import PALETTE, ColourExtractor, ColourProposer, solid_scene
from pekit_agents.types import Box, Mask
from tests.evaluation.conftest import PATCHES

PATCH = (40, 30, 100, 90)


def seen(path):
    """Return where patches of colour lie in a scene."""
    with Image.open(path) as picture:
        return ColourProposer().propose(picture.convert("RGB"), [], "scene")


def colour_at(path, box):
    with Image.open(path) as picture:
        middle = ((box.x0 + box.x1) // 2, (box.y0 + box.y1) // 2)
        pixel = np.array(picture.convert("RGB").getpixel(middle), float)
    return min(PATCHES, key=lambda name: np.abs(pixel - PALETTE[name]).sum())


def test_every_box_lies_on_its_thing(dataset, backgrounds, tmp_path):
    scenes = compose_scenes(dataset, backgrounds, seed=1, count=8, out=tmp_path / "out")
    assert {photo.group for photo in scenes.photos} == {"mosaic", "pasted (box)"}
    checked = 0
    for photo in scenes.photos:
        assert set(photo.boxes) == photo.shows
        regions = [region.box.xyxy for region in seen(photo.path)]
        for name, (box,) in photo.boxes.items():
            assert colour_at(photo.path, box) == name
            assert iou_matrix([box.xyxy], regions).max() > 0.9
            checked += 1
    assert checked >= 16


def test_a_seed_gives_the_same_scenes_and_a_larger_count_more_of_them(
    dataset, backgrounds, tmp_path
):
    few = compose_scenes(dataset, backgrounds, seed=4, count=3, out=tmp_path / "few")
    more = compose_scenes(dataset, backgrounds, seed=4, count=5, out=tmp_path / "more")
    other = compose_scenes(dataset, backgrounds, seed=5, count=3, out=tmp_path / "other")
    assert [photo.path.name for photo in few.photos] == [f"scene-00{n}.jpg" for n in range(3)]
    for a, b in zip(few.photos, more.photos, strict=False):
        assert a.boxes == b.boxes
        assert a.path.read_bytes() == b.path.read_bytes()
    assert [photo.boxes for photo in few.photos] != [photo.boxes for photo in other.photos]


@pytest.mark.parametrize("given", [True, False])
def test_no_scene_is_made_of_a_reference(tmp_path, backgrounds, given):
    """A thing has a red and a green photo; where none is given as its reference, one is drawn."""
    root = tmp_path / "thing"
    root.mkdir()
    photos = []
    for colour in ("red", "green"):
        solid_scene({colour: PATCH}).save(root / f"{colour}.png")
        boxes = {"mug": (Box(*PATCH),)}
        photos.append(Photo(root / f"{colour}.png", frozenset({"mug"}), boxes))
    references = (root / "red.png",) if given else ()
    thing = Thing("mug", "cup", references)
    of_two = Dataset("d", root, (thing,), tuple(photos))
    scenes = compose_scenes(of_two, backgrounds, seed=0, count=6, out=tmp_path / "out")
    ((reference,),) = (thing.references for thing in scenes.things)
    assert not given or reference == references[0]
    shown = [(photo.path, photo.boxes["mug"][0]) for photo in scenes.photos if photo.boxes]
    assert len(shown) == 6
    assert {colour_at(path, box) for path, box in shown} == {"red", "green"} - {reference.stem}


def test_references_are_set_aside_where_the_data_set_has_none(dataset, backgrounds, tmp_path):
    scenes = compose_scenes(
        dataset, backgrounds, seed=2, count=1, out=tmp_path / "out", references=9
    )
    assert len(scenes.things) == 4  # two thirds of six
    for thing in scenes.things:
        assert len(thing.references) == 3  # of four photos one is left for scenes
        assert all(ref.name.startswith(thing.name) for ref in thing.references)


def test_unknown_things_are_shown_but_cannot_be_remembered(dataset, backgrounds, tmp_path):
    scenes = compose_scenes(
        dataset, backgrounds, seed=3, count=16, out=tmp_path / "out", known=["red", "blue"]
    )
    assert [thing.name for thing in scenes.things] == ["red", "blue"]
    known = {"red", "blue"}
    without = [index for index, photo in enumerate(scenes.photos) if not photo.shows & known]
    assert without == [7, 15]
    assert all(scenes.photos[index].shows for index in without)
    assert set.union(*(set(photo.shows) for photo in scenes.photos)) == set(PATCHES)


def test_an_extractor_cuts_along_the_outline_and_finds_missing_boxes(
    dataset, backgrounds, tmp_path
):
    bare = tuple(Photo(photo.path, photo.shows) for photo in dataset.photos)
    unboxed = Dataset(dataset.name, dataset.root, dataset.things, bare)
    out = tmp_path / "out"
    scenes = compose_scenes(
        unboxed, backgrounds, seed=6, count=4, out=out, extractor=ColourExtractor()
    )
    assert {photo.group for photo in scenes.photos} == {"mosaic", "pasted (mask)"}
    for photo in scenes.photos:
        for name, (box,) in photo.boxes.items():
            assert colour_at(photo.path, box) == name


def test_scenes_are_read_back_as_they_were_returned(dataset, backgrounds, tmp_path):
    done = []
    out = tmp_path / "out"
    scenes = compose_scenes(
        dataset,
        backgrounds,
        seed=1,
        count=2,
        out=out,
        progress=lambda *now: done.append(now),
    )
    assert load_dataset(out) == scenes
    assert done == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"count": 0}, "at least 1, found 0 and 3"),
        ({"references": 0}, "at least 1, found 1 and 0"),
        ({"backgrounds": []}, "at least one background"),
        ({"known": ["rde"]}, r"as known, found \['rde'\]"),
        ({"known": []}, "expected things of 'patches' as known"),
    ],
)
def test_what_cannot_be_composed_is_said(dataset, backgrounds, tmp_path, changed, message):
    given = {"backgrounds": backgrounds, "seed": 0, "count": 1, "out": tmp_path / "out"} | changed
    with pytest.raises(InvalidInput, match=message):
        compose_scenes(dataset, **given)


def test_a_thing_without_boxes_is_named_with_the_ways_out(dataset, backgrounds, tmp_path):
    bare = tuple(Photo(photo.path, photo.shows) for photo in dataset.photos)
    unboxed = Dataset(dataset.name, dataset.root, dataset.things, bare)
    with pytest.raises(InvalidInput, match=r"found 3 and 0; add photos or boxes .*extractor"):
        compose_scenes(unboxed, backgrounds, seed=0, count=1, out=tmp_path / "out")


def test_nothing_is_overwritten(dataset, backgrounds, tmp_path):
    with pytest.raises(InvalidInput, match="expected an empty folder"):
        compose_scenes(dataset, backgrounds, seed=0, count=1, out=dataset.root)


def test_a_thing_too_tall_for_its_tile_is_shown_whole():
    tall = Piece(solid_scene({"red": (10, 0, 40, 400)}, (50, 400)), Box(10, 0, 40, 400))
    grey = Piece(Image.new("RGB", (80, 60), (128, 128, 128)))
    picture, (box, *others) = draw_mosaic([tall, grey, grey, grey], Random(0))
    assert picture.size == SIZE
    assert others == [None, None, None]
    # A tile is (1024 - 3 * 6) / 2 = 503 wide and (768 - 3 * 6) / 2 = 375 high; the photo becomes
    # 375 high and 47 wide, in its middle: x from 6 + 228; the patch is 30 of 50 wide.
    assert box.xyxy == pytest.approx((6 + 228 + 9.4, 6, 6 + 228 + 37.6, 381))
    red = np.asarray(picture)[100, :, 0].astype(int) - np.asarray(picture)[100, :, 1]
    assert np.diff(red).argmax() == pytest.approx(box.x0, abs=2)


def test_the_box_of_a_cut_out_is_that_of_its_outline():
    """The outline is the red patch, a quarter of the box that was given."""
    photo = solid_scene({"red": (40, 40, 80, 80)})
    outline = np.zeros((120, 160), np.float32)
    outline[40:80, 40:80] = 1
    piece = Piece(photo, Box(20, 20, 100, 100), Mask(outline, Box(0, 0, 160, 120)))
    picture, (box,) = draw_pasted(Image.new("RGB", (64, 48), (128, 128, 128)), [piece], Random(1))
    (region, *_) = ColourProposer().propose(picture, [], "scene")
    assert iou_matrix([box.xyxy], [region.box.xyxy])[0, 0] > 0.85


def test_pasted_things_hardly_hide_each_other_and_one_without_room_is_left_out():
    photo = solid_scene({"red": (80, 80, 480, 400)}, (560, 480))
    pieces = [Piece(photo, Box(80, 80, 480, 400))] * 40
    _, boxes = draw_pasted(Image.new("RGB", (64, 48)), pieces, Random(0))
    placed = [box.xyxy for box in boxes if box is not None]
    assert 3 < len(placed) < 40
    assert max(containment([a], [b])[0, 0] for a, b in combinations(placed, 2)) <= 0.05 + 1e-9
    assert all(0 <= x0 < x1 <= SIZE[0] and 0 <= y0 < y1 <= SIZE[1] for x0, y0, x1, y1 in placed)


def scenes_as(arrangement, dataset, backgrounds, out, count=8):
    return compose_scenes(
        dataset, backgrounds, seed=3, count=count, out=out, arrangement=arrangement
    ).photos


@pytest.mark.parametrize(
    "arrangement", ["collage-4", "collage-6", "collage-9", "turned-90", "turned-180", "screenshot"]
)
def test_boxes_lie_on_their_things_however_these_are_arranged(
    arrangement, dataset, backgrounds, tmp_path
):
    photos = scenes_as(arrangement, dataset, backgrounds, tmp_path / "scenes")
    assert {photo.group for photo in photos} == {arrangement}
    for photo in photos:
        assert photo.boxes.keys() == photo.shows
        for name, boxes in photo.boxes.items():
            assert [colour_at(photo.path, box) for box in boxes] == [name]
        found = [region.box.xyxy for region in seen(photo.path)]
        for (box,) in photo.boxes.values():
            assert iou_matrix([box.xyxy], found).max() > 0.8


def test_turning_a_scene_four_times_by_90_degrees_gives_it_back():
    picture, boxes = solid_scene({"red": (10, 20, 60, 50)}), {"red": (Box(10, 20, 60, 50),)}
    again, moved = picture, boxes
    for _ in range(4):
        again, moved = turned(again, moved, 90)
    assert (again.tobytes(), moved) == (picture.tobytes(), boxes)
    twice, over = turned(*turned(picture, boxes, 90), 90)
    head, down = turned(picture, boxes, 180)
    assert (twice.tobytes(), over) == (head.tobytes(), down)
    ((region,),) = (ColourProposer().propose(turned(picture, boxes, 90)[0], [], "scene"),)
    assert region.box == turned(picture, boxes, 90)[1]["red"][0]


def test_of_a_hidden_thing_one_half_shows(dataset, backgrounds, tmp_path):
    photos = scenes_as("hidden", dataset, backgrounds, tmp_path / "scenes")
    shown = [photo for photo in photos if photo.boxes]
    assert len(shown) >= 7
    for photo in shown[:7]:
        ((name, (box,)),) = photo.boxes.items()
        assert colour_at(photo.path, box) == name
        assert box.height > 0.5 * SIZE[1]
        assert box.width < 0.65 * box.height  # the whole is 1.0 to 1.25 times as wide as high
        (region,) = seen(photo.path)
        assert iou_matrix([box.xyxy], [region.box.xyxy])[0, 0] > 0.8


def test_a_thumbnail_is_small_and_its_boxes_with_it(dataset, backgrounds, tmp_path):
    whole = scenes_as("mixed", dataset, backgrounds, tmp_path / "mixed", count=2)
    small = scenes_as("thumbnail", dataset, backgrounds, tmp_path / "small", count=2)
    for large, little in zip(whole, small, strict=True):
        with Image.open(little.path) as picture:
            assert picture.size == (320, 240)
        for name, (box,) in little.boxes.items():
            scaled = [value * 320 / SIZE[0] for value in large.boxes[name][0].xyxy]
            assert box.xyxy == pytest.approx(scaled)


def test_an_unknown_arrangement_is_refused(dataset, backgrounds, tmp_path):
    with pytest.raises(InvalidInput, match="expected one of mixed, collage-4"):
        scenes_as("pile", dataset, backgrounds, tmp_path / "scenes")
    assert not (tmp_path / "scenes").exists()
