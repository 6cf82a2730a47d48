"""A contact sheet shows each sighting with its box, and says who was seen when."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pekit_agents.errors import ImageError
from pekit_agents.prompting.drawing import COLOURS, annotate
from pekit_agents.types import Box
from pekit_agents.video.clock import clock, from_to
from pekit_agents.video.contact_sheet import contact_sheet
from pekit_agents.video.key_frames import spread
from pekit_agents.video.tiles import font_of, shortened
from tests.video.seen_things import GREY, picture, seen, timeline

BOX = (80, 60, 160, 180)
TILE, STEP_X = (360, 270), 368


@pytest.fixture
def written(monkeypatch):
    """Collect what is written on pictures, and where."""
    lines = []
    from PIL.ImageDraw import ImageDraw

    real = ImageDraw.text

    def text(self, xy, said, *args, **kwargs):
        lines.append((xy, said))
        return real(self, xy, said, *args, **kwargs)

    monkeypatch.setattr(ImageDraw, "text", text)
    return lines


def captions(lines):
    """Return what stands on white, and no plate: captions begin at the edge of a tile."""
    return [said for (x, _), said in lines if (x - 8) % STEP_X == 0]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0:00.0"),
        (3.249, "0:03.2"),
        (59.96, "1:00.0"),
        (754.3, "12:34.3"),
        (3599.99, "1:00:00.0"),
        (36610.5, "10:10:10.5"),
    ],
)
def test_times_are_minutes_and_seconds(seconds, said):
    assert clock(seconds) == said


def test_from_when_to_when_a_thing_was_seen():
    assert from_to(seen("Biscuit", {3.2: BOX, 11.0: BOX})) == "0:03.2-0:11.0"


def test_each_sighting_has_a_picture_in_the_order_of_time(written):
    sheet = contact_sheet(
        timeline(
            seen("Rex", {5.0: BOX, 6.0: BOX}, number=2, possible=True, probability=None),
            seen("Biscuit", {1.0: BOX, 2.0: BOX}, either="Bella", ongoing=True),
            seen("Café", {7.0: BOX}, number=3, probability=0.999),
        )
    )
    assert captions(written) == [
        "Biscuit or Bella",
        "0:01.0-0:02.0, still in sight   75 % or 20 %",
        "may be Rex",
        "0:05.0-0:06.0",
        "Cafe",
        "0:07.0-0:07.0   99 %",
    ]
    assert sheet.size == (2 * STEP_X + 8, 2 * (270 + 2 * 15 + 4 + 16) + 8)


def test_a_key_frame_is_annotated_like_a_photo():
    found = timeline(seen("Biscuit", {1.0: BOX}), seen("Rex", {2.0: BOX}, number=2))
    sheet = contact_sheet(found)
    grey = Image.new("RGB", TILE, GREY)
    box = Box(*(edge * 9 / 8 for edge in BOX))
    for column, (each, colour) in enumerate(zip(found.sightings, COLOURS, strict=False)):
        match = each.match(box)
        expected = annotate(grey, [match], colours={match.identity: colour})
        left = 8 + column * STEP_X
        shown = sheet.crop((left, 8, left + 360, 8 + 270))
        difference = np.abs(np.asarray(shown, int) - np.asarray(expected, int))
        assert difference.max() <= 2, each.object.name


def test_small_pictures_of_the_frame_and_high_clips_fit():
    """The picture that was kept is a quarter of the frame; a tile is a square at most."""
    small = picture(size=(60, 120))
    found = timeline(seen("Biscuit", {1.0: (40, 80, 200, 400)}, kept=small), size_wh=(240, 480))
    sheet = contact_sheet(found)
    assert sheet.size == (STEP_X + 8, 360 + 34 + 16 + 8)
    match = found.sightings[0].match(Box(30, 60, 150, 300))
    expected = annotate(Image.new("RGB", (180, 360), GREY), [match])
    shown = sheet.crop((8 + 90, 8, 8 + 270, 8 + 360))
    assert np.abs(np.asarray(shown, int) - np.asarray(expected, int)).max() <= 2


def test_names_that_are_long_or_not_latin(written):
    long = "The plush bear that Ann got for her birthday from her aunt in Oslo"
    contact_sheet(
        timeline(
            seen(long, {1.0: BOX}, either=long.upper(), possible=True),
            seen("花瓶", {2.0: BOX}, number=2),
        )
    )
    first, second, _, third, _ = captions(written)
    assert first.startswith("may be The plush bear that Ann got for her")
    assert second.startswith("or THE PLUSH BEAR THAT")
    for line in (first, second):
        assert line.endswith("…")
        assert font_of().getlength(line) <= 360
    assert third == "dog (2)"


def test_a_caption_is_cut_before_its_end():
    assert shortened("short", 360, end=", 1.0 s") == "short, 1.0 s"
    cut = shortened("a-long-name-of-a-clip.mp4", 120, end=", 1.0 s")
    assert cut.startswith("a-long")
    assert cut.endswith("…, 1.0 s")
    assert font_of().getlength(cut) <= 120


def test_a_sighting_without_a_picture_has_its_words(written):
    sheet = contact_sheet(timeline(seen("Biscuit", {1.0: BOX}, kept=b"")))
    assert captions(written) == ["Biscuit", "0:01.0-0:01.0   75 %"]
    assert sheet.crop((8, 8, 368, 278)).getcolors() == [(360 * 270, (225, 225, 225))]


def test_a_damaged_picture_is_told():
    with pytest.raises(ImageError):
        contact_sheet(timeline(seen("Biscuit", {1.0: BOX}, kept=b"no picture")))


def test_where_nothing_was_found_the_picture_says_so(written):
    sheet = contact_sheet(timeline(until=12.34, sampled=62, damage=("damaged after 12.3 s",)))
    assert captions(written) == [
        "No personal object was found.",
        "62 frames until 0:12.3",
        "damaged after 12.3 s",
    ]
    assert sheet.getbbox() is not None
    assert min(sheet.getextrema()[0]) < 50


def test_of_many_sightings_those_of_different_things_are_shown(written):
    many = [seen("Biscuit", {float(n): BOX}, number=n + 1, score=n) for n in range(9)]
    many.append(seen("Rex", {20.0: BOX}, number=10, possible=True, score=-3))
    contact_sheet(timeline(*many), most=3)
    assert captions(written) == [
        "Biscuit",
        "0:00.0-0:00.0   75 %",
        "Biscuit",
        "0:08.0-0:08.0   75 %",
        "may be Rex",
        "0:20.0-0:20.0   75 %",
        "7 more sightings",
    ]


def test_what_is_shown_beside_another_thing_is_not_shown_again_first():
    many = [
        seen("Biscuit", {1.0: BOX}, score=3),
        seen("Rex", {1.0: BOX}, number=2, score=2),
        seen("Mug", {5.0: BOX}, number=3, score=1),
    ]
    together = {match.identity for match in timeline(*many).at(1.0)}

    def numbers(most, **how):
        return [each.number for each in spread(many, most, **how)]

    assert numbers(2) == [1, 2]
    assert numbers(2, shown_with=lambda each: together if each.number < 3 else ()) == [1, 3]
    assert numbers(1, first={many[2].match().identity}) == [3]
    assert numbers(9) == [1, 2, 3]
    assert numbers(0) == []
