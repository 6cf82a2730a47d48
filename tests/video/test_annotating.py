"""Annotated clips, decoded again: boxes are where the things were, and all else is as it was."""

from __future__ import annotations

import stat
import weakref

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("av")

from pekit_agents.errors import ClipError, InvalidInput
from pekit_agents.prompting.drawing import COLOURS, annotate
from pekit_agents.types import Box
from pekit_agents.video.annotating import annotated_video
from pekit_agents.video.decoding import describe_clip, frames_of
from pekit_agents.video.interpolation import box_between, sampling_step
from pekit_agents.video.palette import palette_of
from pekit_agents.video.pyav import av as pyav
from tests.video.seen_things import GREY, SIZE, seen, timeline


def at(x: float) -> tuple[float, float, float, float]:
    return (x, 80, x + 60, 180)


#: It moves by 10 pixels a step, is missed in one frame, and is hidden in three.
MOVING = {0.4: at(40), 0.6: at(50), 0.8: at(60), 1.0: at(70), 1.2: at(80), 1.6: at(100)} | {
    2.4: at(200),
    2.6: at(210),
}


def grey(number: int) -> Image.Image:
    return Image.new("RGB", SIZE, GREY)


def apart(image: Image.Image, other: Image.Image) -> float:
    """Return by how much two pictures differ on average, in levels."""
    return float(np.abs(np.asarray(image, int) - np.asarray(other, int)).mean())


def left_edge(image: Image.Image, row: int = 150) -> int | None:
    """Return the first blue pixel of a row."""
    red, _, blue = np.asarray(image.convert("RGB"), int)[row].T
    columns = np.flatnonzero(blue - red > 50)
    return int(columns[0]) if columns.size else None


@pytest.mark.parametrize(
    ("time", "x0"),
    [
        (0.2, None),
        (0.3, 40),  # the sampled frame stands for half a step on either side
        (0.4, 40),
        (0.5, 45),
        (0.9, 65),
        (1.4, 90),  # one frame missed it
        (1.7, 100),
        (1.8, None),  # it was hidden
        (2.2, None),
        (2.3, 200),
        (2.5, 205),
        (2.7, 210),
        (2.8, None),
    ],
)
def test_a_box_moves_evenly_between_sampled_frames_and_is_gone_while_hidden(time, x0):
    found = timeline(seen("Biscuit", MOVING))
    assert sampling_step(found) == pytest.approx(0.2)
    box = box_between(found.sightings[0], time, sampling_step(found))
    assert (box and box.xyxy) == (None if x0 is None else pytest.approx(at(x0)))


def test_what_was_seen_in_one_frame_is_there_for_a_step():
    found = timeline(seen("Biscuit", {1.0: at(40)}), until=2.0, sampled=11)
    shown = [time for time in range(21) if box_between(found.sightings[0], time / 10, 0.2)]
    assert sampling_step(found) == pytest.approx(0.2)
    assert shown == [9, 10, 11]


def test_boxes_are_drawn_where_things_were_at_every_frame(film, tmp_path):
    clip = film("a.mp4", size=SIZE, picture=grey)
    out = annotated_video(clip, timeline(seen("Biscuit", MOVING)), tmp_path / "out.mp4")
    frames = {round(frame.time, 3): frame.image for frame in frames_of(out, every=0.01)}
    assert sorted(frames) == [round(number / 10, 3) for number in range(30)]
    edges = {time: left_edge(image) for time, image in frames.items()}
    # The line has 2 pixels, and 1 of its outline on either side.
    for time, x0 in [(0.4, 40), (0.5, 45), (0.9, 65), (1.4, 90), (2.5, 205)]:
        assert abs(edges[time] - (x0 - 3)) <= 1, time
    assert {edges[time] for time in (0.0, 0.1, 0.2, 1.8, 2.0, 2.2, 2.8, 2.9)} == {None}
    box = Box(*at(65))
    matches = [timeline(seen("Biscuit", MOVING)).sightings[0].match(box)]
    assert apart(frames[0.9], annotate(grey(0), matches)) < 1
    assert apart(frames[2.0], grey(0)) < 1


def test_names_and_colours_are_those_of_a_photo_and_stay(film, tmp_path):
    """A possible thing that comes first does not take the colour of a named one."""
    found = timeline(
        seen("Mug", {0.0: (10, 60, 60, 110), 2.8: (10, 60, 60, 110)}, number=1, possible=True),
        seen("Biscuit", {1.0: at(100), 1.2: at(100)}, number=2, either="Bella"),
        seen("Rex", {1.0: (220, 60, 300, 200), 1.2: (220, 60, 300, 200)}, number=3),
        seen("Biscuit", {2.0: at(100), 2.2: at(100)}, number=4, either="Bella"),
    )
    found = timeline(*found.sightings)
    palette = palette_of(found)
    assert [colour.name for colour in palette.values()] == ["blue", "orange", "green"]
    clip = film("a.mp4", size=SIZE, picture=grey)
    out = annotated_video(clip, found, tmp_path / "out.mp4")
    frames = {round(frame.time, 3): frame.image for frame in frames_of(out, every=0.01)}
    mug, biscuit, rex, again = (each.match() for each in found.sightings)
    for time, matches in [(1.1, [biscuit, rex]), (2.1, [again])]:
        expected = annotate(grey(0), matches, colours=palette)
        assert apart(frames[time], expected) < 2, time
        plain = [COLOURS[4]] * 3
        other = annotate(grey(0), matches, colours=dict(zip(palette, plain, strict=True)))
        assert apart(frames[time], other) > 3, time
    assert apart(frames[0.1], annotate(grey(0), [mug], colours=palette)) < 1


