"""Cameras: a server of this computer stands for one, with frames that its test sends."""

from __future__ import annotations

import io
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

pytest.importorskip("av")

from pekit_agents.errors import ClipError
from pekit_agents.video.decoding import describe_clip, frames_of
from pekit_agents.video.limits import VideoLimits


def jpeg(grey):
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (grey,) * 3).save(file, "JPEG")
    return file.getvalue()


@contextmanager
def served(answer):
    """Serve one answer, a function of the request's handler, and yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer(self)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://user:secret@127.0.0.1:{server.server_port}/camera?token=secret"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send_pictures(handler, greys):
    handler.send_response(200)
    handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
    handler.end_headers()
    for grey in greys:
        data = jpeg(grey)
        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
        handler.wfile.write(head.encode() + data + b"\r\n")
        handler.wfile.flush()


def camera_threads():
    return [each for each in threading.enumerate() if each.name == "camera"]


def test_a_camera_gives_its_newest_frame_and_ends_with_the_iterator():
    """It films until nobody listens any more: the last it sends are brighter."""
    gone = threading.Event()

    def film(handler):
        def greys():
            yield from [40] * 30
            while True:
                yield 200

        try:
            send_pictures(handler, greys())
        except OSError:
            gone.set()

    with served(film) as address:
        frames = frames_of(address, every=0.001)
        first = next(frames)
        assert (first.time, first.size_wh) == (0.0, (64, 48))
        times, bright = [0.0], 0
        while bright < 3:
            frame = next(frames)
            times.append(frame.time)
            bright += frame.image.getpixel((5, 5))[0] > 150
        assert times == sorted(set(times))
        assert camera_threads()
        frames.close()
        assert not camera_threads()
        assert gone.wait(20)


def test_a_silent_camera_ends_with_a_clear_error():
    """It sends a few pictures and then nothing; its password is in no message."""
    over = threading.Event()

    def film(handler):
        send_pictures(handler, [40] * 40)
        over.wait(20)

    with served(film) as address:
        with pytest.raises(ClipError, match=r"http://127\.0\.0\.1: .* got none \(silent") as error:
            list(frames_of(address, every=0.01, limits=VideoLimits(patience=0.5)))
        over.set()
    assert "secret" not in str(error.value)
    assert not camera_threads()


def test_a_camera_that_does_not_answer_is_named():
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        address = f"rtsp://user:secret@127.0.0.1:{deaf.getsockname()[1]}/live"
        limits = VideoLimits(patience=0.3)
        with pytest.raises(ClipError, match=r"rtsp://127\.0\.0\.1: .* within 0\.3 seconds") as err:
            next(frames_of(address, limits=limits))
    assert "secret" not in str(err.value)


def test_a_clip_on_a_server_is_read_as_a_clip(film):
    data = film("a.mp4", movflags="faststart").read_bytes()

    def send(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    with served(send) as address:
        assert describe_clip(address).duration == 3.0
        assert [frame.time for frame in frames_of(address, every=1)] == [0.0, 1.0, 2.0]
        assert [frame.time for frame in frames_of(address, every=1, start=2)] == [2.0]


def test_a_playlist_on_a_server_opens_no_file_of_this_computer(film):
    clip = film("own.ts")
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nfile://{clip}\n#EXT-X-ENDLIST\n".encode()

    def send(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/vnd.apple.mpegurl")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    with served(send) as address, pytest.raises(ClipError):
        next(frames_of(address.replace("/camera", "/list.m3u8"), limits=VideoLimits(patience=2)))


@pytest.mark.parametrize("address", ["file:///etc/hosts", "concat://a|b", "ftp://host/clip.mp4"])
def test_other_addresses_are_not_opened(address):
    with pytest.raises(ClipError, match="expected an address that begins with one of rtsp://"):
        next(frames_of(address))


def test_a_path_is_never_an_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from pathlib import Path

    with pytest.raises(ClipError, match="found nothing at that path"):
        next(frames_of(Path("http://127.0.0.1/clip.mp4")))
    with pytest.raises(ClipError, match=r"expected a PyAV that reads cameras|could not be opened"):
        next(frames_of("/dev/video99"))
