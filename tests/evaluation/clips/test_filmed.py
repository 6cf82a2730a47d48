"""Segments of This-Is-My as clips: tiny ones in its layout, made by PyAV."""

from __future__ import annotations

import json

import pytest

from pekit_agents import PeKit
from pekit_agents.evaluation.clips.measuring import introduce, measure, searched_frame_by_frame
from pekit_agents.testing import fake_profile, solid_scene

av = pytest.importorskip("av")
pytest.importorskip("pekit_agents.video.decoding")

from pekit_agents.evaluation.clips.filmed import FILMED, filmed_clips  # noqa: E402

ROWS = (
    "segment_id,is_anchor,instance_name,video_id,channel_id,start_time,end_time,query",
    "hat-anchor,True,Alex's hat,vidA,chan,0.0,1.0,hat",
    "bag-anchor,True,Alex's bag,vidB,chan,0.0,1.0,bag",
    "hat-eval,False,,vidC,chan,0.5,1.5,",
    "both-eval,False,,vidD,chan,1.0,2.0,",
    "lost-eval,False,,vidE,chan,1.0,2.0,",
)
LISTS = {"hat-anchor": ["hat-eval", "both-eval", "lost-eval"], "bag-anchor": ["both-eval"]}
LEFT, RIGHT = (10, 20, 60, 70), (90, 20, 140, 70)


def film(path, *patches):
    """Write a video of ten frames a second: what each second shows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for shown in patches:
            for _ in range(10):
                frame = av.VideoFrame.from_image(solid_scene(shown))
                container.mux(stream.encode(frame))
        container.mux(stream.encode())


@pytest.fixture
def videos(tmp_path):
    """The hat is red and the bag is blue; of the second evaluation segment only the video is
    there, which shows them from 1 to 2 s, and something green before."""
    folder = tmp_path / "videos" / "this-is-my-dataset"
    folder.mkdir(parents=True)
    (folder / "segments.csv").write_text("\n".join(ROWS) + "\n")
    (folder / "this-is-my_test-set.json").write_text(json.dumps(LISTS))
    root = tmp_path / "videos"
    film(root / "train_segment/hat-anchor.mp4", {"red": LEFT})
    film(root / "train_segment/bag-anchor.mp4", {"blue": LEFT})
    film(root / "eval_segment/hat-eval.mp4", {"red": RIGHT, "blue": LEFT})
    film(root / "eval_video/vidD_title.mp4", {"green": LEFT}, {"red": LEFT})
    return root


def test_a_segment_shows_its_things_as_a_whole_at_no_known_place(videos, tmp_path):
    things, clips = filmed_clips(videos, tmp_path / "out", references=2)
    assert [(thing.name, len(thing.references)) for thing in things] == [
        ("Alex's hat", 2),
        ("Alex's bag", 2),
    ]
    own, cut = clips
    assert (own.truth.name, own.truth.group, own.truth.composed) == ("hat-eval", FILMED, False)
    assert (own.start, own.end) == (0.0, None)
    assert own.truth.seconds == pytest.approx(1.0, abs=0.11)
    assert [(each.thing, each.boxes) for each in own.truth.appearances] == [("Alex's hat", ())]
    assert (cut.source.name, cut.start, cut.end) == ("vidD_title.mp4", 1.0, 2.0)
    assert [(each.thing, each.start, each.end) for each in cut.truth.appearances] == [
        ("Alex's bag", 1.0, 2.0),
        ("Alex's hat", 1.0, 2.0),
    ]


def test_found_and_right_are_counted_by_segment(videos, tmp_path):
    things, clips = filmed_clips(videos, tmp_path / "out", references=2)
    profile = fake_profile()
    kit = PeKit.open(tmp_path / "memory", profile=profile)
    introduce(kit, things)
    (measured,) = measure(clips, kit, profile, {"one": searched_frame_by_frame})
    own, cut = measured.scores["hat-eval"], measured.scores["both-eval"]
    # The first shows a bag too, which no list names; the second shows no bag.
    assert (own.appearances, own.found, own.right, own.wrong) == (1, 1, 1, 1)
    assert (cut.appearances, cut.found, cut.right, cut.wrong) == (2, 1, 1, 0)