def test_after_36_things_the_colours_begin_anew():
    found = [seen(f"Thing {number}", {1.0: at(10)}, number=number) for number in range(40)]
    colours = list(palette_of(timeline(*found)).values())
    assert len(set(colours[:36])) == 36
    assert colours[36:] == colours[:4]


def test_a_turned_clip_is_annotated_as_a_player_shows_it(film, tmp_path):
    clip = film(
        "a.mp4", size=(240, 320), picture=lambda _: Image.new("RGB", (240, 320), GREY), turn=(90,)
    )
    assert describe_clip(clip).size_wh == SIZE
    out = annotated_video(
        clip, timeline(seen("Biscuit", {0.0: at(40), 0.2: at(40)})), tmp_path / "o.mp4"
    )
    first = next(frames_of(out))
    assert first.size_wh == SIZE
    assert abs(left_edge(first.image) - 37) <= 1


def test_odd_sides_lose_a_pixel(film, tmp_path):
    size = (321, 241)
    clip = film("a.mp4", size=size, fmt="yuv444p", picture=lambda _: Image.new("RGB", size, GREY))
    found = timeline(seen("Biscuit", {0.0: at(40), 0.2: at(40)}), size_wh=size)
    first = next(frames_of(annotated_video(clip, found, tmp_path / "out.mp4")))
    assert first.size_wh == SIZE
    assert abs(left_edge(first.image) - 37) <= 1


def test_fine_lines_of_an_odd_size_stay_sharp(tmp_path):
    lines = np.zeros((121, 161, 3), np.uint8)
    lines[:, ::2] = 255
    out = annotated_video([(0.0, lines)], timeline(until=0.0), tmp_path / "out.mp4")
    shown = np.asarray(next(frames_of(out)).image, int)
    assert shown.shape == (120, 160, 3)
    assert np.abs(shown - lines[:120, :160]).mean() < 10


def test_frames_keep_their_times_where_the_rate_changes(film, tmp_path):
    """Frame i comes at 20 i^2 milliseconds."""
    clip = film("v.mkv", frames=12, size=SIZE, picture=grey, milliseconds=lambda i: 20 * i * i)
    found = timeline(seen("Biscuit", {0.32: at(40), 0.5: at(58), 0.72: at(80)}), until=2.42)
    frames = list(frames_of(annotated_video(clip, found, tmp_path / "out.mp4"), every=0.01))
    times = [round(frame.time, 2) for frame in frames]
    assert times == [0.0, 0.08, 0.18, 0.32, 0.5, 0.72, 0.98, 1.28, 1.62, 2.0, 2.42]
    edges = [left_edge(frame.image) for frame in frames]
    assert [edge is not None for edge in edges] == [False] * 3 + [True] * 3 + [False] * 5
    assert abs(edges[4] - 55) <= 1


@pytest.mark.parametrize(("rate", "count"), [(10, 30), (25, 30), (30, 30), (60, 15), (50, 18)])
def test_a_clip_has_its_own_frames_or_30_a_second_and_lasts_as_long(film, tmp_path, rate, count):
    clip = film("a.mp4", rate=rate)
    out = annotated_video(clip, timeline(until=0.4, size_wh=(96, 64)), tmp_path / "out.mp4")
    said = describe_clip(out)
    assert len(list(frames_of(out, every=0.001))) == count
    assert said.duration == pytest.approx(30 / rate, abs=1 / 30)
    assert said.codec == "h264"


def test_a_large_clip_is_reduced_and_its_boxes_with_it(tmp_path):
    large = Image.new("RGB", (2400, 1200), GREY)
    found = timeline(
        seen("Biscuit", {0.0: (500, 300, 1000, 900), 0.2: (500, 300, 1000, 900)}),
        size_wh=(2400, 1200),
        until=0.2,
    )
    out = annotated_video([(0.0, large), (0.2, large)], found, tmp_path / "out.mp4")
    first = next(frames_of(out))
    assert first.size_wh == (1920, 960)
    # 0.8 times 500; the line has 9 pixels and 3 on either side.
    assert abs(left_edge(first.image, row=480) - (400 - 12)) <= 2


