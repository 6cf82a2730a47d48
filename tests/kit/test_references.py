"""Objects that are introduced with clips: files, bytes, parts, frames, and photos beside them."""

from __future__ import annotations

import importlib
import io
import sys

import pytest
from PIL import Image

from pekit_agents import Clip, ClipError, InvalidInput, MissingDependency, PeKit, Reference
from pekit_agents.errors import ImageError, NoObjectFound, ObjectExists
from pekit_agents.images.limits import ImageLimits
from pekit_agents.introduction.views import MAX_VIEWS
from pekit_agents.memory.records import view_id_of
from pekit_agents.testing import to_png
from pekit_agents.video.clips import looks_like_a_clip
from tests.video.turned_things import (
    FRONT,
    HAND,
    LEFT,
    NOTHING,
    TOP,
    look,
    sides_profile,
    timed,
    write_clip,
)

TURNED = (FRONT, FRONT, HAND, LEFT, TOP, TOP)


@pytest.fixture
def kit(tmp_path) -> PeKit:
    return PeKit.open(tmp_path / "memory", profile=sides_profile())


@pytest.fixture(scope="module")
def turned(tmp_path_factory):
    """Return a clip of 1.8 seconds in which a thing shows three sides, and a hand comes between."""
    return write_clip(tmp_path_factory.mktemp("clips") / "cup.mp4", TURNED)


def ids(kit) -> list[str]:
    return [view.view_id for view in kit.views("Cup")]


# What is taken ------------------------------------------------------------------------------


@pytest.mark.parametrize("as_given", [str, lambda path: path.read_bytes(), lambda path: path, Clip])
def test_a_clip_stands_where_a_photo_does(kit, turned, as_given):
    cup = kit.remember("Cup", as_given(turned), category="cup")
    assert (cup.n_views, cup.advice) == (3, ())
    for side in (FRONT, LEFT, TOP):
        assert [match.object.name for match in kit.find(look(side)).matches] == ["Cup"]
    assert kit.find(look(HAND)).matches == ()


def test_a_part_of_a_clip_is_named_by_its_times(kit, turned):
    cup = kit.remember("Cup", Clip(turned, start=0.9, end=1.2), category="cup")
    assert cup.n_views == 1
    assert not kit.find(look(TOP)).matches or kit.find(look(LEFT)).matches[0].score > 0.99


def test_frames_of_ones_own_are_a_clip(kit):
    cup = kit.remember("Cup", Clip(timed(TURNED)), category="cup")
    assert cup.n_views == 3


def test_photos_and_clips_can_be_mixed(kit, turned):
    steps = []
    cup = kit.remember(
        "Cup",
        [to_png(look(FRONT)), turned, Reference(look(TOP))],
        category="cup",
        progress=lambda *step: steps.append(step),
    )
    assert cup.n_views == 5
    assert steps[0] == (1, 3)
    looks = kit.pick_views(turned, category="cup").looks
    assert steps[1:] == [(n, looks + 2) for n in range(2, looks + 3)]
    told = [(each.photo, each.kind) for each in cup.advice]
    assert {kind for _, kind in told} == {"duplicate"}
    texts = " ".join(each.text for each in cup.advice)
    assert "s of cup.mp4 adds nothing to photo 1:" in texts
    assert "photo 3 adds nothing to the frame at " in texts


def test_what_was_picked_can_be_looked_at_before_it_is_remembered(kit, turned):
    picked = kit.pick_views(turned, category="cup")
    assert (picked.name, len(picked.frames), kit.objects()) == ("cup.mp4", 3, [])
    assert kit.remember("Cup", picked, category="cup").n_views == 3


def test_crops_are_kept_of_picked_frames_where_crops_are_kept(tmp_path, turned):
    kit = PeKit.open(tmp_path, profile=sides_profile(), keep_crops=True)
    kit.remember("Cup", turned, category="cup")
    crops = [view.crop for view in kit.views("Cup")]
    sizes = {Image.open(io.BytesIO(crop.picture)).size for crop in crops}
    assert len(crops) == 3
    assert all(40 < side < 160 for size in sizes for side in size)


def test_a_clip_is_advised_on_as_a_whole(kit):
    cup = kit.remember("Cup", Clip(timed([FRONT] * 6)), category="cup")
    assert [(each.photo, each.kind) for each in cup.advice] == [(0, "more")]
    assert "turn it around slowly" in cup.advice[0].text
    sides = [look(LEFT), look(TOP), Clip(timed([FRONT] * 6))]
    assert kit.remember("Mug", sides, category="cup").advice == ()


def test_what_is_said_of_a_clip_is_not_said_of_each_of_its_frames(kit):
    frames = [(n * 0.3, look(side, stripe=16, blur=6)) for n, side in enumerate((FRONT, LEFT, TOP))]
    blurred = look(FRONT, stripe=16, blur=6)
    cup = kit.remember("Cup", [Clip(frames), blurred], category="cup")
    assert [(each.photo, each.kind) for each in cup.advice if each.kind == "blurred"] == [
        (0, "blurred"),
        (4, "blurred"),
    ]


# The same again -----------------------------------------------------------------------------


def test_the_same_clip_with_the_same_id_adds_nothing_again(kit, turned):
    kit.remember("Cup", look(FRONT), category="cup")
    given = [view_id_of("a", b"clip"), view_id_of("a", b"photo")]
    for _ in range(2):
        kit.add_views("Cup", [turned, look(LEFT)], view_ids=given)
        assert len(ids(kit)) == 5
    assert set(given) < set(ids(kit))
    with pytest.raises(InvalidInput, match="an id for each of 1 photos and clips, found 2"):
        kit.add_views("Cup", turned, view_ids=given)


