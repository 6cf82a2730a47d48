"""What is no clip, or a broken one: refused with a remedy, or read as far as it goes, and said."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

av = pytest.importorskip("av")

from pekit_agents.errors import ClipError  # noqa: E402
from pekit_agents.video import sources  # noqa: E402
from pekit_agents.video.decoding import describe_clip, frames_of, is_clip  # noqa: E402
from pekit_agents.video.limits import VideoLimits  # noqa: E402


def photo(kind):
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "got 0 bytes; was it saved completely"),
        (b"only a text\n" * 50, "something else, or its beginning or end is missing"),
        (photo("JPEG"), "got a photo; search it with find"),
        (photo("PNG"), "got a photo"),
        (photo("WEBP"), "got a photo"),
        (photo("AVIF"), "got a photo"),
        (b"#EXTM3U\n#EXTINF:1,\nclip.ts\n", "got a playlist"),
        (b"ffconcat version 1.0\nfile clip.mp4\n", "got a playlist"),
    ],
)
def test_what_is_no_clip_is_refused(tmp_path, data, message):
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    for source in (path, data, io.BytesIO(data)):
        with pytest.raises(ClipError, match=message):
            next(frames_of(source))
    assert not is_clip(path)


def test_places_without_a_clip_are_told(tmp_path, monkeypatch):
    with pytest.raises(ClipError, match="found nothing at that path"):
        next(frames_of(tmp_path / "clip.mp4"))
    with pytest.raises(ClipError, match="got a folder"):
        next(frames_of(tmp_path))
    with pytest.raises(ClipError, match="open it with mode 'rb'"):
        next(frames_of(io.StringIO("text")))
    with pytest.raises(ClipError, match=r"got <PIL image 9x9>; search a photo with find"):
        frames_of(Image.new("RGB", (9, 9)))
    with pytest.raises(ClipError, match="got int; pass one of these"):
        frames_of(5)
    with pytest.raises(ClipError, match="say nothing of a clip"):
        describe_clip([])


@pytest.mark.parametrize(("cover", "found"), [(False, ""), (True, " and a cover picture")])
def test_sound_alone_and_a_cover_picture_are_no_clip(tmp_path, cover, found):
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=8000)
        if cover:
            front = container.add_stream("mjpeg", rate=1)
            front.width, front.height, front.pix_fmt = 64, 48, "yuvj420p"
            front.disposition = 0x400  # attached_pic
            image = Image.new("RGB", (64, 48), "red")
            container.mux(front.encode(av.VideoFrame.from_image(image)))
            container.mux(front.encode())
        for number in range(10):
            quiet = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
            quiet.sample_rate, quiet.pts = 8000, number * 800
            container.mux(stream.encode(quiet))
        container.mux(stream.encode())
    with pytest.raises(ClipError, match=f"got a file with sound{found} and no video stream"):
        next(frames_of(path))
    assert not is_clip(path)


def test_a_clip_with_sound_gives_its_pictures(film):
    assert len(list(frames_of(film("sound.mp4", sound=True), every=1))) == 3


def test_a_gif_is_a_clip_when_it_moves(film):
    assert is_clip(film("moves.gif", "gif", fmt="rgb8"))
    assert not is_clip(photo("GIF"))


def test_an_encrypted_clip_is_called_so(film):
    key = "00112233445566778899aabbccddeeff"
    path = film("e.mp4", encryption_scheme="cenc-aes-ctr", encryption_key=key, encryption_kid=key)
    with pytest.raises(ClipError, match="got an encrypted one; export it without protection"):
        next(frames_of(path))
    assert not is_clip(path)


@pytest.mark.parametrize("name", ["none.mkv", "none.mp4", "none.avi"])
def test_a_clip_without_frames_is_refused(film, name):
    with pytest.raises(ClipError, match=r"no video stream|could not be opened|got 0 frames"):
        next(frames_of(film(name, "mpeg4", frames=0)))


def test_a_frame_that_would_take_too_much_ram_is_not_decoded(film):
    path = film("c.mp4")
    with pytest.raises(
        ClipError, match=r"at most 0\.0061 megapixels, got 96x64; save a smaller copy"
    ):
        next(frames_of(path, limits=VideoLimits(max_pixels=96 * 64 - 1)))
    assert next(frames_of(path, limits=VideoLimits(max_pixels=96 * 64)))


def read_all(data):
    damage = []
    frames = list(
        frames_of(data, every=0.1, on_damage=lambda why, time: damage.append((why, time)))
    )
    return [frame.time for frame in frames], damage


@pytest.mark.parametrize("name", ["d.mkv", "d.mp4", "d.ts"])
def test_a_broken_middle_is_passed_over_and_reported(film, name):
    """A fifth of the file is zeros: what is before and after comes, with its own times."""
    data = bytearray(film(name, frames=60).read_bytes())
    middle, fifth = len(data) // 2, len(data) // 5
    data[middle : middle + fifth] = bytes(fifth)
    times, damage = read_all(bytes(data))
    assert times[:20] == [round(i / 10, 6) for i in range(20)]
    assert times[-1] == 5.9
    assert len(times) < 55
    assert all(2 < time < 5 for _, time in damage)
    assert damage


@pytest.mark.parametrize(("name", "options"), [("t.mkv", {}), ("t.mp4", {"movflags": "faststart"})])
def test_a_clip_that_was_cut_says_where_it_ends(film, name, options):
    data = film(name, frames=60, **options).read_bytes()
    times, damage = read_all(data[: len(data) // 2])
    assert times[:20] == [round(i / 10, 6) for i in range(20)]
    assert damage[-1] == ("it ends there, and its header says 6.0 s", times[-1])
    assert 2 < times[-1] < 4


def test_a_whole_clip_reports_no_damage(film):
    assert read_all(film("whole.mp4", frames=30).read_bytes())[1] == []


def test_a_cut_mp4_without_its_index_is_refused(film):
    data = film("t.mp4").read_bytes()
    with pytest.raises(ClipError, match="its beginning or end is missing"):
        next(frames_of(data[: len(data) // 2]))


def test_no_file_that_a_file_names_is_opened(film, monkeypatch):
    """Even past the first look, which knows them by how they begin."""
    clip = film("real.ts")
    monkeypatch.setattr(sources, "why_no_clip", lambda head: "")
    for text in (f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{clip}\n#EXT-X-ENDLIST\n",
                 f"ffconcat version 1.0\nfile {clip}\n"):  # fmt: skip
        playlist = clip.with_name("list.mp4")
        playlist.write_text(text)
        with pytest.raises(ClipError, match="could not be opened"):
            next(frames_of(playlist))


def test_a_pattern_in_a_name_is_a_name(film, tmp_path):
    (tmp_path / "frame001.png").write_bytes(photo("PNG"))
    with pytest.raises(ClipError, match="found nothing"):
        next(frames_of(tmp_path / "frame%03d.png"))
    path = film("c.mp4").rename(tmp_path / "50%03d.mp4")
    assert next(frames_of(path)).time == 0


def test_without_pyav_the_line_to_type_is_named():
    code = (
        "import sys; sys.modules['av'] = None\n"
        "try:\n    import pekit_agents.video.decoding\n"
        "except ImportError as error:\n    print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "pekit-agents[video]"' in said.stdout


def test_pixels_that_cannot_be_converted_are_named(film, monkeypatch):
    def refuse(*_, **__):
        raise av.error.ArgumentError(22, "Invalid argument")

    monkeypatch.setattr("pekit_agents.video.colours.FrameConverter.frame", refuse)
    with pytest.raises(ClipError, match="pixels of a usual kind, got yuv420p at 0 s"):
        next(frames_of(film("p.mp4")))
