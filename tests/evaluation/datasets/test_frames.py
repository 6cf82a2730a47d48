"""Frames of videos: which ones are taken is told by a counter that is drawn into each frame."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.datasets import load_dataset

av = pytest.importorskip("av")

from pekit_agents.evaluation.datasets.frames import (  # noqa: E402
    sample_frames,
    sharpness,
)
from pekit_agents.evaluation.datasets.segments import Segment, read_segments  # noqa: E402
from pekit_agents.video.upright import upright_frame  # noqa: E402

STEP = 8  # grey levels from one frame's counter to the next
HEADER = "segment_id,is_anchor,instance_name,video_id,channel_id,start_time,end_time,query"
ROWS = (
    "hat-anchor,True,Alex's hat,vidA,chan,1.0,2.0,hat",
    "bag-anchor,True,Alex's bag,vidA,chan,3.0,4.0,bag",
    "hat-train,False,,vidA,chan,5.0,6.0,",
    "hat-eval,False,,vidB,chan,0.5,1.5,",
    "both-eval,False,,vidB,chan,2.0,2.5,",
    "other,False,,vidB,chan,9.0,9.5,",
    "unlisted,True,Alex's dog,vidC,chan,1.0,2.0,dog",
)
LISTS = {"hat-anchor": ["hat-train", "hat-eval", "both-eval"], "bag-anchor": ["both-eval"]}


def film(path, frames, sharp=(), fps=10):
    """Write a video of 64 x 48 whose left half counts its frames, and whose right half is
    a chequered pattern in the sharp frames and plain in the others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    chequers = np.kron(np.indices((6, 4)).sum(axis=0) % 2, np.ones((8, 8))) * 255
    with av.open(str(path), "w") as container:
        # No key frame but every twelfth, where a seek lands.
        stream = container.add_stream("mpeg4", rate=fps, options={"sc_threshold": "1000000000"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.bit_rate, stream.gop_size = 4_000_000, 12
        for number in range(frames):
            grey = np.full((48, 64), number * STEP, np.uint8)
            grey[:, 32:] = chequers if number in sharp else 128
            picture = Image.fromarray(grey).convert("RGB")
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())


def counted(path):
    """Return the number that a frame carries."""
    with Image.open(path) as picture:
        return round(np.asarray(picture.convert("L"))[4:-4, 4:28].mean() / STEP)


def annotate(root, rows=ROWS, lists=LISTS, header=HEADER):
    folder = root / "this-is-my-dataset"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "segments.csv").write_text("\n".join([header, *rows]) + "\n", "utf-8")
    (folder / "this-is-my_test-set.json").write_text(json.dumps(lists), "utf-8")


@pytest.fixture
def videos(tmp_path):
    root = tmp_path / "videos"
    annotate(root)
    film(root / "train_segment/hat-anchor.mp4", 10, sharp=(3, 8))
    film(root / "train_segment/hat-train.mp4", 10, sharp=(6,))
    film(root / "train_segment/bag-anchor.mp4", 4, sharp=(1,))
    film(root / "eval_segment/hat-eval.mp4", 25)
    film(root / "eval_segment/both-eval.mp4", 10)
    return root


def test_a_segment_trains_when_its_video_is_one_of_an_anchor(videos):
    things, segments = read_segments(videos)
    assert things == {"Alex's hat": "hat", "Alex's bag": "bag"}
    assert segments == [
        Segment("hat-anchor", "vidA", 1.0, 2.0, ("Alex's hat",), True),
        Segment("hat-train", "vidA", 5.0, 6.0, ("Alex's hat",), True),
        Segment("hat-eval", "vidB", 0.5, 1.5, ("Alex's hat",), False),
        Segment("both-eval", "vidB", 2.0, 2.5, ("Alex's bag", "Alex's hat"), False),
        Segment("bag-anchor", "vidA", 3.0, 4.0, ("Alex's bag",), True),
    ]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"lists": {}}, "no anchor with segments"),
        ({"lists": {"hat-anchor": ["nowhere"]}}, "1 segment without a row"),
        ({"lists": []}, "expected anchor -> segments"),
        ({"header": HEADER.replace("start_time", "begin")}, r"\['start_time'\] missing"),
        ({"rows": [ROWS[0].replace("1.0", "soon")], "lists": {"hat-anchor": []}}, "soon"),
    ],
)
def test_annotations_that_are_not_as_published_are_refused(tmp_path, changed, message):
    annotate(tmp_path, **changed)
    with pytest.raises(InvalidInput, match=message):
        read_segments(tmp_path)


def test_missing_annotations_say_where_to_get_them(tmp_path):
    with pytest.raises(InvalidInput, match=r"segments\.csv.*github\.com/danielchyeh/this-is-my"):
        read_segments(tmp_path)