@pytest.mark.parametrize("size", [(160, 120), (1280, 720)])
def test_colours_are_those_of_the_clip(tmp_path, size):
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    pixels[:, : size[0] // 2], pixels[:, size[0] // 2 :] = (200, 40, 60), (30, 160, 90)
    frames = [(0.0, pixels), (0.1, pixels)]
    first = next(frames_of(annotated_video(frames, timeline(until=0.1), tmp_path / "out.mp4")))
    shown = np.asarray(first.image, int)
    for column in (size[0] // 4, 3 * size[0] // 4):
        assert np.abs(shown[size[1] // 2, column] - pixels[0, column]).max() <= 4


def test_a_part_of_a_clip_begins_at_0(film, tmp_path):
    clip = film("a.mp4", size=SIZE, picture=grey)
    told = []
    out = annotated_video(
        clip,
        timeline(seen("Biscuit", MOVING)),
        tmp_path / "out.mp4",
        start=0.8,
        end=1.25,
        progress=lambda done, total: told.append((round(done, 3), round(total, 3))),
    )
    assert [round(frame.time, 2) for frame in frames_of(out, every=0.01)] == [0, 0.1, 0.2, 0.3, 0.4]
    assert abs(left_edge(next(frames_of(out)).image) - 57) <= 1
    with pyav.open(str(out)) as container:
        assert container.streams.video[0].start_time == 0
    assert told == [(0, 0.45), (0.1, 0.45), (0.2, 0.45), (0.3, 0.45), (0.4, 0.45)]


def test_one_frame_is_held_at_a_time(tmp_path):
    alive, most = [], []

    def frames():
        for number in range(40):
            image = grey(number)
            alive.append(weakref.ref(image))
            most.append(sum(each() is not None for each in alive))
            yield number / 10, image

    annotated_video(frames(), timeline(seen("Biscuit", MOVING)), tmp_path / "out.mp4")
    assert len(most) == 40
    assert max(most) <= 3


# What is refused -----------------------------------------------------------------------------


def test_a_timeline_of_another_clip_is_refused_and_leaves_nothing(film, tmp_path):
    clip, folder = film("a.mp4"), tmp_path / "out"
    folder.mkdir()
    found = timeline(seen("Biscuit", MOVING))
    with pytest.raises(InvalidInput, match="of 320x240 pixels, got one of 96x64; pass that clip"):
        annotated_video(clip, found, folder / "out.mp4")
    longer = timeline(size_wh=(96, 64), until=9.0)
    with pytest.raises(InvalidInput, match=r"until 0:09\.0 or later, found one that ends at 0:02"):
        annotated_video(clip, longer, folder / "out.mp4")
    assert list(folder.iterdir()) == []


def unread():
    """Yield the frames of a clip that nobody may begin to read."""
    pytest.fail("the clip was read")
    yield


def test_nothing_is_lost_on_the_way(film, tmp_path):
    clip, out = film("a.mp4"), tmp_path / "out.mp4"
    found = timeline(size_wh=(96, 64))
    out.write_bytes(b"before")
    with pytest.raises(InvalidInput, match=r"out\.mp4 is there already, expected a new file"):
        annotated_video(unread(), found, out)

    def stop(done, total):
        if done > 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotated_video(clip, found, out, overwrite=True, progress=stop)
    assert out.read_bytes() == b"before"
    whole = clip.read_bytes()
    with pytest.raises(InvalidInput, match="is the clip itself, expected another file"):
        annotated_video(str(clip), found, clip, overwrite=True)
    assert clip.read_bytes() == whole
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.mp4", "out.mp4"]
    assert annotated_video(clip, found, out, overwrite=True) == out
    assert describe_clip(out).duration == pytest.approx(3)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_what_cannot_be_written_or_read_is_told(film, tmp_path):
    clip = film("a.mp4")
    found = timeline(size_wh=(96, 64))
    with pytest.raises(InvalidInput, match=r"x\.mp4 cannot be written \(No such file or directory"):
        annotated_video(clip, found, tmp_path / "none" / "x.mp4")
    with pytest.raises(InvalidInput, match="found a folder at"):
        annotated_video(clip, found, tmp_path)
    for camera in ("rtsp://user:secret@host/x", "/dev/video0"):
        with pytest.raises(ClipError, match="expected a clip that can be read again") as told:
            annotated_video(camera, found, tmp_path / "x.mp4")
        assert "secret" not in str(told.value)
    for nothing in ([], iter([(0.0, grey(0))])):
        with pytest.raises(ClipError, match="expected frames from 1 s on, found none"):
            annotated_video(nothing, timeline(), tmp_path / "x.mp4", start=1)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.mp4"]


def test_a_disk_that_is_full_is_told_and_nothing_stays(film, tmp_path):
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    clip = film("a.mp4", size=SIZE, frames=60)
    before = (
        resource.getrlimit(resource.RLIMIT_FSIZE),
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
    )
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[0][1]))
    try:
        with pytest.raises(InvalidInput, match=r"x\.mp4 cannot be written \(File too large"):
            annotated_video(clip, timeline(), tmp_path / "x.mp4")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before[0])
        signal.signal(signal.SIGXFSZ, before[1])
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.mp4"]
