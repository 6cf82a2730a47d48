"""What other programs read of a timeline: WebVTT, CSV and JSON, whatever the names are."""

from __future__ import annotations

import csv
import io
import json

import pytest

from pekit_agents.video.chapters import to_csv, to_json, to_webvtt
from pekit_agents.video.timeline import Timeline
from tests.video.seen_things import seen, timeline

BOX = (10, 20, 60, 90.25)
FOUND = timeline(
    seen("Biscuit", {1.0: BOX, 1.2: BOX, 1.4: BOX}, either="Bella"),
    seen("Tom & <i>Jerry</i> --> &amp;", {3600.5: BOX}, number=2),
    seen("two\nlines\r\nNOTE", {3661.25: BOX, 3700.0: BOX}, number=3, possible=True),
    until=3700.0,
)


def test_each_sighting_is_a_cue_whose_text_cannot_be_markup():
    assert to_webvtt(FOUND) == (
        "WEBVTT\n\n"
        "1\n00:00:01.000 --> 00:00:01.400\nBiscuit or Bella\n\n"
        # Seen in one frame alone: until the next one, 0.2 seconds later.
        "2\n01:00:00.500 --> 01:00:00.700\n"
        "Tom &amp; &lt;i&gt;Jerry&lt;/i&gt; --&gt; &amp;amp;\n\n"
        "3\n01:01:01.250 --> 01:01:40.000\nmay be two lines NOTE\n"
    )
    assert to_webvtt(Timeline()) == "WEBVTT\n"


def test_a_single_frame_of_an_unknown_step_has_a_cue_that_ends_after_it_begins():
    (cue,) = to_webvtt(timeline(seen("Mug", {0.0: BOX}), sampled=1)).split("\n\n")[1:]
    assert cue == "1\n00:00:00.000 --> 00:00:00.001\nMug\n"


def test_each_sighting_is_a_row():
    first, second, third = csv.DictReader(io.StringIO(to_csv(FOUND)))
    assert first == {
        "number": "1",
        "name": "Biscuit",
        "or": "Bella",
        "possible": "no",
        "category": "dog",
        "start": "1.0",
        "end": "1.4",
        "probability": "0.75",
        "score": "1.5",
        "looks": "1",
        "key_frame": "1.0",
        "x0": "10",
        "y0": "20",
        "x1": "60",
        "y1": "90.2",
        "object_id": "id-Biscuit",
    }
    assert second["name"] == "Tom & <i>Jerry</i> --> &amp;"
    assert (third["name"], third["possible"]) == ("two lines NOTE", "yes")
    assert to_csv(Timeline()).splitlines() == [",".join(first)]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t=", "\uff1d", "\n@"])
def test_no_name_begins_like_a_formula(first):
    name = f'{first}cmd|" /C calc"!A0'
    found = timeline(seen("Ok", {1.0: BOX}), seen(name, {1.0: BOX}, either=name, score=-1.5))
    fine, row = csv.DictReader(io.StringIO(to_csv(found)))
    assert fine["name"] == "Ok"
    assert row["name"] == row["or"] == f"'{name.strip()}"
    assert row["score"] == "-1.5"  # a number


def test_json_is_the_timeline_again():
    text = to_json(FOUND)
    assert "Bella" in text
    assert Timeline.from_dict(json.loads(text)).to_dict() == FOUND.to_dict()
    assert text.endswith("}\n")