def test_the_sharpest_frame_of_each_part_introduces_a_thing(videos, tmp_path):
    """The hat's 20 training frames make two parts of ten: 3 and 8 are sharp in the first, and 6
    in the second. With four parts of five, 3 and 8 come apart, and the part without a sharp
    frame gives some frame of its own."""
    two = sample_frames(videos, tmp_path / "two", references=2).dataset
    hat, bag = two.things
    assert (hat.name, hat.category) == ("Alex's hat", "hat")
    assert counted(hat.references[0]) in (3, 8)
    assert [counted(path) for path in hat.references[1:]] == [6]
    assert [path.name[:9] for path in hat.references] == ["hat-ancho", "hat-train"]
    assert counted(bag.references[0]) == 1

    four = sample_frames(videos, tmp_path / "four", references=4).dataset
    numbers = [counted(path) for path in four.things[0].references]
    assert (numbers[0], numbers[1], numbers[3]) == (3, 8, 6)
    assert numbers[2] in range(5)
    assert len(four.things[1].references) == 4  # as many as its video has


def test_every_tenth_frame_of_an_evaluation_segment_is_searched(videos, tmp_path):
    frames = sample_frames(videos, tmp_path / "out").dataset
    taken = [(path.parent.name, counted(path)) for path in (p.path for p in frames.photos)]
    assert taken == [("hat-eval", 0), ("hat-eval", 10), ("hat-eval", 20), ("both-eval", 0)]
    assert [photo.path.stem for photo in frames.photos] == ["000000", "000010", "000020", "000000"]
    assert frames.photos[0].shows == {"Alex's hat"}
    assert frames.photos[3].shows == {"Alex's hat", "Alex's bag"}


def test_what_was_sampled_loads_as_a_data_set(videos, tmp_path):
    sampled = sample_frames(videos, tmp_path / "out")
    assert sampled.skipped == {}
    assert load_dataset(tmp_path / "out") == sampled.dataset


def test_segments_are_cut_from_whole_videos_where_they_have_no_file(videos, tmp_path):
    """hat-eval lies from 0.5 to 1.5 seconds of its video: frames 5 to 14 of ten a second."""
    (videos / "eval_segment/hat-eval.mp4").unlink()
    film(videos / "eval_video/vidB_Some title [1].mp4", 30)
    frames = sample_frames(videos, tmp_path / "out", every=4).dataset
    cut = [counted(photo.path) for photo in frames.photos if photo.path.parent.name == "hat-eval"]
    assert cut == [5, 9, 13]


def test_a_cut_late_in_a_video_begins_at_its_time(videos, tmp_path):
    """both-eval lies from 2.0 to 2.5 seconds: seeking comes before it, and frames are dropped."""
    (videos / "eval_segment/both-eval.mp4").unlink()
    film(videos / "eval_video/vidB_x.mp4", 30)
    frames = sample_frames(videos, tmp_path / "out", every=2).dataset
    cut = [counted(photo.path) for photo in frames.photos if photo.path.parent.name == "both-eval"]
    assert cut == [20, 22, 24]


def test_a_video_that_is_missing_or_broken_is_named_and_skipped(videos, tmp_path):
    (videos / "eval_segment/both-eval.mp4").unlink()
    (videos / "eval_segment/hat-eval.mp4").write_bytes(b"no video")
    film(videos / "eval_video/vidC_x.mp4", 3)
    with pytest.raises(InvalidInput, match="at least one evaluation segment") as error:
        sample_frames(videos, tmp_path / "none")
    assert "hat-eval.mp4: cannot be decoded after 0 frames" in str(error.value)
    assert "both-eval.mp4: missing, and no eval_video/vidB_*.mp4" in str(error.value)

    film(videos / "eval_segment/both-eval.mp4", 3)
    (videos / "train_segment/bag-anchor.mp4").unlink()
    sampled = sample_frames(videos, tmp_path / "some")
    assert set(sampled.skipped) == {"hat-eval", "bag-anchor"}
    assert [thing.name for thing in sampled.dataset.things] == ["Alex's hat"]
    manifest = json.loads((tmp_path / "some/dataset.json").read_text("utf-8"))
    assert set(manifest["made"]["skipped"]) == {"hat-eval", "bag-anchor"}


def test_a_stopped_call_goes_on_where_it_was(videos, tmp_path):
    class Stopped(Exception):
        pass

    def stop_at_three(done, total):
        if done == 3:
            raise Stopped

    out = tmp_path / "out"
    with pytest.raises(Stopped):
        sample_frames(videos, out, progress=stop_at_three)
    assert sorted(path.name for path in out.glob("*/*")) == [
        "Alex%27s bag",
        "Alex%27s hat",
        "hat-eval",
    ]
    first = {path: path.stat().st_mtime_ns for path in out.rglob("*.jpg")}
    done = []
    resumed = sample_frames(videos, out, progress=lambda *now: done.append(now)).dataset
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert all(path.stat().st_mtime_ns == at for path, at in first.items())
    fresh = sample_frames(videos, tmp_path / "fresh").dataset
    assert [photo.path.name for photo in resumed.photos] == [p.path.name for p in fresh.photos]


