"""Clips in a library: stored once, and found with the times at which a thing is in them."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pekit_agents.retrievers.documents import of_photos
from pekit_agents.retrievers.photo_library import FoundClip, PhotoLibrary, table
from pekit_agents.retrievers.photo_library import library as library_module
from pekit_agents.retrievers.photo_library.clips import looks_in
from pekit_agents.retrievers.photo_library.table import photo_schema
from pekit_agents.testing import fake_profile, solid_scene
from pekit_agents.types import Box
from pekit_agents.video.clips import Clip
from pekit_agents.video.frames import Frame
from tests.video.moving_things import film as frames_of_scenes
from tests.video.moving_things import ground, scene

av = pytest.importorskip("av")

RATE = 5
#: The cup stands there from 1.0 to 3.8 s, the ball from 2.6 to 5.0 s.
SCENES = [
    scene(
        ({"red": (30 + n, 90)} if 5 <= n <= 19 else {})
        | ({"blue": (200 - n, 60)} if 13 <= n <= 25 else {})
    )
    for n in range(32)
]


def write(path: Any, scenes: Any) -> Any:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "10"})
        stream.width, stream.height = scenes[0].size
        stream.pix_fmt = "yuv444p"
        for picture in scenes:
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: Any) -> Any:
    return write(tmp_path_factory.mktemp("clips") / "table.mp4", SCENES)


@pytest.fixture
def library(tmp_path: Any) -> PhotoLibrary:
    library = PhotoLibrary.open(tmp_path / "memory", profile=fake_profile())
    for name, colour in (("Cup", "red"), ("Ball", "blue"), ("Hat", "green")):
        library.kit.remember(name, solid_scene({colour: (20, 20, 120, 100)}), category="thing")
    return library


def test_a_clip_is_found_with_the_times_of_what_it_shows(library: PhotoLibrary, clip: Any) -> None:
    assert library.index([("table", clip)]).indexed == 1
    (found,) = library.search(["Cup"])
    assert isinstance(found, FoundClip)
    assert (found.photo_id, found.kind, found.size_wh) == ("table", "clip", (320, 240))
    (cup,) = found.times
    (span,) = cup.spans
    assert span[0] == pytest.approx(1.0, abs=0.6)
    assert span[1] == pytest.approx(4.0, abs=0.6)
    number = round(cup.time * RATE)
    assert cup.match.box.xyxy == pytest.approx((30 + number, 90, 90 + number, 150), abs=3)
    assert found.matches == (cup.match,)


def test_both_are_in_a_clip_and_when_they_are_together(library: PhotoLibrary, clip: Any) -> None:
    library.index([("table", clip)])
    (found,) = library.search_text("clips with the Cup and the Ball")
    assert isinstance(found, FoundClip)
    assert {each.match.object.name for each in found.times} == {"Cup", "Ball"}
    ((start, end),) = found.together
    assert start == pytest.approx(2.6, abs=0.6)
    assert end == pytest.approx(4.0, abs=0.6)
    assert library.search(["Cup", "Hat"]) == []
    assert library.search_text("the Cup without the Ball") == []


def test_things_need_not_be_in_a_clip_at_the_same_time(
    library: PhotoLibrary, tmp_path: Any
) -> None:
    red, blue = (scene({colour: (60, 90)}, ground(n)) for n, colour in enumerate(("red", "blue")))
    clip = write(tmp_path / "two.mp4", [red] * 8 + [ground(5)] * 8 + [blue] * 8)
    library.index([("two", clip)])
    (found,) = library.search(["Cup", "Ball"])
    assert isinstance(found, FoundClip)
    assert found.together == ()
    assert library.search_text("the Cup without the Ball") == []


def test_what_is_remembered_later_is_found_in_clips_from_before(
    library: PhotoLibrary, clip: Any
) -> None:
    library.kit.forget("Cup")
    library.index([("table", clip)])
    library.kit.remember("Mug", solid_scene({"red": (20, 20, 120, 100)}), category="mug")
    assert [each.photo_id for each in library.search(["Mug"])] == ["table"]


def test_photos_and_clips_come_in_one_list(library: PhotoLibrary, clip: Any) -> None:
    library.index([("photo", solid_scene({"red": (20, 20, 120, 100)})), ("table", clip)])
    found = library.search(["Cup"])
    assert sorted(each.kind for each in found) == ["clip", "photo"]
    documents = of_photos(found)
    times = {each.metadata["photo_id"]: each.metadata.get("times") for each in documents}
    assert times["photo"] is None
    assert str(times["table"]).startswith('"Cup" is in sight 0:0')
    assert all("Cup" in each.text for each in documents)
    json.dumps([each.to_dict() for each in found])


def test_a_clip_is_encoded_once(library: PhotoLibrary, clip: Any, tmp_path: Any) -> None:
    pairs: list[tuple[str, Any]] = [("table", clip)]
    assert library.index(pairs).indexed == 1
    assert library.index(pairs).skipped == 1
    assert library.index([("table", Clip(clip, end=2.0))]).indexed == 1
    assert library.search(["Ball"]) == []
    changed = write(tmp_path / "other.mp4", SCENES[:10])
    assert library.index([("table", changed)]).indexed == 1


def test_a_broken_clip_is_left_out_and_the_rest_goes_on(
    library: PhotoLibrary, clip: Any, tmp_path: Any
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip.read_bytes()[:300])
    report = library.index([("broken", broken), ("table", clip)])
    assert report.indexed == 1
    ((name, reason),) = report.failed
    assert name == "broken"
    assert "clip" in reason


def test_a_camera_is_no_clip_for_a_library(library: PhotoLibrary) -> None:
    report = library.index([("door", Clip("rtsp://127.0.0.1:9/door", end=5))])
    assert "record what a camera shows" in report.failed[0][1]


def test_a_forgotten_clip_is_gone(library: PhotoLibrary, clip: Any) -> None:
    library.index([("table", clip)])
    library.forget_photo("table")
    assert (library.photo_ids(), library.search(["Cup"])) == ([], [])


# How much is stored --------------------------------------------------------------------------


def regions(image: Any) -> tuple[list[Box], Any]:
    """Propose one region, whose look is the mean colour of the picture."""
    mean = np.asarray(image, np.float32).mean(axis=(0, 1)) - 120
    return [Box(0, 0, *image.size)], (mean / np.linalg.norm(mean))[None].astype(np.float32)


def test_what_looks_the_same_is_stored_once() -> None:
    same = [scene({"red": (20 + 6 * n, 90)}) for n in range(30)]
    boxes, vectors, looks = looks_in(frames_of_scenes(same), regions)
    assert (len(boxes), len(vectors), len(looks.times)) == (10, 1, 10)
    assert looks.seen.tolist() == [[n, 0] for n in range(10)]
    assert all(before[2] == after[1] for before, after in pairwise(looks.times.tolist()))


def test_a_long_clip_takes_no_more_than_its_bound() -> None:
    def long() -> Any:
        for n in range(600):
            yield Frame(0.6 * n, scene({"red": (20 + 6 * (n % 20), 90)}), (320, 240))

    boxes, _, looks = looks_in(long(), regions, most=20)
    assert 10 <= len(looks.times) <= 20
    assert len(boxes) == len(looks.times)
    assert looks.times[-1, 2] == pytest.approx(0.6 * 599)


# Libraries from before there were clips ------------------------------------------------------


def test_a_library_of_photos_alone_is_read_and_takes_clips(
    tmp_path: Any, clip: Any, monkeypatch: Any
) -> None:
    def before(encoder_id: str, dim: int) -> Any:
        now = photo_schema(encoder_id, dim)
        names = [field for field in now if not field.nullable]
        told = {**now.metadata, b"pekit.schema": b"photos-1"}
        del told[b"pekit.before"]
        return pa.schema(names, metadata=told)

    with monkeypatch.context() as patched:
        patched.setattr(library_module, "photo_schema", before)
        patched.setattr(library_module, "to_rows", _old_rows)
        old = PhotoLibrary.open(tmp_path / "memory", profile=fake_profile())
        old.kit.remember("Cup", solid_scene({"red": (20, 20, 120, 100)}), category="cup")
        old.index([("photo", solid_scene({"red": (20, 20, 120, 100)}))])
    library = PhotoLibrary.open(tmp_path / "memory", profile=fake_profile())
    assert [each.photo_id for each in library.search(["Cup"])] == ["photo"]
    assert library.index([("table", clip)]).indexed == 1
    assert {each.photo_id for each in library.search(["Cup"])} == {"photo", "table"}
    assert library.photo_ids() == ["photo", "table"]


def _old_rows(photos: Any, schema: Any) -> Any:
    wide = photo_schema("colour@1", 4)
    return table.to_rows(photos, wide).select(schema.names).cast(schema)
