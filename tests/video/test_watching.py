"""Who comes and who goes: one event each, across moments out of sight and silences of a camera."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

pytest.importorskip("av")

from pekit_agents.errors import ClipError, InvalidInput
from pekit_agents.video.presence import Hysteresis, Presence
from pekit_agents.video.watching import snapshot, watch
from tests.video.seen_things import seen, timeline

BOX = (10, 10, 60, 60)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
CAMERA = "rtsp://user:secret@camera.local/live"


def at(time, *names, start=0.0, looks=2):
    """Return the timeline of a moment in which things are in sight."""
    there = [
        seen(name, {start: BOX, time: BOX}, number=n, ongoing=True, looks=looks)
        for n, name in enumerate(names, 1)
    ]
    return timeline(*there, until=time, complete=False)


def told(moments, rules=None):
    presence = Presence(rules)
    return [
        (event.kind, event.name, event.seconds)
        for moment in moments
        for event in presence.advance(moment)
    ]


def test_nothing_is_told_of_nothing():
    assert told([at(0.2), at(0.8)]) == []


def test_one_look_is_not_enough_and_two_are():
    assert told([at(0.6, "Biscuit", looks=1)]) == []
    assert told([at(0.6, "Biscuit", looks=1), at(1.2, "Biscuit")]) == [("appeared", "Biscuit", 0)]


def test_in_a_still_picture_one_look_is_enough_after_a_second():
    still = [at(0.6 + 0.2 * k, "Biscuit", looks=1) for k in range(6)]
    assert told(still[:5]) == []
    assert told(still) == [("appeared", "Biscuit", 0.0)]


def test_what_is_only_possible_is_not_told():
    maybe = timeline(seen("Biscuit", {0: BOX, 3: BOX}, ongoing=True, looks=5, possible=True))
    assert told([maybe, maybe]) == []


def test_a_moment_out_of_sight_is_no_event_and_five_seconds_are():
    moments = [at(2, "Biscuit"), at(4), at(6.9), at(7, "Biscuit"), at(11.9), at(12), at(13)]
    assert told(moments) == [("appeared", "Biscuit", 0.0), ("gone", "Biscuit", 7.0)]
    assert told(moments, Hysteresis(gone=2))[1] == ("gone", "Biscuit", 2.0)


def test_two_things_have_events_of_their_own():
    moments = [at(2, "Biscuit", "Cup"), at(8, "Cup")]
    assert told(moments)[2:] == [("gone", "Biscuit", 2.0)]


def test_nothing_is_held_of_what_is_over():
    presence = Presence()
    for number in range(50):
        presence.advance(at(10.0 * number, f"thing {number}", start=10.0 * number))
    assert len(presence._seen) == 1


@pytest.mark.parametrize("rules", [{"looks": 0}, {"gone": -1}, {"still": float("nan")}])
def test_rules_that_are_none_are_refused(rules):
    with pytest.raises(InvalidInput, match="expected at least one look"):
        Hysteresis(**rules)


class Camera:
    """Gives, for each call, some timelines; its clock shows when the last was read."""

    def __init__(self, *calls):
        self.calls, self.now, self.waits = list(calls), 1000.0, []

    def follow(self, source):
        call = self.calls.pop(0)
        begun = self.now
        for moment in call:
            if isinstance(moment, BaseException):
                raise moment
            self.now = begun + moment.until
            yield SimpleNamespace(timeline=moment)

    def wait(self, seconds):
        self.waits.append(seconds)
        self.now += seconds

    def watched(self, source=CAMERA, **options):
        said = []
        events = watch(
            self.follow,
            source,
            tell=said.append,
            wait=self.wait,
            seconds=lambda: self.now,
            today=lambda: MIDNIGHT + timedelta(seconds=self.now - 1000),
        )
        return events, said


SILENT = ClipError("rtsp://camera.local: expected a camera")


def test_a_silent_camera_is_tried_again_and_nobody_is_gone_meanwhile():
    silence = replace(at(3.0, "Biscuit"), damage=("after 3.0 s: silent",))
    back = [at(0.2), at(1.0, "Biscuit"), at(5.0), at(6.0), at(6.5)]
    camera = Camera([at(2.0, "Biscuit"), silence], *[[SILENT]] * 8, back, [KeyboardInterrupt()])
    events, said = camera.watched()
    found = []
    with pytest.raises(KeyboardInterrupt):
        found.extend(events)
    assert camera.waits[:9] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    away = 3.0 + sum(camera.waits[:9])
    assert [(e.kind, e.seconds) for e in found] == [("appeared", 0.0), ("gone", away + 1.0)]
    assert [(e.at - MIDNIGHT).total_seconds() for e in found] == [0.0, away + 1.0]
    assert "silent; trying again in 1 s. (after 3.0 s: silent)" in said[0]
    assert "rtsp://camera.local is back." in said
    assert camera.waits[9] == 1, "after it was back it is called soon"
    assert "secret" not in "".join(said)


def test_a_camera_that_never_answered_is_an_error():
    events, _ = Camera([SILENT]).watched()
    with pytest.raises(ClipError):
        next(events)


def test_a_clip_ends_and_who_left_before_its_end_is_gone():
    camera = Camera([at(2.0, "Biscuit", "Cup"), at(3.0, "Cup")])
    found = list(camera.watched("clip.mp4")[0])
    assert [(e.kind, e.name, e.at) for e in found] == [
        ("appeared", "Biscuit", None),
        ("appeared", "Cup", None),
        ("gone", "Biscuit", None),
    ]
    assert camera.waits == []


def test_an_event_is_json_without_its_owners_notes():
    camera = Camera([timeline(seen("Cup", {0: BOX}, context="secret", looks=2, ongoing=True))])
    (event,) = camera.watched("clip.mp4")[0]
    said = event.to_dict()
    assert (said["event"], said["name"], said["seconds"]) == ("appeared", "Cup", 0.0)
    assert said["box_xyxy"] == [10, 10, 60, 60]
    assert "secret" not in str(said)
    assert snapshot(event).size == (320, 240)
    assert len(snapshot(event).getcolors(1 << 17)) > 50, "its box and its name are drawn"
    assert snapshot(replace(event, sighting=seen("Cup", {0: BOX}, kept=b""))) is None