def test_frames_of_other_settings_and_other_files_are_not_mixed(videos, tmp_path):
    sample_frames(videos, tmp_path / "out")
    with pytest.raises(InvalidInput, match=r"expected frames taken with .*'every': 5"):
        sample_frames(videos, tmp_path / "out", every=5)
    with pytest.raises(InvalidInput, match="expected an empty folder"):
        sample_frames(videos, videos)
    with pytest.raises(InvalidInput, match="found 0 and 10"):
        sample_frames(videos, tmp_path / "zero", references=0)


def test_sharpness_is_the_variance_of_the_laplacian():
    """One white pixel in 5 x 5: the inner 3 x 3 Laplacian is -4 in the middle, 1 beside it and 0
    in the corners; mean 0, mean square (16 + 4) / 9."""
    dot = np.zeros((5, 5))
    dot[2, 2] = 1
    assert sharpness(dot) == pytest.approx(20 / 9)
    assert sharpness(np.full((5, 5), 200, np.uint8)) == 0
    assert sharpness(np.tile(np.arange(5), (5, 1))) == 0  # an even slope is not sharp


def test_without_pyav_the_line_to_type_is_named():
    code = (
        "import sys; sys.modules['av'] = None\n"
        "try:\n    import pekit_agents.evaluation.datasets.frames\n"
        "except ImportError as error:\n    print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "pekit-agents[eval]"' in said.stdout


def test_the_command_takes_the_same_frames_and_names_what_it_left_out(videos, tmp_path):
    from typer.testing import CliRunner

    from pekit_agents.cli import app

    (videos / "eval_segment/hat-eval.mp4").write_bytes(b"no video")
    out = tmp_path / "frames"
    arguments = ["eval", "frames", str(videos), str(out), "--references", "2", "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["things"] == 2
    assert any("hat-eval" in segment for segment in report["skipped"])
    dataset = load_dataset(out)
    assert len(dataset.photos) == report["photos"] == 1  # the first frame of both-eval
    assert [len(thing.references) for thing in dataset.things] == [2, 2]


CORNERS = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


def clip_of_corners(path, turn=None, pixel=None):
    """Write a video of 64 x 48: red and lime above, blue and white below, as it is coded."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coded = Image.new("RGB", (64, 48))
    for index, colour in enumerate(CORNERS.values()):
        x, y = 32 * (index % 2), 24 * (index // 2)
        coded.paste(colour, (x, y, x + 32, y + 24))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.bit_rate = 4_000_000
        if pixel is not None:
            stream.codec_context.sample_aspect_ratio = pixel
        if turn is not None:
            if not hasattr(stream, "set_display_rotation"):
                pytest.skip("this PyAV cannot write which way up a video is")
            stream.set_display_rotation(*turn)
        for _ in range(2):
            container.mux(stream.encode(av.VideoFrame.from_image(coded)))
        container.mux(stream.encode())


def corners(path):
    """Return the size of a frame and the colours of its corners, row by row."""
    with Image.open(path) as picture:
        width, height = picture.size
        seen = []
        for x, y in ((8, 8), (width - 8, 8), (8, height - 8), (width - 8, height - 8)):
            pixel = np.asarray(picture.getpixel((x, y)))
            seen.append(min(CORNERS, key=lambda name: abs(pixel - CORNERS[name]).sum()))
    return (width, height), " ".join(seen)


@pytest.mark.parametrize(
    ("turn", "pixel", "size", "seen"),
    [
        (None, None, (64, 48), "red lime blue white"),
        ((90,), None, (48, 64), "lime white red blue"),  # counter-clockwise
        ((-90,), None, (48, 64), "blue red white lime"),  # a phone held upright
        ((180,), None, (64, 48), "white blue lime red"),
        ((0, True), None, (64, 48), "lime red white blue"),
        ((0, False, True), None, (64, 48), "blue white red lime"),
        ((90, True), None, (48, 64), "white lime blue red"),
        ((-90, True), None, (48, 64), "red blue lime white"),
        ((1,), None, (64, 48), "red lime blue white"),
        (None, Fraction(4, 3), (85, 48), "red lime blue white"),
        (None, Fraction(1, 2), (64, 96), "red lime blue white"),
        ((-90,), Fraction(4, 3), (48, 85), "blue red white lime"),
    ],
)
def test_frames_are_upright_and_their_pixels_square(tmp_path, turn, pixel, size, seen):
    root = tmp_path / "videos"
    annotate(root)
    film(root / "train_segment/hat-anchor.mp4", 2)
    clip_of_corners(root / "eval_segment/hat-eval.mp4", turn, pixel)
    photo, *_ = sample_frames(root, tmp_path / "out").dataset.photos
    assert corners(photo.path) == (size, seen)


def test_a_pixel_that_no_camera_has_is_taken_for_a_square():
    picture = Image.new("RGB", (8, 6))
    assert upright_frame(picture, 65_535.0).size == upright_frame(picture, 1 / 9).size == (8, 6)