def test_repeating_a_request_replaces_the_object(kit, turned):
    for _ in range(2):
        kit.remember("Cup", turned, category="cup", object_id="cup-1")
    assert [obj.n_views for obj in kit.objects()] == [3]


# All or nothing -----------------------------------------------------------------------------


def test_either_everything_gives_views_or_nothing_is_stored(kit, turned, tmp_path):
    nothing = write_clip(tmp_path / "nothing.mp4", [NOTHING] * 3)
    with pytest.raises(NoObjectFound) as caught:
        kit.remember("Cup", [look(FRONT), nothing], category="cup")
    assert str(caught.value).startswith(
        'clip 2 of 2: nothing.mp4: expected a "cup" in the clip, found no object'
    )
    assert str(caught.value).endswith("; nothing was stored")
    with pytest.raises(ImageError, match="photo 2 of 2: ") as caught:
        kit.remember("Cup", [turned, b"no photo"], category="cup")
    assert kit.objects() == []


def test_a_taken_name_is_refused_before_the_clip_is_opened(kit):
    kit.remember("Cup", look(FRONT), category="cup")

    def never():
        raise AssertionError
        yield

    with pytest.raises(ObjectExists):
        kit.remember("cup", Clip(never()), category="cup")


def test_a_clip_takes_no_more_views_than_there_is_room_for(kit, turned):
    kit.remember("Cup", [look(FRONT)] * (MAX_VIEWS - 3), category="cup")
    assert kit.add_views("Cup", [turned, look(TOP)]).n_views == MAX_VIEWS
    with pytest.raises(InvalidInput, match="fewer than 64 photos"):
        kit.add_views("Cup", turned)


def test_where_there_is_room_for_one_view_it_is_the_most_typical_one(kit):
    kit.remember("Cup", [look(LEFT)] * (MAX_VIEWS - 1), category="cup")
    cup = kit.add_views("Cup", Clip(timed([FRONT, LEFT, LEFT, LEFT])))
    assert [(each.photo, each.kind) for each in cup.advice if each.photo] == [(1, "duplicate")]


def test_what_was_picked_is_cut_where_there_is_no_room(kit, turned):
    picked = kit.pick_views(turned, category="cup")
    kit.remember("Cup", [look(FRONT)] * (MAX_VIEWS - 1), category="cup")
    assert kit.add_views("Cup", picked).n_views == MAX_VIEWS


# What is no clip, or no clip of its owner ---------------------------------------------------


def test_a_reference_is_a_photo_and_never_a_clip(kit, turned):
    # What a server is sent comes as references: no decoder of clips is run on it.
    with pytest.raises(ImageError, match="got a video or another media container"):
        kit.remember("Cup", Reference(turned.read_bytes()), category="cup")


def test_an_address_is_opened_only_as_a_clip_and_up_to_an_end(kit):
    with pytest.raises(ImageError, match="URLs are never opened"):
        kit.remember("Cup", "rtsp://camera/1", category="cup")
    with pytest.raises(InvalidInput, match="rtsp://camera: expected an end"):
        kit.remember("Cup", Clip("rtsp://me:secret@camera/1"), category="cup")


def test_bytes_weigh_no_more_than_a_photo_may(tmp_path, turned):
    content = turned.read_bytes()
    limits = ImageLimits(max_bytes=len(content) - 1)
    kit = PeKit.open(tmp_path, profile=sides_profile(), limits=limits)
    with pytest.raises(ImageError, match="expected at most"):
        kit.remember("Cup", content, category="cup")
    assert kit.remember("Cup", Clip(content), category="cup").n_views == 3


def test_a_damaged_clip_is_a_clip_error(kit, turned, tmp_path):
    (tmp_path / "cut.mp4").write_bytes(turned.read_bytes()[:600])
    with pytest.raises(ClipError, match=r"cut\.mp4"):
        kit.remember("Cup", tmp_path / "cut.mp4", category="cup")


def test_without_pyav_a_clip_names_the_extra_and_photos_are_as_ever(kit, turned, monkeypatch):
    for name in [*sys.modules]:
        if name.startswith("pekit_agents.video.") or name == "av":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingDependency, match=r'pip install "pekit-agents\[video\]"'):
        kit.remember("Cup", turned, category="cup")
    assert kit.remember("Cup", look(FRONT), category="cup").n_views == 1
    assert importlib.import_module("pekit_agents.video.clips")


@pytest.mark.parametrize("given", [{"start": -1}, {"start": 2, "end": 2}, {"start": float("nan")}])
def test_times_that_no_clip_has_are_refused(given):
    with pytest.raises(InvalidInput, match="expected a start of at least 0 and an end after it"):
        Clip("cup.mp4", **given)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", False),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", True),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", True),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", False),
        (b"\0\0\0\x1cftypmsf1\0\0\0\0isommsf1hevc", False),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", False),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81", True),
        (b"RIFF\0\0\0\0AVI LIST", True),
        (b"RIFF\0\0\0\0WEBPVP8 ", False),
        (b"GIF89a", False),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", False),
        (b"G" + bytes(187) + b"G", True),
        (b"Good morning" + b" " * 180, False),
    ],
)
def test_a_clip_is_told_from_a_photo_by_its_first_bytes(head, expected, tmp_path):
    (tmp_path / "file").write_bytes(head)
    assert looks_like_a_clip(head) is expected
    assert looks_like_a_clip(tmp_path / "file") is expected


def test_what_is_no_file_is_no_clip(tmp_path):
    for source in (tmp_path, tmp_path / "gone.mp4", "rtsp://camera/1", "\0", look(FRONT), None):
        assert not looks_like_a_clip(source)
