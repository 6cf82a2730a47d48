"""Coloured boxes and name plates: pixels at hand-computed places, on every picture."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from datetime import UTC, datetime
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pekit_agents.boxes import iou_matrix
from pekit_agents.prompting import drawing
from pekit_agents.prompting.drawing import COLOURS, annotate, assign_colours
from pekit_agents.types import Box, Candidate, Match, PersonalObject

GROUND = (128, 128, 128)
WHITE, BLACK, BLUE = (255, 255, 255), (0, 0, 0), COLOURS[0].rgb


def sighting(name, box, object_id=None):
    when = datetime(2024, 5, 1, tzinfo=UTC)
    thing = PersonalObject(object_id or name, name, "mug", "", 3, when)
    return Match(thing, Box(*box), 0.8)


def many(count):
    return [sighting(f"n{i}", (50, 60, 150, 140)) for i in range(count)]


def ground(width=200, height=200):
    return Image.new("RGB", (width, height), GROUND)


def plates_of(image, matches):
    """Draw, and return the picture with the places of its name plates."""
    real, plates = drawing._draw_plate, []

    def spy(draw, plate, text, *rest):
        plates.append((plate, text))
        real(draw, plate, text, *rest)

    with mock.patch.object(drawing, "_draw_plate", spy):
        return annotate(image, matches), plates


@pytest.mark.parametrize(
    ("names", "possible", "text"),
    [
        (["Biscuit"], False, "Biscuit"),
        (["Biscuit"], True, "Biscuit?"),
        (["Biscuit", "Bella"], False, "Biscuit or Bella?"),
        (["Biscuit", "Bella"], True, "Biscuit or Bella?"),
    ],
)
def test_the_plate_of_what_is_not_certain_asks(names, possible, text):
    first, *others = [sighting(name, (150, 150, 450, 350)) for name in names]
    alternatives = tuple(Candidate(other.object, 0.7) for other in others)
    match = replace(first, alternatives=alternatives, possible=possible)
    _, plates = plates_of(ground(600, 400), [match])
    assert [drawn for _, drawn in plates] == [text]


def test_a_name_that_is_cut_still_asks():
    match = replace(sighting("a very long name " * 4, (50, 60, 150, 140)), possible=True)
    _, ((_, text),) = plates_of(ground(), [match])
    assert text.startswith("a very")
    assert text.endswith("…?")


def test_a_possible_match_has_another_colour_than_one_that_is_named():
    named = sighting("Biscuit", (50, 60, 150, 140))
    colours = assign_colours([named, replace(named, possible=True), named])
    assert [colour.name for colour in colours.values()] == ["blue", "orange"]


def test_no_sighting_gives_an_unchanged_copy():
    image = ground()
    picture = annotate(image, [])
    assert picture is not image
    assert picture.tobytes() == image.tobytes()


def test_the_picture_given_is_never_changed():
    image = ground()
    before = image.tobytes()
    annotate(image, many(3))
    assert image.tobytes() == before


# A 200 px picture has a line of 2 px with 1 px of outline on both sides, so the box
# (50, 60, 150, 140) is framed by a band from (46, 56) to (154, 144), exclusive.
@pytest.mark.parametrize(
    ("place", "colour"),
    [
        ((45, 100), GROUND),
        ((46, 100), WHITE),
        ((47, 100), BLUE),
        ((48, 100), BLUE),
        ((49, 100), WHITE),
        ((50, 100), GROUND),
        ((149, 100), GROUND),
        ((150, 100), WHITE),
        ((151, 100), BLUE),
        ((152, 100), BLUE),
        ((153, 100), WHITE),
        ((154, 100), GROUND),
        ((149, 56), WHITE),
        ((149, 57), BLUE),
        ((149, 59), WHITE),
        ((149, 60), GROUND),
        ((100, 139), GROUND),
        ((100, 140), WHITE),
        ((100, 142), BLUE),
        ((100, 143), WHITE),
        ((100, 144), GROUND),
    ],
)
def test_the_frame_runs_around_the_box(place, colour):
    assert annotate(ground(), many(1)).getpixel(place) == colour


def test_a_box_beyond_the_picture_is_framed_along_its_border():
    picture = annotate(ground(), [sighting("n", (-30, -30, 900, 900))])
    assert [picture.getpixel((x, 100)) for x in range(5)] == [WHITE, BLUE, BLUE, WHITE, GROUND]
    assert [picture.getpixel((x, 100)) for x in range(195, 200)] == [
        GROUND,
        WHITE,
        BLUE,
        BLUE,
        WHITE,
    ]


def test_a_box_outside_the_picture_is_not_drawn():
    image = ground()
    assert annotate(image, [sighting("n", (300, 0, 400, 50))]).tobytes() == image.tobytes()


def test_the_line_grows_with_the_picture():
    # (1000 + 1000) / 2 * 0.006 = 6 px of line and 2 px of outline
    picture = annotate(ground(1000, 1000), [sighting("n", (200, 200, 800, 800))])
    row = [picture.getpixel((x, 500)) for x in range(189, 201)]
    assert row == [GROUND] + [WHITE] * 2 + [BLUE] * 6 + [WHITE] * 2 + [GROUND]


def test_the_thirteenth_object_has_a_dashed_line():
    matches = many(13)
    dashed = assign_colours(matches)["n12"]
    assert dashed.name == "dashed blue"
    picture = annotate(ground(), matches[-1:], colours={"n12": dashed})
    # drawn 4 line widths (8 px), skipped 2 (4 px), from the line's corner at (47, 57)
    row = [picture.getpixel((x, 142)) for x in range(47, 71)]
    assert row == ([BLUE] * 8 + [WHITE] * 4) * 2


def test_sightings_of_one_object_share_a_colour_and_objects_do_not():
    twice = sighting("n", (10, 10, 40, 40), "one"), sighting("n", (60, 60, 90, 90), "one")
    other = sighting("n", (110, 110, 140, 140), "two")
    picture = annotate(ground(), [*twice, other])
    assert [picture.getpixel((x, x + 10)) for x in (7, 57, 107)] == [
        COLOURS[0].rgb,
        COLOURS[0].rgb,
        COLOURS[1].rgb,
    ]


def test_no_two_objects_get_one_colour():
    colours = assign_colours(many(50)).values()
    assert len(colours) == 36
    assert len({colour.name for colour in colours}) == 36
    assert len({(colour.rgb, colour.dash) for colour in colours}) == 36
    assert [colour.name for colour in colours][11:14] == ["gray", "dashed blue", "dashed orange"]


def luminance(rgb):
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.divide(rgb, 255)
    ]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize("colour", COLOURS, ids=lambda colour: colour.name)
def test_names_are_readable_on_their_plates(colour):
    light, dark = sorted((luminance(colour.rgb), luminance(drawing._ink_on(colour.rgb))))[::-1]
    assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG AA


# What the cones of colour-blind readers see, on linear RGB (Machado et al. 2009, severity 1).
SIGHT = {
    "full": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]


def lab_seen(rgb, sight):
    """CIE Lab (D65) of a colour as such a reader sees it."""
    c = np.divide(rgb, 255)
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(SIGHT[sight] @ linear, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_stay_apart_for_colour_blind_readers(sight):
    for a, b in itertools.combinations(COLOURS, 2):
        distance = math.dist(lab_seen(a.rgb, sight), lab_seen(b.rgb, sight))
        assert distance > 22, (a.name, b.name)  # 2.3 is just noticeable; Okabe and Ito reach 16


def test_the_plate_holds_the_name_above_the_box():
    picture, [(plate, text)] = plates_of(ground(), [sighting("Mugsy", (50, 60, 150, 140))])
    assert text == "Mugsy"
    assert (plate.x0, plate.y1) == (46, 56)  # on the frame's top left corner
    seen = np.asarray(picture)[int(plate.y0) : int(plate.y1), int(plate.x0) : int(plate.x1)]
    assert (seen[1, 1:-1] == BLUE).all()
    assert (seen[2:-2, 2:-2].min(axis=2) > 128).mean() > 0.05  # the letters, smoothed
    assert not (seen == GROUND).all(axis=2).any()


@pytest.mark.parametrize(
    ("name", "text"),
    [("Zoë", "Zoe"), ("Ducky ✨", "Ducky"), ("小白", None), ("✨", None), ("", None)],
)
def test_names_the_font_cannot_draw_leave_the_box_without_a_plate(name, text):
    picture, plates = plates_of(ground(), [sighting(name, (50, 60, 150, 140), "id")])
    assert [drawn for _, drawn in plates] == ([text] if text else [])
    assert picture.getpixel((47, 100)) == BLUE


def test_long_names_end_in_an_ellipsis_within_the_picture():
    _, [(plate, text)] = plates_of(ground(), [sighting("m" * 300, (50, 60, 150, 140))])
    assert text.startswith("mmm")
    assert text.endswith("…")
    assert plate.width <= 0.4 * 200 + 1


def test_plates_of_a_shelf_of_objects_do_not_cover_each_other():
    shelf = [
        sighting(f"object {i}", (x, y, x + 50, y + 40))
        for i, (y, x) in enumerate(itertools.product((20, 90, 150), range(10, 300, 60)))
    ]
    _, plates = plates_of(ground(320, 200), shelf)
    assert len(plates) == 15
    rows = [plate.xyxy for plate, _ in plates]
    assert (iou_matrix(rows, rows) == np.eye(15)).all()


def test_sightings_of_one_place_get_plates_of_their_own():
    _, plates = plates_of(
        ground(400, 300), [sighting(f"n{i}", (100, 100, 200, 180)) for i in range(6)]
    )
    rows = [plate.xyxy for plate, _ in plates]
    assert (iou_matrix(rows, rows) == np.eye(6)).all()


@pytest.mark.parametrize("size", [(300, 20), (30, 300)])
def test_pictures_too_small_for_a_name_have_boxes_only(size):
    picture, plates = plates_of(ground(*size), [sighting("Mugsy", (0, 0, 300, 300))])
    assert plates == []
    assert picture.getpixel((1, 1)) == BLUE


sides = st.integers(1, 300)
edges = st.floats(-100, 400)
boxes = st.tuples(edges, edges, st.floats(0.01, 400), st.floats(0.01, 400)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


@settings(max_examples=60, deadline=None)
@given(sides, sides, st.lists(st.tuples(boxes, st.text(max_size=12)), max_size=5))
def test_every_picture_can_be_drawn_on_and_plates_stay_inside(width, height, seen):
    matches = [sighting(f"n{name}", box, str(i)) for i, (box, name) in enumerate(seen)]
    picture, plates = plates_of(ground(width, height), matches)
    assert picture.size == (width, height)
    for plate, _ in plates:
        assert 0 <= plate.x0 < plate.x1 <= width
        assert 0 <= plate.y0 < plate.y1 <= height


@pytest.mark.parametrize("size", [(6000, 400), (400, 6000), (6000, 4500)])
def test_large_and_long_pictures_have_readable_plates(size):
    _, [(plate, _)] = plates_of(ground(*size), [sighting("Mugsy", (10, 10, size[0] / 2, 300))])
    assert plate.height >= 0.02 * min(size)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P"])
def test_the_result_is_rgb_whatever_came_in(mode):
    assert annotate(Image.new(mode, (60, 60)), []).mode == "RGB"


def around(box, size):
    """Return the frame of a box in a 200 to 500 px picture: its band of 4 px lies around it."""
    x0, y0, x1, y1 = box
    return Box(max(x0 - 4, 0), max(y0 - 4, 0), min(x1 + 4, size[0]), min(y1 + 4, size[1]))


def holds(outer, inner):
    return (
        outer.x0 <= inner.x0
        and outer.y0 <= inner.y0
        and inner.x1 <= outer.x1
        and inner.y1 <= outer.y1
    )


@pytest.mark.parametrize(
    ("size", "boxes"),
    [
        ((300, 200), [(20, 0, 280, 95), (20, 105, 280, 195)]),  # one above the other
        ((400, 200), [(5 + 100 * i, 0, 95 + 100 * i, 195) for i in range(4)]),  # on a shelf
        (
            (300, 300),
            [(i, j, i + 96, j + 96) for i, j in itertools.product((2, 102, 202), repeat=2)],
        ),
        ((300, 200), [(0, 0, 150, 100), (150, 0, 300, 100), (0, 100, 300, 200)]),  # they touch
        ((300, 200), [(-10, -10, 400, 400)]),
    ],
    ids=["rows", "shelf", "grid", "touching", "whole picture"],
)
def test_a_plate_without_room_above_is_inside_the_top_of_its_own_box(size, boxes):
    """Never on the box of a neighbour, and along the upper edge."""
    matches = [sighting(f"n{index}", box) for index, box in enumerate(boxes)]
    _, plates = plates_of(ground(*size), matches)
    assert [text for _, text in plates] == [match.object.name for match in matches]
    for (plate, _), box in zip(plates, boxes, strict=True):
        frame = around(box, size)
        if frame.y0 < plate.height:
            assert holds(frame, plate)
        assert plate.y0 <= frame.y0


def test_a_plate_that_would_hide_a_small_thing_stands_beside_or_below_it():
    box = (140, 0, 160, 18)
    _, [(plate, _), _] = plates_of(
        ground(300, 200), [sighting("Pin", box), sighting("Map", (60, 60, 240, 190))]
    )
    assert iou_matrix([plate.xyxy], [box, (60, 60, 240, 190)]).max() == 0
    assert plate.y0 <= 22 + plate.height  # within reach


def test_a_thing_within_another_has_its_plate_above_it_all_the_same():
    _, plates = plates_of(
        ground(400, 300),
        [sighting("Room", (0, 0, 399, 299)), sighting("Cup", (150, 120, 250, 200))],
    )
    assert [(plate.x0, plate.y1) for plate, text in plates if text == "Cup"] == [(146, 116)]


def test_within_another_box_a_small_thing_at_the_top_is_not_hidden_either():
    _, plates = plates_of(
        ground(400, 300), [sighting("Room", (0, 0, 399, 299)), sighting("Ring", (160, 10, 190, 30))]
    )
    (plate,) = [plate for plate, text in plates if text == "Ring"]
    assert (plate.x0, plate.y0) == (156, 34)  # below its band of 4 px
